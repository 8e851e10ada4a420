"""The host and port of a server or proxy, parsed from its URL, and the ASCII form of host names; no I/O."""

from __future__ import annotations

from base64 import b64encode
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import ClassVar, Self, TypeAlias
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from kubeloop._kit.value import Value

__all__ = ["Address", "Endpoint", "ascii_name", "parse_address"]

Address: TypeAlias = IPv4Address | IPv6Address

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


class Endpoint(Value, frozen=True):
    """A server or proxy to connect to.

    Attributes:
        scheme: The scheme in lower case.
        host: The name in ASCII, or an address; an IPv6 address has no brackets and may end in `%zone`.
        port: The port; the scheme's default if the URL has none.
        shown: `host:port` as in the URL, for messages.
        user: The user as bytes; None if the URL has no user.
        password: The password as bytes.
    """

    unshown: ClassVar[frozenset[str]] = frozenset({"user", "password"})

    scheme: str
    host: str
    port: int
    shown: str
    user: bytes | None = None
    password: bytes = b""

    @classmethod
    def parse(cls, url: str) -> Self:
        """Parse a URL that `config.server_url` has checked.

        User and password may contain any characters, percent-encoded UTF-8 or plain.
        """
        parts = urlsplit(url)
        host = unquote(parts.hostname or "")
        port = parts.port or _PORTS[parts.scheme]
        user = None if parts.username is None else unquote_to_bytes(parts.username)
        password = unquote_to_bytes(parts.password or "")
        return cls(parts.scheme, ascii_name(host), port, _joined(host, port), user, password)

    @property
    def target(self) -> str:
        """The text `host:port` in ASCII, with brackets around an IPv6 address."""
        return _joined(self.host, self.port)

    @property
    def certified_name(self) -> str:
        """The name or address for which the certificate must be valid, without the zone and a final dot."""
        return self.host.partition("%")[0].removesuffix(".")

    @property
    def authorization(self) -> str | None:
        """The value of `Proxy-Authorization` (RFC 7617); None if the URL has no user."""
        if self.user is None:
            return None
        return f"Basic {b64encode(b':'.join((self.user, self.password))).decode('ascii')}"


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_address(text: str) -> Address | None:
    """Return the address in a text, or None if the text is not an address or has a zone.

    An IPv4 address that is written as IPv6 (`::ffff:10.0.0.1`) is returned as IPv4.
    """
    if "%" in text:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def ascii_name(name: str) -> str:
    """Return the ASCII form of an international host name, or the name itself if it has no such form.

    The standard library implements IDNA 2003. Go's IDNA 2008 differs for `ß` and a few other letters.
    """
    if name.isascii():
        return name
    try:
        return ".".join(label.encode("idna").decode("ascii") if label else "" for label in name.split("."))
    except UnicodeError:
        return name
