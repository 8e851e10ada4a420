"""The proxy that environment variables name for a server, by the rules of Go, so that all programs of a machine agree.

Reference: golang.org/x/net/http/httpproxy, Config.ProxyFunc, which client-go uses for a cluster without `proxy-url`.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from kubeloop.transport.connecting.address import ascii_name, parse_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeloop.transport.connecting.address import Address

__all__ = ["environment_proxy"]


def environment_proxy(server: str, environ: Mapping[str, str]) -> str | None:
    """Return the URL of the proxy for a server; None for a direct connection.

    Some rules of Go may surprise: in `NO_PROXY` the entry `*corp.com` matches nothing (only `*.` is a wildcard), a
        final
    dot makes a different name, an IPv4 address equals its IPv6 form, and the name `LOCALHOST` is not this machine.
    Intended differences: in a CGI program `HTTP_PROXY` is ignored, where Go refuses every request; and the transport
    refuses a proxy that is not a URL, which Go ignores.

    Args:
        server: The server's URL.
        environ: The environment with `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`; names in upper case are looked up
            first.
    """
    parts = urlsplit(server)
    name = "HTTPS_PROXY" if parts.scheme == "https" else "HTTP_PROXY"
    if name == "HTTP_PROXY" and environ.get("REQUEST_METHOD"):
        return None  # in a CGI program HTTP_PROXY is the `Proxy:` header of the request
    proxy = environ.get(name) or environ.get(name.lower())
    if not proxy:
        return None
    host = _host(parts.netloc)
    port = str(parts.port or (443 if parts.scheme == "https" else 80))
    no_proxy = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    if _is_excepted(host, port, no_proxy):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _host(netloc: str) -> str:
    """Return the host with its upper-case letters, which `hostname` of `urlsplit` does not keep."""
    address = netloc.rpartition("@")[2]
    host = address[1:].partition("]")[0] if address.startswith("[") else address.partition(":")[0]
    return ascii_name(unquote(host))


def _is_excepted(host: str, port: str, no_proxy: str) -> bool:
    address = parse_address(host.partition("%")[0])
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    patterns = [pattern.strip().lower() for pattern in no_proxy.split(",")]
    return "*" in patterns or any(_matches(host.strip().lower(), address, port, pattern) for pattern in patterns)


def _matches(host: str, address: Address | None, port: str, pattern: str) -> bool:
    if (network := _network(pattern)) is not None:
        return address is not None and address in network
    name, wanted = _split_port(pattern)
    if wanted not in {"", port} or not name:
        return False
    if (excepted := parse_address(name)) is not None:
        return excepted == address
    if address is not None:
        return False
    # "example.com" is the domain and its subdomains; ".example.com" and "*.example.com" are only the subdomains.
    domain = ascii_name(name[1:] if name.startswith("*.") else name)
    return host.endswith(domain) if domain.startswith(".") else host == domain or host.endswith(f".{domain}")


def _split_port(pattern: str) -> tuple[str, str]:
    """Split `host:port` or `[host]:port`; any other text is a host without a port.

    Reference: Go's net, SplitHostPort.
    """
    host, colon, port = pattern.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    inner = host[1:-1] if bracketed else host
    if not colon or any(char in inner + port for char in "[]") or (":" in inner and not bracketed):
        return pattern, ""
    return inner, port


def _network(text: str) -> IPv4Network | IPv6Network | None:
    """Parse a network in CIDR notation; return None for other texts, including an address with a netmask."""
    address, _, bits = text.partition("/")
    if "%" in address or not (bits.isascii() and bits.isdigit()):
        return None
    try:
        network = ip_network(f"{address}/{int(bits)}", strict=False)
    except ValueError:
        return None
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped is not None:
        return IPv4Network((network.network_address.ipv4_mapped, network.prefixlen - 96))
    return network
