"""Whatever an endpoint does becomes a reply, or plain words."""

import asyncio
import json
import time

import pytest

from personas.services.asking import LONGEST_REPLY, Endpoint, ask
from tests.llm_server import KEY, MODEL, completion, llm_server

CHAT = [
    {"role": "system", "content": "You are Ada."},
    {"role": "user", "content": "Hello {0} {{x}} <|endoftext|>"},
]
CONFIG = {
    "temperature": 0.3,
    "max_tokens": 77,
    "top_p": 0.9,
    "frequency_penalty": -0.5,
    "extra": {},
}


@pytest.fixture
def llm():
    with llm_server() as server:
        yield server


def put(llm, *, seconds=5.0, api_key=KEY, **config):
    endpoint = Endpoint(base_url=llm.url, model=MODEL, seconds=seconds, api_key=api_key)
    return asyncio.run(ask(CHAT, config=CONFIG | config, endpoint=endpoint))


def test_the_exact_chat_and_settings_are_sent(llm):
    answer = put(llm)

    (call,) = llm.asked
    assert call.path == "/v1/chat/completions"
    assert call.headers["authorization"] == f"Bearer {KEY}"
    assert call.body == {
        "model": MODEL,
        "messages": CHAT,
        "temperature": 0.3,
        "max_tokens": 77,
        "top_p": 0.9,
        "frequency_penalty": -0.5,
    }
    assert answer.text == "You said: Hello {0} {{x}} <|endoftext|>"
    assert (answer.outcome, answer.problem, answer.tokens) == ("answered", "", 7)
    assert 0 < answer.seconds < 5


def test_extra_settings_are_passed_on_except_those_that_decide_the_call(llm):
    extra = {
        "min_p": 0.05,
        "nested": {"a": [1, None]},
        "model": "another",
        "messages": [],
        "stream": True,
        "temperature": 2,
    }

    answer = put(llm, extra=extra)

    body = llm.asked[0].body
    assert body["min_p"] == 0.05
    assert body["nested"] == {"a": [1, None]}
    assert body["model"] == MODEL
    assert body["messages"] == CHAT
    assert body["temperature"] == 0.3
    assert "stream" not in body
    assert answer.text


def test_the_newer_name_of_the_longest_reply_stands_alone(llm):
    put(llm, extra={"max_completion_tokens": 9})

    assert llm.asked[0].body["max_completion_tokens"] == 9
    assert "max_tokens" not in llm.asked[0].body


def test_without_a_key_the_call_goes_out(llm):
    assert put(llm, api_key="").text


ERRORS = [
    (401, {"error": {"message": f"Incorrect key {KEY}"}}, "wrong_key", "LLM_API_KEY"),
    (403, {"error": {"message": "no"}}, "wrong_key", "not allowed"),
    (404, {"error": {"message": "no"}}, "unknown_model", MODEL),
    (429, {"error": {"message": "slow down"}}, "too_many", "enough for now"),
    (400, {"error": {"message": f"Bad\nthing {KEY}."}}, "refused", "Bad thing …."),
    (400, {"error": "as text"}, "refused", "as text"),
    (422, {"message": "at the top"}, "refused", "at the top"),
    (400, {"error": {"message": {"not": "text"}}}, "refused", "status 400"),
    (400, [1, 2], "refused", "status 400"),
    (413, b"<html>too large</html>", "refused", "too large"),
    (500, {"error": {"message": "boom"}}, "failed", "status 500"),
    (503, b"", "failed", "status 503"),
]


@pytest.mark.parametrize(("status", "body", "outcome", "words"), ERRORS)
def test_refusals_are_told_in_words_and_without_the_key(
    llm, status, body, outcome, words
):
    llm.behave = lambda exchange: exchange.send(status, body)

    answer = put(llm)

    assert answer.outcome == outcome
    assert words in answer.problem
    assert KEY not in answer.problem
    assert answer.text == ""
    assert len(llm.asked) == 1


def test_long_refusals_are_shortened(llm):
    llm.behave = lambda exchange: exchange.send(400, {"message": "x" * 5000})

    assert len(put(llm).problem) < 400


def test_a_redirect_is_not_followed(llm):
    with llm_server() as elsewhere:
        llm.behave = lambda exchange: exchange.send(
            307, b"", Location=f"{elsewhere.url}/chat/completions"
        )

        answer = put(llm)

        assert elsewhere.asked == []
    assert answer.outcome == "refused"
    assert "not followed" in answer.problem


