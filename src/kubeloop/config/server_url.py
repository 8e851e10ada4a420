"""What a server or proxy address may look like, and its normal form; pure text.

Not here: how a request's path is put behind it (the transport), and which proxy the environment names
(`transport.proxy`).
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

__all__ = ["check_proxy_url", "server_url", "without_userinfo"]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")


def server_url(host: str, *, tls: bool) -> str:
    """Normalise the address of an API server to `scheme://host[:port][/prefix]`.

    Args:
        host: A URL, `host:port` or a host; `""` is `localhost`. A query or fragment is dropped.
        tls: The scheme to take when the address has none: https, else http.

    Raises:
        ValueError: Not an address, another scheme than http and https, a path without a scheme, or a user and password
            in it.

    Reference: client-go rest/url_utils.go, DefaultServerURL.
    """
    text = host or "localhost"
    has_scheme = _SCHEME.match(text) is not None
    if not has_scheme:
        text = f"{'https' if tls else 'http'}://{text}"
    parts = _split(text, f"host {without_userinfo(host)!r}")
    if not has_scheme and parts.path not in {"", "/"}:
        raise ValueError(f"host {host!r} must be a URL or host:port: a path needs the scheme before it")
    if parts.scheme not in {"http", "https"}:
        raise ValueError(f"host {without_userinfo(host)!r}: the scheme must be http or https, not {parts.scheme}")
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            f"host {without_userinfo(host)!r}: put the user and password into the user entry, not into the URL"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def check_proxy_url(proxy: str) -> SplitResult:
    """Check a `proxy-url` and take it apart.

    Raises:
        ValueError: Not a URL, or of a scheme that there is no proxy for. The message has no password in it.

    Reference: client-go tools/clientcmd/client_config.go, parseProxyURL. Intended difference: `socks5` is refused, for
    want of a library.
    """
    shown = without_userinfo(proxy)
    if _SCHEME.match(proxy) is None:
        raise ValueError(f"proxy-url {shown!r} needs a scheme: http or https")
    parts = _split(proxy, f"proxy-url {shown!r}")
    if parts.scheme in {"socks5", "socks5h"}:
        raise ValueError(f"proxy-url {shown!r}: socks5 proxies are not supported; use an http proxy in front of it")
    if parts.scheme not in {"http", "https"}:
        raise ValueError(f"proxy-url {shown!r}: unsupported scheme {parts.scheme!r}, must be http or https")
    return parts


def without_userinfo(url: str) -> str:
    """Return a URL with the user and password in it replaced, for messages."""
    return re.sub(r"(^|//)[^/?#]*@", r"\1***@", url, count=1)


def _split(text: str, what: str) -> SplitResult:
    if _FORBIDDEN.search(text):
        raise ValueError(f"{what}: a space or control character in a URL")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(f"{what} is not a URL") from None
    if not parts.hostname or port == 0:
        raise ValueError(f"{what} is not a URL with a host")
    return parts
