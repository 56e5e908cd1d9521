"""Who is asking, by network address: the one thing a client cannot write into its own request.

Every entry of X-Forwarded-For but the last ones was sent by the client; the last ones are appended
by the machines in front of us, one each. No other header is read.
"""

import ipaddress

_SUBNET = 64  # bits: what one household gets, and so what one guesser can choose from


def client_of(peer: str, forwarded: str, proxies: int) -> str | None:
    """Return what tells a client from others: its IPv4 address, or its network of IPv6.

    `proxies` is how many machines stand in front of us, and the entry as many places from the end
    of X-Forwarded-For is theirs; what is no address becomes the socket's peer. Without proxies the
    peer is the client; None when that is this machine, where an address tells nobody apart.
    """
    found = _address(peer)
    if proxies == 0 and found is not None and found.is_loopback:
        return None
    if proxies > 0:
        entries = forwarded.rsplit(",", proxies)
        told = _address(entries[-proxies]) if len(entries) >= proxies else None
        found = told or found
    if found is None:
        return peer or "unknown"
    return _kept(found)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text.strip(" \t"))
    except ValueError:
        return None
    # An IPv4 client may come through a socket for both: ::ffff:192.0.2.1.
    return (found.version == 6 and found.ipv4_mapped) or found  # noqa: PLR2004


def _kept(found: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    host = 128 - _SUBNET
    return f"{ipaddress.IPv6Address(int(found) >> host << host)}/{_SUBNET}"
