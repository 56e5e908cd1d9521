"""Who is asking, by network address: what a client writes into its request changes nothing."""

import pytest
from flask import Flask, request
from hypothesis import given
from hypothesis import strategies as st

from api.client import client_of

PEER = "169.254.1.1"  # what a container in the cloud sees of everybody
CLIENT = "203.0.113.7"

# What a client may send of its own will, before the machines in front of us append the truth.
SPOOFED = [
    "",
    "198.51.100.1, ",
    "127.0.0.1, ",
    "::1, ",
    "198.51.100.1, 198.51.100.2, 198.51.100.3, ",
    "198.51.100.1," * 500,
    ", , ,",
    "unknown, ",
    "for=198.51.100.1, ",
    "\t198.51.100.1\t,\t",
    "1.2.3.4:80, [::1]:443, ",
    "x" * 5_000 + ", ",
]


@pytest.mark.parametrize("spoofed", SPOOFED)
def test_what_a_client_sends_before_the_last_entry_changes_nothing(spoofed):
    assert client_of(PEER, f"{spoofed}{CLIENT}", 1) == CLIENT


@pytest.mark.parametrize("spoofed", SPOOFED)
def test_behind_two_machines_the_second_entry_from_the_end_is_the_client(spoofed):
    assert client_of(PEER, f"{spoofed}{CLIENT}, 192.0.2.1", 2) == CLIENT


@pytest.mark.parametrize("spoofed", SPOOFED)
def test_without_machines_in_front_the_header_is_not_read(spoofed):
    assert client_of(CLIENT, f"{spoofed}198.51.100.9", 0) == CLIENT


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("spoofed", SPOOFED)
def test_on_one_machine_an_address_tells_nobody_apart(peer, spoofed):
    assert client_of(peer, f"{spoofed}{CLIENT}", 0) is None


@pytest.mark.parametrize("forwarded", ["", "127.0.0.1", "::1", f"{CLIENT}, 127.0.0.1"])
def test_behind_a_machine_everybody_is_somebody(forwarded):
    assert client_of("127.0.0.1", forwarded, 1) in {"127.0.0.1", "::/64"}


@pytest.mark.parametrize(
    "forwarded",
    [
        "",
        "   ",
        ",",
        "unknown",
        f"{CLIENT},",
        f"{CLIENT}, {CLIENT}:443",
        "[2001:db8::1]",
        "203.0.113.007",
        "203.0.113",
        "3405803783",
        "203.0.113.7/24",
        "\u0661.1.1.1",
        "2001:db8::1::2",
        "<script>",
        "1" * 10_000,
    ],
)
def test_where_no_address_is_told_the_peer_is_the_client(forwarded):
    assert client_of(PEER, forwarded, 1) == PEER


@pytest.mark.parametrize("forwarded", ["", CLIENT, f"{CLIENT}, {CLIENT}"])
def test_with_fewer_entries_than_machines_the_peer_is_the_client(forwarded):
    assert client_of(PEER, forwarded, 3) == PEER


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1\t", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:C000:0201", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("2001:0db8:0001:0002:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::", "::/64"),
    ],
)
def test_an_address_has_one_spelling_and_a_household_one_network(told, kept):
    assert client_of(PEER, told, 1) == kept
    assert client_of(told, "", 0) == kept


@pytest.mark.parametrize(("peer", "client"), [("", "unknown"), ("/run/sock", "/run/sock")])
@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_a_peer_without_an_address_is_somebody_too(peer, client, proxies):
    assert client_of(peer, "", proxies) == client


def test_no_other_header_is_read():
    app = Flask("a client's request")
    names = [
        "CF-Connecting-IP", "Client-IP", "Fastly-Client-IP", "Forwarded", "True-Client-IP", "Via",
        "X-Appengine-User-IP", "X-Client-IP", "X-Cluster-Client-IP", "X-Forwarded",
        "X-Original-Forwarded-For", "X-Real-IP", "X_Forwarded_For",
    ]  # fmt: skip
    headers = [(name, "198.51.100.1") for name in names]
    headers += [("X-Forwarded-For", "198.51.100.2"), ("X-Forwarded-For", CLIENT)]

    with app.test_request_context(headers=headers, environ_base={"REMOTE_ADDR": PEER}):
        client = client_of(request.remote_addr or "", request.headers.get("X-Forwarded-For", ""), 1)

    assert client == CLIENT


@given(st.text(max_size=60), st.text(max_size=60), st.integers(1, 5))
def test_whatever_comes_behind_a_machine_there_is_a_client_to_count(peer, forwarded, proxies):
    assert client_of(peer, forwarded, proxies)


@given(st.text(max_size=60), st.ip_addresses(), st.integers(1, 5))
def test_only_the_entry_of_our_own_machine_decides(sent, address, proxies):
    appended = ", ".join([str(address), *["192.0.2.1"] * (proxies - 1)])

    client = client_of(PEER, f"{sent}, {appended}", proxies)

    assert client == client_of(PEER, appended, proxies) == client_of(str(address), "", 1)
