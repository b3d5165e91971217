"""One message to one address: what it costs, where it goes, what is told of it."""

import socket
import ssl
import subprocess
import time
from itertools import cycle

import httpcore2
import pytest

from core.webhooks import posting
from core.webhooks.posting import READ_AT_MOST, Answer, post
from tests.webhook_server import answers, webhook_server

HEADERS = {"content-type": "application/json", "webhook-id": "msg_1"}


@pytest.fixture
def server():
    with webhook_server() as server:
        yield server


def send(url, *, body=b"{}", is_private_allowed=True, **given) -> Answer:
    return post(
        url,
        body=body,
        headers=HEADERS,
        is_private_allowed=is_private_allowed,
        **given,
    )


class TestSending:
    def test_body_and_headers_arrive_as_they_are(self, server):
        answer = send(f"{server.url}?a=b", body='{"ä":1}'.encode())

        [came] = server.came
        assert (answer.status, answer.problem, answer.is_taken) == (204, "", True)
        assert came.path == "/hook?a=b"
        assert came.body == '{"ä":1}'.encode()
        assert came.headers["webhook-id"] == "msg_1"
        assert came.headers["host"] == f"127.0.0.1:{server.port}"

    def test_large_body_arrives_whole(self, server):
        send(server.url, body=b"x" * 300_000)

        assert len(server.came[0].body) == 300_000

    def test_name_is_sent_as_host_though_the_address_was_looked_up(self, server):
        answer = send(
            f"http://receiver.example:{server.port}/",
            resolve=lambda host, port: ["127.0.0.1"],
        )

        assert answer.is_taken
        assert server.came[0].headers["host"] == f"receiver.example:{server.port}"

    @pytest.mark.parametrize(
        ("status", "words"),
        [(500, "answered 500"), (404, "answered 404"), (410, "no messages any more")],
    )
    def test_other_answers_are_told(self, server, status, words):
        server.behave = answers(status)

        answer = send(server.url)

        assert answer.status == status
        assert words in answer.problem
        assert not answer.is_taken

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_redirects_are_not_followed(self, server, status):
        with webhook_server() as other:
            server.behave = answers(status, Location=other.url)

            answer = send(server.url)

            assert answer.status == status
            assert "Redirects are not followed" in answer.problem
            assert other.connects == 0

    def test_proxies_of_the_environment_are_not_used(self, server, monkeypatch):
        with webhook_server() as proxy:
            for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")

            assert send(server.url).is_taken
            assert proxy.connects == 0

    def test_answer_is_read_only_a_little(self, server):
        written = []

        def endless(handler):
            handler.send_response(200)
            handler.end_headers()
            try:
                while not server.leave.is_set():
                    written.append(handler.wfile.write(b"x" * 16_384))
            except OSError:
                pass

        server.behave = endless

        answer = send(server.url, seconds=20)

        assert answer.is_taken
        assert answer.seconds < 10
        # What the two kernels hold between them comes on top of what was read.
        assert sum(written) < READ_AT_MOST + 30_000_000


