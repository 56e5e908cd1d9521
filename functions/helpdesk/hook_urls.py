"""Where a webhook may be: the rules for its URL, and for the addresses that its name stands for."""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

from helpdesk.errors import InvalidInputError

URL_MOST = 500
HTTPS_PORT = 443
PORTS = range(1024, 65536)  # below them live services that were never meant to hear of us

Address: TypeAlias = IPv4Address | IPv6Address

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_HOST_MOST = 253
_PATH = re.compile(r"[!-~]*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_OWN_NAMES = frozenset({"localhost", "local", "internal"})  # nobody outside is called so

# Reserved, whatever the library says of them: a relay to anywhere, what is not given out, and what
# carriers and clouds use for themselves.
_NOT_PUBLIC = (
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv6Network("2002::/16"),  # 6to4, of which Python 3.11 says other things than 3.13
    IPv6Network("3fff::/20"),
)
# Where a cloud tells a machine its secrets; 169.254.0.0/16 is no network of one's own anyway.
_METADATA = frozenset(
    map(ip_address, ("100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254"))
)
_GIVEN_OUT = IPv6Network("2000::/3")  # all that the internet's own addresses are of
_NAT64 = IPv6Network("64:ff9b::/96")
_OWN_NETWORKS = tuple(
    map(
        IPv4Network,
        ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"),
    )
)
_OWN_NETWORKS_6 = (IPv6Network("::1/128"), IPv6Network("fc00::/7"))


def checked_url(text: str, *, private: bool) -> str:
    """Return a URL that a webhook may have, its host in ASCII; or raise InvalidInputError.

    With `private` it may also be http, and in the asker's own network.
    """
    if len(text) > URL_MOST:
        raise _refusal(f"must be at most {URL_MOST} characters")
    parts = _split(text)
    if parts.scheme not in ({"https", "http"} if private else {"https"}):
        raise _refusal("must begin with https://")
    if "@" in parts.netloc:
        raise _refusal("must hold no user name or password")
    if "#" in text:
        raise _refusal("must hold no fragment")
    if "\\" in text or not _PATH.fullmatch(parts.path + parts.query):
        raise _refusal("must be spelt in ASCII, with % for all else")
    name = parts.hostname or ""
    if "[" in parts.netloc and ":" not in name:
        raise _refusal("must name a host")  # brackets are for addresses of IPv6
    host = _host(name, private=private)
    rest = parts._replace(netloc=host + _port(parts, private=private)).geturl()
    if len(rest) > URL_MOST:
        raise _refusal(f"must be at most {URL_MOST} characters")
    return rest


def may_be_sent_to(address: str, *, private: bool) -> bool:
    """Say whether an address is of the public internet; with `private` also of one's own network.

    What stands for another address, as IPv6 has it in four ways, is judged by that one too.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return all(
        each not in _METADATA and (_is_public(each) or (private and _is_own(each)))
        for each in _meant(found)
    )


def _split(text: str) -> SplitResult:
    # The library drops tabs and line ends without a word.
    if any(c.isspace() or not c.isprintable() for c in text):
        raise _refusal("must hold no spaces")
    try:
        return urlsplit(text)
    except ValueError as error:
        raise _refusal("is not a URL") from error


def _host(name: str, *, private: bool) -> str:
    """Return a host in ASCII; an address must be a public one."""
    if ":" in name:
        if not may_be_sent_to(name, private=private) or "%" in name:
            raise _refusal("must not be in a network of its own")
        return f"[{IPv6Address(name)}]"
    labels = _ascii(name.removesuffix(".")).split(".")
    if _NUMBER.fullmatch(labels[-1]):  # and so the whole is a number, in one of many spellings
        return _number(".".join(labels), private=private)
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise _refusal("must name a host")
    if not private and (len(labels) == 1 or labels[-1] in _OWN_NAMES):
        raise _refusal("must not be in a network of its own")
    return ".".join(labels)


def _ascii(name: str) -> str:
    try:
        encoded = name.encode("idna").decode().lower()
    except UnicodeError as error:
        raise _refusal("must name a host") from error
    if len(encoded) > _HOST_MOST:
        raise _refusal("must name a host")
    return encoded


def _number(name: str, *, private: bool) -> str:
    try:
        address = IPv4Address(name)
    except ValueError as error:
        raise _refusal("must name a host") from error
    if not may_be_sent_to(str(address), private=private):
        raise _refusal("must not be in a network of its own")
    return str(address)


def _port(parts: SplitResult, *, private: bool) -> str:
    try:
        port = parts.port
    except ValueError as error:
        raise _refusal("has a port that is none") from error
    if port is None:
        return ""
    if port in PORTS or (private and port):
        return f":{port}"
    if port == HTTPS_PORT:
        return ""
    raise _refusal(f"must have port {HTTPS_PORT}, or one from {PORTS[0]} to {PORTS[-1]}")


def _meant(address: Address) -> list[Address]:
    """Return an address with those that it stands for."""
    found: list[Address] = [address]
    if isinstance(address, IPv4Address):
        return found
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address in _NAT64:
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    if address.sixtofour:
        found.append(address.sixtofour)
    if address.teredo:
        found += address.teredo
    return found


def _is_public(address: Address) -> bool:
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    if isinstance(address, IPv6Address) and address not in _GIVEN_OUT:
        return False
    return not any(address in network for network in _NOT_PUBLIC)


def _is_own(address: Address) -> bool:
    networks = _OWN_NETWORKS if isinstance(address, IPv4Address) else _OWN_NETWORKS_6
    return any(address in network for network in networks)


def _refusal(why: str) -> InvalidInputError:
    return InvalidInputError(f"the URL {why}", field="url")
