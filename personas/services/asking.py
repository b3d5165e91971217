"""Asking a language model, over the protocol of OpenAI's chat completions.

Whatever the endpoint does becomes an ``Answer``: its text, or in plain words why
there is none. Nothing is called but the address in the endpoint; a redirect is
not followed. Importing this costs 33 MB and half a second (the ``openai``
package), so ``personas.services.trying`` does it with the first call.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2
import openai
from pydantic import BaseModel, Field, ValidationError

from personas.services.conversing import OURS

LONGEST_REPLY: Final = 32_000
"""Characters of a reply that are kept."""

_ANSWER_BYTES: Final = 4 * 1024 * 1024
_TOLD_LENGTH: Final = 300
_CONNECT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model answers; ``seconds`` is how long one reply may take."""

    base_url: str
    model: str
    seconds: float
    api_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a text, or a problem in words; never both empty.

    ``outcome`` names the kind of end for metrics; ``remarks`` say what is to be
    known about a text; ``tokens`` is what the endpoint counted for the reply.
    """

    outcome: str
    seconds: float
    text: str = ""
    problem: str = ""
    remarks: tuple[str, ...] = ()
    tokens: int | None = None


class _Silent(Exception):
    """There is no text to show; carries the outcome and the words."""

    def __init__(self, outcome: str, problem: str) -> None:
        super().__init__(problem)
        self.outcome, self.problem = outcome, problem


class _Message(BaseModel):
    content: Any = None
    refusal: Any = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: Any = None


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: Any = None


async def ask(
    chat: Sequence[Mapping[str, str]],
    *,
    config: Mapping[str, Any],
    endpoint: Endpoint,
) -> Answer:
    """Put ``chat`` to the model and wait; cancelling ends the call at once.

    ``chat`` is ``[{role, content}]``; ``config`` the prompt's model settings,
    ``{temperature, max_tokens, top_p, frequency_penalty, extra}``.
    """
    started = time.monotonic()
    try:
        async with asyncio.timeout(endpoint.seconds):
            content = await _post(chat, config=config, endpoint=endpoint)
        answer = _read(content, seconds=time.monotonic() - started)
    except (TimeoutError, openai.APITimeoutError, httpx2.TimeoutException):
        words = f"No reply within {endpoint.seconds:g} seconds."
        problem = _Silent("timed_out", words)
    except openai.APIStatusError as error:
        problem = _refusal(error, endpoint=endpoint)
    except (openai.APIConnectionError, httpx2.HTTPError, httpx2.InvalidURL):
        words = "The endpoint cannot be reached. Check LLM_BASE_URL, and that it runs."
        problem = _Silent("unreachable", words)
    except _Silent as silent:
        problem = silent
    else:
        return answer
    return Answer(
        outcome=problem.outcome,
        seconds=time.monotonic() - started,
        problem=problem.problem,
    )


async def _post(
    chat: Sequence[Mapping[str, str]],
    *,
    config: Mapping[str, Any],
    endpoint: Endpoint,
) -> bytes:
    """The body of the answer, if its status says that it went well."""
    timeout = httpx2.Timeout(endpoint.seconds, connect=_CONNECT_SECONDS)
    async with (
        openai.DefaultAsyncHttpxClient(
            follow_redirects=False, timeout=timeout
        ) as http_client,
        openai.AsyncOpenAI(
            base_url=endpoint.base_url,
            # The client insists on one; servers without keys look at none.
            api_key=endpoint.api_key or "none",
            http_client=http_client,
            timeout=timeout,
            # One press is one call: whoever waits may press again.
            max_retries=0,
        ) as client,
        client.chat.completions.with_streaming_response.create(
            model=endpoint.model,
            messages=[dict(message) for message in chat],  # type: ignore[misc]
            **_settings(config),
        ) as response,
    ):
        content = bytearray()
        async for chunk in response.iter_bytes():
            content += chunk
            if len(content) > _ANSWER_BYTES:
                raise _Silent(
                    "unreadable",
                    f"The endpoint answered with more than {_ANSWER_BYTES >> 20} MB.",
                )
        return bytes(content)


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    extra: Mapping[str, Any] = config["extra"]
    wanted = ["temperature", "max_tokens", "top_p", "frequency_penalty"]
    # Newer models of OpenAI take the longest reply by this name, and refuse both.
    if "max_completion_tokens" in extra:
        wanted.remove("max_tokens")
    passed = {key: value for key, value in extra.items() if key not in OURS}
    return {**{name: config[name] for name in wanted}, "extra_body": passed}


def _read(content: bytes, *, seconds: float) -> Answer:
    """Raises _Silent if there is no text in it."""
    try:
        completion = _Completion.model_validate_json(content)
    except ValidationError as error:
        raise _Silent(
            "unreadable",
            "The endpoint answered with something that is not a chat completion."
            " LLM_BASE_URL usually ends in /v1.",
        ) from error
    choice = completion.choices[0]
    text = _text(choice.message.content).strip()
    if not text:
        raise _no_text(choice)
    remarks = []
    if choice.finish_reason == "length":
        remarks.append("Cut off at the longest reply that the model settings allow.")
    if len(text) > LONGEST_REPLY:
        remarks.append(f"Only the first {LONGEST_REPLY} characters are shown.")
    return Answer(
        outcome="answered",
        seconds=seconds,
        text=text[:LONGEST_REPLY],
        remarks=tuple(remarks),
        tokens=_tokens(completion.usage),
    )


def _text(content: Any) -> str:
    """The text of a message, which some endpoints give in parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))