GARBAGE = [
    b"",
    b"not json",
    b"[]",
    b"null",
    b"{}",
    b'{"choices": []}',
    b'{"choices": null}',
    b'{"choices": [{}]}',
    b'{"choices": [{"message": "text"}]}',
    b'{"error": {"message": "with status 200"}}',
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'data: {"choices": []}\n\n',
]


@pytest.mark.parametrize("body", GARBAGE)
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
def test_garbage_is_called_unreadable(llm, body, kind):
    llm.behave = lambda exchange: exchange.send(200, body, kind=kind)

    answer = put(llm)

    assert answer.outcome == "unreadable"
    assert "not a chat completion" in answer.problem


NO_TEXT = [
    (completion(None), "without any text"),
    (completion(" \n"), "without any text"),
    (completion({"not": "text"}), "without any text"),
    (completion([{"type": "image"}, 3]), "without any text"),
    (completion(None, refusal="I will not."), "I will not."),
    (completion("", finish_reason="length"), "Longest reply"),
    (completion(None, finish_reason="content_filter"), "filter"),
    (completion(None, finish_reason="tool_calls", tool_calls=[]), "tool"),
]


@pytest.mark.parametrize(("body", "words"), NO_TEXT)
def test_an_answer_without_text_says_why(llm, body, words):
    llm.behave = lambda exchange: exchange.send(200, body)

    answer = put(llm)

    assert answer.outcome == "no_text"
    assert words in answer.problem


def test_text_in_parts_is_joined(llm):
    parts = [{"type": "text", "text": "One "}, {"type": "text", "text": "two"}]
    llm.behave = lambda exchange: exchange.send(200, completion(parts))

    assert put(llm).text == "One two"


def test_text_is_read_whatever_the_answer_calls_itself(llm):
    body = json.dumps(completion("Hi")).encode()
    llm.behave = lambda exchange: exchange.send(200, body, kind="text/plain")

    assert put(llm).text == "Hi"


@pytest.mark.parametrize("usage", [None, [], {"completion_tokens": "many"}, {}])
def test_odd_usage_costs_no_reply(llm, usage):
    llm.behave = lambda exchange: exchange.send(
        200, completion("Hi") | {"usage": usage}
    )

    answer = put(llm)

    assert (answer.text, answer.tokens) == ("Hi", None)


def test_a_reply_cut_off_by_its_limit_says_so(llm):
    llm.behave = lambda exchange: exchange.send(
        200, completion("Once upon", finish_reason="length")
    )

    assert "Cut off" in put(llm).remarks[0]


def test_endless_replies_are_cut(llm):
    llm.behave = lambda exchange: exchange.send(200, completion("word " * 20_000))

    answer = put(llm)

    assert len(answer.text) == LONGEST_REPLY
    assert "Only the first" in answer.remarks[0]


def test_more_than_a_reply_can_be_is_not_read_on(llm):
    def pour(exchange):
        exchange.send_response(200)
        exchange.end_headers()
        for _ in range(200):
            exchange.wfile.write(b"x" * 1_000_000)

    llm.behave = pour

    answer = put(llm)

    assert answer.outcome == "unreadable"
    assert "more than 4 MB" in answer.problem


def test_a_model_that_says_nothing_is_given_up(llm):
    llm.behave = lambda exchange: exchange.hang()
    started = time.monotonic()

    answer = put(llm, seconds=0.5)

    assert time.monotonic() - started < 10
    assert answer.outcome == "timed_out"
    assert "0.5 seconds" in answer.problem


def test_a_reply_that_drips_is_given_up_too(llm):
    def drip(exchange):
        exchange.send_response(200)
        exchange.end_headers()
        while not exchange.llm.leave.is_set():
            exchange.wfile.write(b" ")
            exchange.wfile.flush()
            time.sleep(0.05)

    llm.behave = drip

    assert put(llm, seconds=0.6).outcome == "timed_out"


def test_an_answer_broken_off_is_told(llm):
    def break_off(exchange):
        exchange.send_response(200)
        exchange.send_header("Content-Length", "5000")
        exchange.end_headers()
        exchange.wfile.write(b'{"choices": [')

    llm.behave = break_off

    assert put(llm).outcome == "unreachable"


def test_an_endpoint_that_is_away_is_told(llm):
    llm.url = "http://127.0.0.1:9/v1"

    answer = put(llm)

    assert answer.outcome == "unreachable"
    assert "cannot be reached" in answer.problem


def test_the_key_is_not_shown_by_accident():
    endpoint = Endpoint(base_url="http://x", model="m", seconds=1, api_key=KEY)

    assert KEY not in repr(endpoint)
