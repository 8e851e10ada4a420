"""What a URL says about where to connect to: a server or a proxy; and the ASCII form of names; pure."""

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
    """Where to connect to.

    Args:
        scheme: In lower case.
        host: The name in ASCII, or an address; an IPv6 address without brackets, its zone behind `%`.
        port: The port, that of the scheme if the URL has none.
        shown: `host:port` as the URL has it, for messages.
        user: The user as bytes, None without one.
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
        """Take a URL apart that `config.server_url` has checked.

        User and password may have any characters, as escapes of UTF-8 or plain.
        """
        parts = urlsplit(url)
        host = unquote(parts.hostname or "")
        port = parts.port or _PORTS[parts.scheme]
        user = None if parts.username is None else unquote_to_bytes(parts.username)
        password = unquote_to_bytes(parts.password or "")
        return cls(parts.scheme, ascii_name(host), port, _joined(host, port), user, password)

    @property
    def target(self) -> str:
        """`host:port` in ASCII, an IPv6 address in brackets."""
        return _joined(self.host, self.port)

    @property
    def certified_name(self) -> str:
        """The name or address that the certificate must be for: without a zone, and without a dot at the end."""
        return self.host.partition("%")[0].removesuffix(".")

    @property
    def authorization(self) -> str | None:
        """The value of `Proxy-Authorization` for user and password, None without them (RFC 7617)."""
        if self.user is None:
            return None
        return f"Basic {b64encode(b':'.join((self.user, self.password))).decode('ascii')}"


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_address(text: str) -> Address | None:
    """Return an address, an IPv4 address that is written as IPv6 as what it is; None for anything else, also a zone."""
    if "%" in text:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def ascii_name(name: str) -> str:
    """Return the ASCII form of an international name; one that has none stays as it is.

    By IDNA 2003, the one that the standard library has: Go's IDNA 2008 differs in `ß` and a few other letters.
    """
    if name.isascii():
        return name
    try:
        return ".".join(label.encode("idna").decode("ascii") if label else "" for label in name.split("."))
    except UnicodeError:
        return name