class TestTime:
    def test_server_that_never_answers_costs_its_seconds_and_no_more(self, server):
        server.behave = lambda handler: server.leave.wait(30)

        answer = send(server.url, seconds=0.4)

        assert answer.status is None
        assert answer.problem == "There was no answer within 0.4 seconds."
        assert 0.4 <= answer.seconds < 3

    def test_server_that_drips_costs_no_more(self, server):
        def drip(handler):
            try:
                while not server.leave.wait(0.05):
                    handler.wfile.write(b"H")
                    handler.wfile.flush()
            except OSError:
                pass

        server.behave = drip

        answer = send(server.url, seconds=0.5)

        assert not answer.is_taken
        assert answer.seconds < 3

    def test_answer_counts_though_its_rest_never_comes(self, server):
        def half(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", "100")
            handler.end_headers()
            handler.wfile.flush()
            server.leave.wait(30)

        server.behave = half

        answer = send(server.url, seconds=0.5)

        assert answer.is_taken
        assert answer.seconds < 3

    def test_answer_counts_though_its_rest_drips_until_the_end(self, server):
        def drip(handler):
            handler.send_response(200)
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            try:
                # Without a pause, so that the deadline mostly comes between two reads.
                while not server.leave.is_set():
                    handler.wfile.write(b"1\r\nx\r\n")
            except OSError:
                pass

        server.behave = drip
        # It never comes to as many bytes as are read; the deadline ends it.
        answer = send(server.url, seconds=0.5)

        assert (answer.status, answer.problem) == (200, "")
        assert answer.seconds < 3

    def test_name_server_that_hangs_costs_no_more(self, server):
        answer = send(
            f"http://slow.example:{server.port}/",
            resolve=lambda host, port: server.leave.wait(30) and [],
            seconds=0.3,
        )

        assert "no answer within" in answer.problem
        assert answer.seconds < 3

    def test_name_servers_that_hang_use_up_no_more_than_their_share(self, monkeypatch):
        monkeypatch.setattr(posting, "_lookups", posting.threading.BoundedSemaphore(1))
        posting._lookups.acquire()

        answer = send("http://any.example:9/", seconds=0.2)

        assert "no answer within" in answer.problem
        assert answer.seconds < 3


class TestWhere:
    def test_private_address_is_refused_before_anything_is_sent(self, server):
        answer = send(server.url.replace("http:", "https:"), is_private_allowed=False)

        assert "private" in answer.problem
        assert server.connects == 0

    @pytest.mark.parametrize(
        "found",
        [
            ["127.0.0.1"],
            ["93.184.216.34", "127.0.0.1"],
            ["127.0.0.1", "93.184.216.34"],
            ["::ffff:127.0.0.1"],
            ["64:ff9b::7f00:1"],
            ["fe80::1%lo"],
            ["nonsense"],
        ],
    )
    def test_name_is_refused_if_any_of_its_addresses_is_private(self, server, found):
        answer = send(
            f"https://receiver.example:{server.port}/",
            is_private_allowed=False,
            resolve=lambda host, port: found,
        )

        assert answer.problem == (
            "The name leads to a private address, and nothing is sent to those."
        )
        assert server.connects == 0

    def test_name_whose_answers_alternate_never_reaches_a_private_one(
        self, monkeypatch
    ):
        """Rebinding: the address that is connected to is the one that was judged."""
        turns = cycle([["93.184.216.34"], ["127.0.0.1"]])
        connected = []

        def connect(self, host, port, **_):
            connected.append(host)
            raise httpcore2.ConnectError("Not from a test.")

        monkeypatch.setattr(httpcore2.SyncBackend, "connect_tcp", connect)

        found = [
            send(
                "https://rebinding.example/",
                is_private_allowed=False,
                resolve=lambda host, port: next(turns),
            ).problem
            for _ in range(20)
        ]

        assert connected == ["93.184.216.34"] * 10
        assert len([problem for problem in found if "private" in problem]) == 10

    def test_each_name_is_looked_up_once(self, server):
        asked = []

        def resolve(host, port):
            asked.append((host, port))
            return ["127.0.0.1"]

        send(f"http://receiver.example:{server.port}/", resolve=resolve)

        assert asked == [("receiver.example", server.port)]

    def test_judged_address_itself_is_connected_to(self):
        # Here only this machine may be talked to; a warning says who was not.
        with pytest.raises(UserWarning, match=r'host "93\.184\.216\.34"'):
            send(
                "https://receiver.example/",
                is_private_allowed=False,
                resolve=lambda host, port: ["93.184.216.34"],
            )

    def test_next_address_is_tried_where_one_does_not_answer(self, server):
        answer = send(
            f"http://receiver.example:{server.port}/",
            resolve=lambda host, port: ["::1", "127.0.0.1"],
        )

        assert answer.is_taken

    def test_name_without_addresses_is_told(self):
        answer = send("http://receiver.example/", resolve=lambda host, port: [])

        assert answer.problem == "The connection could not be made, or broke off."

    def test_unknown_name_is_told(self):
        def unknown(host, port):
            raise socket.gaierror(-2, "Name or service not known")

        answer = send("http://receiver.example/", resolve=unknown)

        assert answer.problem == "The name of the host is not known."

    def test_the_machine_looks_names_up_itself(self):
        assert "127.0.0.1" in posting.system_resolve("localhost", 80)

    def test_unix_sockets_are_refused(self):
        backend = posting._CheckedBackend(
            deadline=time.monotonic() + 1,
            is_private_allowed=True,
            resolve=posting.system_resolve,
        )

        with pytest.raises(posting.AddressRefused):
            backend.connect_unix_socket("/tmp/any")


class TestTrouble:
    def test_refused_connection_is_told(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))

            answer = send(f"http://127.0.0.1:{taken.getsockname()[1]}/")

        assert "connection was refused" in answer.problem

    def test_server_that_hangs_up_is_told(self, server):
        server.behave = lambda handler: handler.connection.shutdown(socket.SHUT_RDWR)

        assert "does not speak HTTP" in send(server.url).problem

    def test_server_that_speaks_something_else_is_told(self, server):
        server.behave = lambda handler: handler.wfile.write(b"220 mail ready\r\n\r\n")

        assert "does not speak HTTP" in send(server.url).problem


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for receiver.example that only we trust; its path and key."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
            "/CN=receiver.example", "-addext", "subjectAltName=DNS:receiver.example",
            "-keyout", folder / "key.pem", "-out", folder / "cert.pem",
        ],
        check=True,
        capture_output=True,
        timeout=30,
    )  # fmt: skip
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def tls_server(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with webhook_server(tls=context) as server:
        yield server


class TestTls:
    def _send(self, server, *, name="receiver.example", **given):
        return send(
            f"https://{name}:{server.port}/hook",
            resolve=lambda host, port: ["127.0.0.1"],
            **given,
        )

    def test_certificate_is_judged_by_the_name_not_the_address(
        self, tls_server, certificate
    ):
        tls = ssl.create_default_context(cafile=str(certificate[0]))

        answer = self._send(tls_server, tls=tls)

        assert (answer.status, answer.problem) == (204, "")
        assert tls_server.came[0].headers["host"] == (
            f"receiver.example:{tls_server.port}"
        )

    def test_certificate_of_another_name_is_refused(self, tls_server, certificate):
        tls = ssl.create_default_context(cafile=str(certificate[0]))

        answer = self._send(tls_server, name="other.example", tls=tls)

        assert "certificate is not to be trusted" in answer.problem
        assert tls_server.came == []

    def test_certificate_that_nobody_vouches_for_is_refused(self, tls_server):
        answer = self._send(tls_server)

        assert "certificate is not to be trusted" in answer.problem
        assert tls_server.came == []

    def test_server_without_tls_is_told(self, server):
        answer = self._send(server)

        assert "does not speak TLS" in answer.problem
