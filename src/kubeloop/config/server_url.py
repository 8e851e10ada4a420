"""What a server or proxy address may look like, and its normal form; pure text.

Not here: how a request's path is put behind it (the transport), and which proxy the environment names
(`transport.connecting.environment`).
"""

from __future__ import annotations

import posixpath
import re
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit

__all__ = ["check_host_name", "check_proxy_url", "server_url", "without_userinfo"]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_START = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\\ud800-\udfff]")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
# What Go lets stand in a host's name: no escapes but that of a zone, `[fe80::1%25eth0]`, which stands in brackets.
# (By what it is not: a range up to the last code point takes milliseconds to compile.)
_NAME = re.compile(r"[^\x00-\x20#%/:?@\[\\\]^`{|}\x7f]+")
# What Go's url.EscapedPath leaves as it is beside letters, digits and `_.-~`.
_PATH_SAFE = "/$&+,:;=@"


def server_url(host: str, *, tls: bool) -> str:
    """Normalise the address of an API server to `scheme://host[:port][/prefix]`.

    The prefix comes out as client-go sends it: escaped where it must be, and no more; without empty segments, `.` and
    `..`; an escaped slash is a slash.

    Args:
        host: A URL, `host:port` or a host; `""` is `localhost`. A query or fragment is dropped.
        tls: The scheme to take when the address has none: https, else http.

    Raises:
        ValueError: Not an address, another scheme than http and https, a path without a scheme, or a user and password
            in it. The message has no password in it.

    Reference: client-go rest/url_utils.go, DefaultServerURL; rest/request.go, Request.URL. Intended differences: a user
    and password, an `@` behind the host (a password with a raw `/`, `?` or `#` in it), a port above 65535, and a host
    name that DNS cannot hold or that is written in escapes are refused.
    """
    shown = f"host {without_userinfo(host)!r}"
    text = host or "localhost"
    has_scheme = _SCHEME.match(text) is not None
    if not has_scheme:
        text = f"{'https' if tls else 'http'}://{text}"
    parts = _split(text, shown)
    if not has_scheme and parts.path not in {"", "/"}:
        raise ValueError(f"{shown} must be a URL or host:port: a path needs the scheme before it")
    if parts.scheme not in {"http", "https"}:
        raise ValueError(f"{shown}: the scheme must be http or https, not {parts.scheme}")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"{shown}: put the user and password into the user entry, not into the URL")
    if _BROKEN_ESCAPE.search(parts.path) or _BROKEN_ESCAPE.search(parts.fragment):
        raise ValueError(f"{shown}: a % without two hexadecimal digits after it; write %25 for itself")
    return f"{parts.scheme}://{parts.netloc.removesuffix(':')}{_prefix(parts.path)}"


def check_proxy_url(proxy: str) -> SplitResult:
    """Check a `proxy-url` and take it apart. The schemes are http, https, socks5 and socks5h.

    Raises:
        ValueError: Not a URL, or of a scheme that there is no proxy for. The message has no password in it.

    Reference: client-go tools/clientcmd/client_config.go, parseProxyURL. Intended differences: `socks5h`, which Go's
    transport knows, is taken here too; an `@` behind the host is refused, as in `server_url`.
    """
    shown = f"proxy-url {without_userinfo(proxy)!r}"
    if _SCHEME.match(proxy) is None:
        raise ValueError(f"{shown} needs a scheme: http, https or socks5")
    parts = _split(proxy, shown)
    if parts.scheme not in {"http", "https", "socks5", "socks5h"}:
        raise ValueError(f"{shown}: unsupported scheme {parts.scheme!r}, must be http, https or socks5")
    return parts


def check_host_name(name: str) -> None:
    """Refuse a name that DNS cannot hold, and that resolvers and TLS fail on in ways of their own.

    Raises:
        ValueError: An empty part, or one of more than 63 bytes.
    """
    try:
        # The codec takes milliseconds to load, which nearly no program has to pay.
        text = name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        text = ""
    if not all(0 < len(label) < 64 for label in text.removesuffix(".").split(".")):
        raise ValueError("a host name needs parts of 1 to 63 characters between its dots")


def without_userinfo(url: str) -> str:
    """Return a URL without its user and password, for messages.

    What is masked ends with the last `@` wherever that stands: a password may have a raw `/`, `?` or `#` in it, which
    would end the host's part of the URL.
    """
    _, at, rest = url.rpartition("@")
    if not at:
        return url
    scheme = _START.match(url)
    return f"{scheme[0] if scheme else ''}***@{rest}"


def _split(text: str, what: str) -> SplitResult:
    if _FORBIDDEN.search(text):
        raise ValueError(f"{what}: a space or control character or a lone surrogate in a URL")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(f"{what} is not a URL") from None
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":
        # A part of the password would be taken for host and port, the rest shown with each request's path.
        raise ValueError(f"{what}: an @ behind the host; write / as %2F, ? as %3F and # as %23 in a password, @ as %40")
    if not parts.hostname or port == 0:
        raise ValueError(f"{what} is not a URL with a host")
    if "[" not in parts.netloc:
        name = parts.netloc.rpartition("@")[2].partition(":")[0]
        if not _NAME.fullmatch(name):
            raise ValueError(f"{what} is not a URL: a character that cannot stand in a host name")
        try:
            check_host_name(name)
        except ValueError as error:
            raise ValueError(f"{what}: {error}") from None
    return parts


def _prefix(path: str) -> str:
    # Two slashes at the beginning mean something in POSIX.
    clean = posixpath.normpath(b"/" + unquote_to_bytes(path).lstrip(b"/"))
    return quote(clean, safe=_PATH_SAFE).rstrip("/")