def _tokens(usage: Any) -> int | None:
    found = usage.get("completion_tokens") if isinstance(usage, dict) else None
    is_count = isinstance(found, int) and not isinstance(found, bool)
    return found if is_count else None


def _no_text(choice: _Choice) -> _Silent:
    refusal = choice.message.refusal
    if isinstance(refusal, str) and refusal.strip():
        words = f"The model refused: {refusal.strip()[:_TOLD_LENGTH]}"
    elif choice.finish_reason == "length":
        words = (
            "The model used up the longest reply before it wrote any text. Raise"
            " “Longest reply” in the model settings."
        )
    elif choice.finish_reason == "content_filter":
        words = "The endpoint's filter held the reply back."
    elif choice.finish_reason in {"tool_calls", "function_call"}:
        words = "The model asked for a tool instead of answering."
    else:
        words = "The endpoint answered without any text."
    return _Silent("no_text", words)


def _refusal(error: openai.APIStatusError, *, endpoint: Endpoint) -> _Silent:
    match error.status_code:
        case 401:
            return _Silent(
                "wrong_key", "The endpoint does not accept the key in LLM_API_KEY."
            )
        case 403:
            words = "The key in LLM_API_KEY is not allowed to do this."
            return _Silent("wrong_key", words)
        case 404:
            return _Silent(
                "unknown_model",
                f"The endpoint does not know the model “{endpoint.model}”, or"
                " LLM_BASE_URL is not right; it usually ends in /v1.",
            )
        case 429:
            return _Silent(
                "too_many",
                "The endpoint has enough for now: too many calls, or the quota is"
                " used up. Try again later.",
            )
        case status if status >= 500:
            words = f"The endpoint failed (status {status}). Try again later."
            return _Silent("failed", words)
        case status if status < 400:
            words = (
                f"The endpoint sends elsewhere (status {status}), which is not"
                " followed. Set LLM_BASE_URL to the address that answers."
            )
            return _Silent("refused", words)
    told = _told(error.body, endpoint=endpoint) or f"status {error.status_code}"
    return _Silent("refused", f"The endpoint refused the call: {told}")


def _told(body: Any, *, endpoint: Endpoint) -> str:
    """The endpoint's own words, shortened, without the key."""
    if isinstance(body, dict):
        inner = body.get("error", body)
        body = inner.get("message") if isinstance(inner, dict) else inner
    if not isinstance(body, str):
        return ""
    if endpoint.api_key:
        body = body.replace(endpoint.api_key, "…")
    return " ".join(body.split())[:_TOLD_LENGTH]
