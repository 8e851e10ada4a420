"""Which proxy the environment names for a server, by Go's rules; pure.

Reference: golang.org/x/net/http/httpproxy, Config.ProxyFunc, which client-go uses when a cluster has no `proxy-url`.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["environment_proxy"]


def environment_proxy(server: str, environ: Mapping[str, str]) -> str | None:
    """Return the proxy for a server, None for none.

    Args:
        server: The server's URL.
        environ: Where `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are looked up, in upper case first.
    """
    parts = urlsplit(server)
    name = "HTTPS_PROXY" if parts.scheme == "https" else "HTTP_PROXY"
    if name == "HTTP_PROXY" and environ.get("REQUEST_METHOD"):
        return None  # in a CGI program HTTP_PROXY is the `Proxy:` header of whoever sent the request
    proxy = environ.get(name) or environ.get(name.lower())
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if not proxy or _is_local(host) or _is_excepted(host, port, environ.get("NO_PROXY") or environ.get("no_proxy", "")):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_excepted(host: str, port: int, no_proxy: str) -> bool:
    return any(_matches(host, port, pattern.strip().lower()) for pattern in no_proxy.split(","))


def _matches(host: str, port: int, pattern: str) -> bool:
    if pattern in {"", "*"}:
        return pattern == "*"
    try:
        address = ip_address(host)
    except ValueError:
        address = None
    if "/" in pattern:
        try:
            return address is not None and address in ip_network(pattern, strict=False)
        except ValueError:
            return False
    name, colon, number = pattern.rpartition(":")
    if colon and number.isdigit() and (":" not in name or name.endswith("]")):
        if int(number) != port:
            return False
        pattern = name
    pattern = pattern.strip("[]")
    if address is not None:
        try:
            return ip_address(pattern) == address
        except ValueError:
            return False
    # "example.com" is for the domain and all below it; ".example.com" and "*.example.com" only for those below.
    domain = pattern.removeprefix("*")
    return host.endswith(domain) if domain.startswith(".") else host == domain or host.endswith(f".{domain}")
