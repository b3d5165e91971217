import pytest

from core.live.origin import is_own


def opened(origin: str | None, *, host: str = "cast.example", scheme: str = "ws"):
    headers = [(b"host", host.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    return {"type": "websocket", "scheme": scheme, "headers": headers}


@pytest.fixture(autouse=True)
def site(settings):
    settings.ALLOWED_HOSTS = ["cast.example", "localhost", "[::1]", ".wild.example"]
    settings.ALLOWED_ORIGINS = ["https://front.example", "http://front.example:81"]


@pytest.mark.parametrize(
    ("origin", "host", "scheme"),
    [
        ("http://cast.example", "cast.example", "ws"),
        ("http://cast.example:80", "cast.example", "ws"),
        ("http://CAST.example", "cast.example", "ws"),
        ("https://cast.example", "cast.example", "wss"),
        ("https://cast.example:443", "cast.example", "wss"),
        ("http://localhost:8000", "localhost:8000", "ws"),
        ("http://[::1]:8000", "[::1]:8000", "ws"),
        ("http://a.wild.example", "a.wild.example", "ws"),
        ("https://front.example", "cast.example", "ws"),
        ("http://front.example:81", "cast.example", "ws"),
    ],
)
def test_own_pages_may_open_sockets(origin, host, scheme):
    assert is_own(opened(origin, host=host, scheme=scheme))


@pytest.mark.parametrize(
    ("origin", "host", "scheme"),
    [
        (None, "cast.example", "ws"),
        ("", "cast.example", "ws"),
        ("null", "cast.example", "ws"),
        ("http://evil.example", "cast.example", "ws"),
        ("http://cast.example.evil.example", "cast.example", "ws"),
        ("http://evil-cast.example", "cast.example", "ws"),
        ("https://cast.example", "cast.example", "ws"),
        ("http://cast.example", "cast.example", "wss"),
        ("http://cast.example:8000", "cast.example", "ws"),
        ("http://cast.example", "cast.example:8000", "ws"),
        ("http://localhost:8000", "localhost:8001", "ws"),
        ("http://localhost:8000", "cast.example", "ws"),
        ("http://front.example", "cast.example", "ws"),
        ("http://cast.example/", "cast.example", "ws"),
        ("http://cast.example@evil.example", "cast.example", "ws"),
        ("http://me@cast.example", "cast.example", "ws"),
        ("http://cast.example:x", "cast.example", "ws"),
        ("http://cast.example:99999", "cast.example", "ws"),
        ("ftp://cast.example", "cast.example", "ws"),
        ("cast.example", "cast.example", "ws"),
        ("http://[::1", "[::1]", "ws"),
        # A foreign name that was made to lead here.
        ("http://evil.example", "evil.example", "ws"),
        ("https://front.example", "evil.example", "ws"),
        ("http://", "", "ws"),
    ],
)
def test_other_pages_may_not(origin, host, scheme):
    assert not is_own(opened(origin, host=host, scheme=scheme))


def test_two_origins_are_none():
    scope = opened("http://cast.example")
    scope["headers"].append((b"origin", b"http://cast.example"))

    assert not is_own(scope)


def test_no_host_is_none():
    scope = opened("http://cast.example")
    del scope["headers"][0]

    assert not is_own(scope)


def test_bytes_that_are_no_text_are_refused():
    scope = opened(None)
    scope["headers"].append((b"origin", b"http://\xff\xfe"))

    assert not is_own(scope)
