"""Where a webhook may be: on the public internet, by https, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.errors import InvalidInputError
from helpdesk.hook_urls import URL_MOST, checked_url, may_be_sent_to

GOOD = {
    "https://example.com": "https://example.com",
    "https://example.com/": "https://example.com/",
    "HTTPS://Example.COM/Path?q=A": "https://example.com/Path?q=A",
    "https://example.com:443/a": "https://example.com/a",
    "https://example.com:8443/a": "https://example.com:8443/a",
    "https://example.com.:1024": "https://example.com:1024",
    "https://bücher.example/%C3%BC": "https://xn--bcher-kva.example/%C3%BC",
    "https://a_b.example.com": "https://a_b.example.com",
    "https://93.184.216.34/x": "https://93.184.216.34/x",
    "https://[2606:2800:220:1::1]:8443/x": "https://[2606:2800:220:1::1]:8443/x",
}
BAD = [
    "", "example.com", "//example.com", "/path", "ftp://example.com", "javascript:alert(1)",
    "http://example.com", "https://", "https:///path", "https://:443/", "https:example.com",
    "https://ann@example.com", "https://ann:secret@example.com", "https://@example.com",
    "https://example.com/#", "https://example.com/#part", "https://example.com#a",
    "https://example.com/a b", "https://example.com/\n", "https://exa\tmple.com", " https://a.de",
    "https://example.com/ü", "https://example.com/?q=ü", "https://example.com\\@a.de/",
    "https://example.com:0", "https://example.com:80", "https://example.com:22",
    "https://example.com:65536", "https://example.com:-1", "https://example.com:x",
    "https://example..com", "https://.example.com", "https://-a.example.com", "https://a!b.com",
    "https://*.example.com", "https://exa%6dple.com", "https://" + "a" * 64 + ".com",
    "https://" + ".".join(["a" * 60] * 5) + ".com",
    "https://localhost", "https://a.localhost", "https://printer.local", "https://intranet",
    "https://metadata.google.internal/computeMetadata/v1/", "https://example.com/\ud800",
    "https://127.0.0.1", "https://127.1", "https://2130706433", "https://0x7f000001",
    "https://0177.0.0.1", "https://1.2.3", "https://1.2.3.4.5", "https://0x7f.1", "https://999.1.1.1",
    "https://\uff11\uff12\uff17.0.0.1", "https://127。0。0。1", "https://10.0.0.1", "https://169.254.169.254",
    "https://[::1]", "https://[::ffff:127.0.0.1]", "https://[fe80::1%25eth0]", "https://[fe80::1]",
    "https://[::ffff:7f00:1]", "https://[64:ff9b::7f00:1]", "https://[not-an-address]",
    "https://[", "https://]", "https://[1.2.3.4]", "https://[v1.a]", "https://[2606::1%25x]",
    "https://example.com/" + "a" * URL_MOST,
    "https://" + "ü" * 30 + "." + "ü" * 30 + ".de/" + "a" * 420,
]  # fmt: skip


@pytest.mark.parametrize(("text", "kept"), GOOD.items())
def test_a_public_address_of_https_is_kept_in_one_spelling(text, kept):
    assert checked_url(text, private=False) == kept
    assert checked_url(kept, private=False) == kept
    assert checked_url(text, private=True).replace(":443", "") == kept


@pytest.mark.parametrize("text", BAD)
def test_everything_else_is_refused_with_its_field(text):
    with pytest.raises(InvalidInputError, match="the URL ") as refused:
        checked_url(text, private=False)

    assert refused.value.field == "url"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/hook", "http://localhost:1", "http://[::1]:9000/x",
        "http://intranet/x", "https://printer.local", "http://10.1.2.3", "https://192.168.1.1:80",
        "http://100.64.0.1", "https://[fd00::1]", "http://example.com",
    ],
)  # fmt: skip
def test_a_house_of_ones_own_sends_into_its_own_network_too(url):
    assert checked_url(url, private=True) == url


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1", "http://169.254.169.254/latest", "http://0.0.0.0", "http://[fe80::1]",
        "http://224.0.0.1", "http://ann@localhost", "http://localhost:0", "http://127.1",
        "http://[::ffff:169.254.169.254]", "http://192.0.2.1", "http://255.255.255.255",
        "http://[fd00:ec2::254]/latest", "http://100.100.100.200", "http://192.0.0.192",
    ],
)  # fmt: skip
def test_what_is_nobodys_server_is_refused_even_there(url):
    with pytest.raises(InvalidInputError):
        checked_url(url, private=True)


@given(st.text(max_size=60) | st.text(max_size=40).map(lambda text: f"https://{text}"))
def test_whatever_comes_is_kept_or_refused(text):
    try:
        kept = checked_url(text, private=False)
    except InvalidInputError:
        return

    assert kept.isascii()
    assert checked_url(kept, private=False) == kept


RESERVED = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255",  # noqa: S104 - nobody is bound
    "100.64.0.1", "100.127.255.254",
    "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255",
    "192.0.0.1", "192.0.0.9", "192.0.0.170", "192.0.0.192", "192.0.2.1", "168.63.129.16",
    "192.88.99.1", "192.168.0.1", "198.18.0.1",
    "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:0:127.0.0.1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
    "::ffff:169.254.169.254", "64:ff9b::a00:1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808", "100::1", "2001::1", "2001:0:7f00:1::", "2001:2::1", "2001:db8::1",
    "2001:10::1", "2002:808:808::1", "2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::",
    "3fff::1", "5f00::1",
    "fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "4000::1",
    "", "example.com", "127.1", "0x7f.0.0.1", "1.2.3.4.5",
]  # fmt: skip
PUBLIC = [
    "8.8.8.8", "93.184.216.34", "172.32.0.1", "100.128.0.1", "::ffff:8.8.8.8", "64:ff9b::808:808",
    "2606:2800:220:1::1", "2a00:1450:4001::8a",
]  # fmt: skip
OWN = ["127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "::1", "fd12::1"]


@pytest.mark.parametrize("address", RESERVED)
def test_what_is_reserved_is_never_sent_to(address):
    assert not may_be_sent_to(address, private=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_sent_to(address):
    assert may_be_sent_to(address, private=False)
    assert may_be_sent_to(address, private=True)


@pytest.mark.parametrize("address", [*OWN, "::ffff:127.0.0.1"])
def test_ones_own_network_is_sent_to_where_that_is_allowed(address):
    assert may_be_sent_to(address, private=True)
    assert not may_be_sent_to(address, private=False)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "169.254.170.2", "192.0.0.192", "100.100.100.200", "168.63.129.16",
        "::ffff:100.100.100.200", "64:ff9b::6464:64c8", "2002:6464:64c8::1",
        "fd00:ec2::254", "fd00:0ec2:0::0254", "fd20:ce::254",
    ],
)  # fmt: skip
def test_where_a_cloud_tells_its_secrets_is_never_sent_to(address):
    assert not may_be_sent_to(address, private=True)


@pytest.mark.parametrize("address", ["169.254.169.254", "0.1.2.3", "224.0.0.1", "fe80::1", "x"])
def test_what_is_nobodys_server_is_not_sent_to_even_there(address):
    assert not may_be_sent_to(address, private=True)
