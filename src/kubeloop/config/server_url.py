"""Checking and normalising the address of a server or proxy; no I/O.

The transport appends the path of a request; `transport.connecting.environment` reads the proxy of the environment.
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
# A host name as Go accepts it. The only escape is that of a zone, `[fe80::1%25eth0]`, in brackets. A negated class,
# because a range up to the last code point takes milliseconds to compile.
_NAME = re.compile(r"[^\x00-\x20#%/:?@\[\\\]^`{|}\x7f]+")
# The characters that Go's url.EscapedPath does not escape, in addition to letters, digits and `_.-~`.
_PATH_SAFE = "/$&+,:;=@"


def server_url(host: str, *, tls: bool) -> str:
    """Return the address of an API server as `scheme://host[:port][/prefix]`.

    The prefix is normalised as in client-go: it is escaped where necessary, has no empty segments, `.` or `..`, and an
    escaped slash becomes a slash.

    Args:
        host: A URL, `host:port` or a host; `""` is `localhost`. A query or fragment is ignored.
        tls: Whether the default scheme is https instead of http.

    Raises:
        ValueError: The text is not an address, has a scheme other than http and https, a path without a scheme, or a
            user and password. The message contains no password.

    Reference: client-go rest/url_utils.go, DefaultServerURL; rest/request.go, Request.URL. Intended differences: a user
        and password, an `@` after the host (from a password with a raw `/`, `?` or `#`), a port above 65535, and a host
        name that is invalid in DNS or percent-encoded are refused.
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
        raise ValueError(f"{shown}: a % is not followed by two hexadecimal digits; write %25 for a literal %")
    return f"{parts.scheme}://{parts.netloc.removesuffix(':')}{_prefix(parts.path)}"


def check_proxy_url(proxy: str) -> SplitResult:
    """Check a `proxy-url` and return its parts. The schemes are http, https, socks5 and socks5h.

    Raises:
        ValueError: The text is not a URL, or has another scheme. The message contains no password.

    Reference: client-go tools/clientcmd/client_config.go, parseProxyURL. Intended differences: `socks5h`, which Go's
        transport supports, is accepted; an `@` after the host is refused, as in `server_url`.
    """
    shown = f"proxy-url {without_userinfo(proxy)!r}"
    if _SCHEME.match(proxy) is None:
        raise ValueError(f"{shown} needs a scheme: http, https or socks5")
    parts = _split(proxy, shown)
    if parts.scheme not in {"http", "https", "socks5", "socks5h"}:
        raise ValueError(f"{shown}: unsupported scheme {parts.scheme!r}, must be http, https or socks5")
    return parts


def check_host_name(name: str) -> None:
    """Check that a host name is valid in DNS, because resolvers and TLS fail on others in different ways.

    Raises:
        ValueError: A part between dots is empty or longer than 63 bytes.
    """
    try:
        # Only international names need the codec, which takes milliseconds to import.
        text = name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        text = ""
    if not all(0 < len(label) < 64 for label in text.removesuffix(".").split(".")):
        raise ValueError("a host name must have 1 to 63 characters between dots")


def without_userinfo(url: str) -> str:
    """Return a URL without its user and password, for messages.

    Everything up to the last `@` is masked, because a password may contain a raw `/`, `?` or `#`, which would end the
    host part of the URL.
    """
    _, at, rest = url.rpartition("@")
    if not at:
        return url
    scheme = _START.match(url)
    return f"{scheme[0] if scheme else ''}***@{rest}"


def _split(text: str, what: str) -> SplitResult:
    if _FORBIDDEN.search(text):
        raise ValueError(f"{what}: the URL contains a space, a control character or a lone surrogate")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(f"{what} is not a URL") from None
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":
        # A part of the password would be the host, and the rest would be shown in the path of each request.
        raise ValueError(f"{what}: an @ after the host; in a password write / as %2F, ? as %3F, # as %23 and @ as %40")
    if not parts.hostname or port == 0:
        raise ValueError(f"{what} is not a URL with a host")
    if "[" not in parts.netloc:
        name = parts.netloc.rpartition("@")[2].partition(":")[0]
        if not _NAME.fullmatch(name):
            raise ValueError(f"{what} is not a URL: the host name contains an invalid character")
        try:
            check_host_name(name)
        except ValueError as error:
            raise ValueError(f"{what}: {error}") from None
    return parts


def _prefix(path: str) -> str:
    # POSIX keeps two slashes at the beginning, so they are reduced to one.
    clean = posixpath.normpath(b"/" + unquote_to_bytes(path).lstrip(b"/"))
    return quote(clean, safe=_PATH_SAFE).rstrip("/")
