"""Which addresses webhooks may have."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.webhooks.addresses import AddressRefused, Target, is_public, target_of


def refused(url, *, is_private_allowed=False):
    with pytest.raises(AddressRefused) as caught:
        target_of(url, is_private_allowed=is_private_allowed)
    return str(caught.value)


class TestAsWritten:
    @pytest.mark.parametrize(
        ("url", "target"),
        [
            ("https://example.org", ("example.org", 443, "/")),
            ("https://Example.ORG/a?b=1", ("example.org", 443, "/a?b=1")),
            ("https://example.org:443/", ("example.org", 443, "/")),
            ("https://a-b.example.org:8443/x", ("a-b.example.org", 8443, "/x")),
            ("https://xn--bcher-kva.example", ("xn--bcher-kva.example", 443, "/")),
            ("https://93.184.216.34/", ("93.184.216.34", 443, "/")),
            ("https://[2606:4700::1111]/", ("2606:4700::1111", 443, "/")),
        ],
    )
    def test_public_address_is_taken_apart(self, url, target):
        assert target_of(url, is_private_allowed=False) == Target("https", *target)

    @pytest.mark.parametrize(
        ("url", "why"),
        [
            ("http://example.org/", "https://"),
            ("file:///etc/passwd", "https://"),
            ("gopher://example.org/", "https://"),
            ("javascript:alert(1)", "https://"),
            ("//example.org/", "https://"),
            ("example.org", "https://"),
            ("", "https://"),
            ("https://me:secret@example.org/", "password"),
            ("https://me@example.org/", "password"),
            ("https://example.org@10.0.0.1/", "password"),
            ("https://@example.org/", "password"),
            ("https://example.org/#part", "#"),
            ("https://example.org/#", "#"),
            ("https://example.org:80/", "port"),
            ("https://example.org:0/", "port"),
            ("https://example.org:22/", "port"),
            ("https://example.org:70000/", "no address"),
            ("https://example.org:port/", "no address"),
            ("https://[::1/", "no address"),
            ("https://[nonsense]/", "no"),
            ("https:///path", "no host"),
            ("https://.example.org/", "no host"),
            ("https://example..org/", "no host"),
            ("https://example.org./", "no host"),
            (f"https://{'a' * 64}.org/", "no host"),
            (f"https://{'a.' * 130}org/", "no host"),
            ("https://exa mple.org/", "spaces"),
            ("https://bücher.example/", "xn--"),
            ("https://example.org\\@10.0.0.1/", "spaces"),
            ("https://example.org/\n", "spaces"),
            ("https://example.org/\x00", "spaces"),
            (f"https://example.org/{'a' * 2000}", "2000"),
            ("https://127.0.0.1/", "private"),
            ("https://10.1.2.3/", "private"),
            ("https://169.254.169.254/latest/meta-data", "private"),
            ("https://0.0.0.0/", "private"),
            ("https://[::1]/", "private"),
            ("https://[::ffff:127.0.0.1]/", "private"),
            ("https://[64:ff9b::a00:1]/", "private"),
            ("https://[2002:7f00:1::]/", "private"),
            ("https://[fe80::1%25eth0]/", "no"),
            ("https://2130706433/", "four numbers"),
            ("https://0x7f000001/", "four numbers"),
            ("https://0x7f.1/", "four numbers"),
            ("https://127.1/", "four numbers"),
            ("https://0177.0.0.01/", "four numbers"),
            ("https://example.0x/", "four numbers"),
            ("https://localhost/", "private network"),
            ("https://api.localhost/", "private network"),
            ("https://printer.local/", "private network"),
            ("https://db.internal/", "private network"),
            ("https://intranet/", "private network"),
        ],
    )
    def test_refused_in_words(self, url, why):
        assert why in refused(url)

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:9000/hook",
            "http://localhost/hook",
            "https://10.0.0.7/",
            "http://receiver:80/",
            "http://[::1]:8080/",
        ],
    )
    def test_private_ones_are_taken_where_they_are_allowed(self, url):
        assert target_of(url, is_private_allowed=True).host

    @pytest.mark.parametrize(
        "url",
        [
            "ftp://10.0.0.1/",
            "http://me:pw@10.0.0.1/",
            "http://2130706433/",
            "http://x/#",
        ],
    )
    def test_nonsense_is_refused_even_there(self, url):
        refused(url, is_private_allowed=True)

    @given(st.text())
    def test_whatever_is_written_is_taken_or_refused(self, text):
        for url in (text, f"https://{text}", f"https://example.org/{text}"):
            try:
                target = target_of(url, is_private_allowed=False)
            except AddressRefused:
                continue
            assert target.scheme == "https"
            assert target.path.startswith(("/", "?"))


class TestPublic:
    @pytest.mark.parametrize(
        "text",
        [
            "1.1.1.1",
            "93.184.216.34",
            "2606:4700:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::1",
        ],
    )
    def test_reachable_by_anybody(self, text):
        assert is_public(ip_address(text))

    @pytest.mark.parametrize(
        "text",
        [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:224.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::a00:1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ],
    )
    def test_not_reachable_by_anybody(self, text):
        assert not is_public(ip_address(text))

    @given(st.ip_addresses(v=4))
    def test_hidden_address_is_judged_as_itself(self, address: IPv4Address):
        number = int(address)
        forms = [
            IPv6Address((0xFFFF << 32) | number),
            IPv6Address((0x64FF9B << 96) | number),
            IPv6Address((0x2002 << 112) | (number << 80)),
        ]

        assert {is_public(form) for form in forms} == {is_public(address)}
