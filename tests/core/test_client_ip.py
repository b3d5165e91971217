"""Which address a request came from."""

import pytest
from django.test import RequestFactory

from core.client_ip import client_ip


def _request(*, forwarded: str | None = None, remote: str = "10.0.0.9"):
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return RequestFactory().get("/", headers=headers, REMOTE_ADDR=remote)


def test_without_proxies_the_header_is_not_believed(settings):
    settings.TRUSTED_PROXIES = 0

    assert client_ip(_request(forwarded="203.0.113.7")) == "10.0.0.9"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "1.1.1.1, 203.0.113.7", "203.0.113.7"),
        (2, "6.6.6.6, 203.0.113.7, 10.0.0.1", "203.0.113.7"),
        (2, "203.0.113.7", "10.0.0.9"),
        (1, "not an address", "10.0.0.9"),
        (1, "", "10.0.0.9"),
        (1, "203.0.113.7:4711", "203.0.113.7"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "fe80::1%eth0", "fe80::1"),
        (1, "::ffff:203.0.113.7", "203.0.113.7"),
    ],
)
def test_each_proxy_adds_one_address_at_the_end(settings, proxies, forwarded, expected):
    settings.TRUSTED_PROXIES = proxies

    assert client_ip(_request(forwarded=forwarded)) == expected


def test_forged_addresses_all_count_as_the_one_caller(settings):
    settings.TRUSTED_PROXIES = 1

    found = {
        client_ip(_request(forwarded=f"198.51.100.{n}, 203.0.113.7"))
        for n in range(100)
    }

    assert found == {"203.0.113.7"}


def test_a_unix_socket_has_no_address():
    assert client_ip(_request(remote="")) is None
