"""The target of a redirect, and the decision to follow it: only for GET and HEAD, and only on the same server.

The loop that sends the next request is in `request_sender`; transports never follow a redirect.

Reference: Go net/http client.go (redirectBehavior, defaultCheckRedirect), which client-go uses as it is. Intended
differences: Go turns a write whose response is 301, 302 or 303 into a GET, whose success then looks like that of
the write, and sends it again after 307 and 308; and it follows to any other server, where client-go's transport adds
the credentials again. Here, both raise an `APIError` that names the target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, urlsplit

from kubeloop.config.server_url import without_userinfo
from kubeloop.errors import APIError, StatusDetails
from kubeloop.wire.redaction import is_confidential
from kubeloop.wire.request import Request, absolute_target
from kubeloop.wire.response import REDIRECTS

if TYPE_CHECKING:
    from kubeloop.rest.result import Result

__all__ = ["Redirects"]

_MOST_REQUESTS = 10
_NO_ADDRESS = "that is not an address"
_PORTS = {"http": 80, "https": 443}
# All of ASCII that is printed; what is not refused later stands for itself.
_NOT_ESCAPED = "".join(map(chr, range(0x21, 0x7F)))


class Redirects:
    """The redirects of one attempt to send a request.

    Args:
        request: The first request.
        server: The server's address, `scheme://host[:port][/prefix]`.
    """

    __slots__ = ("_count", "_first", "_request", "_server")

    def __init__(self, request: Request, server: str) -> None:
        self._first = request
        # The content of another path is as secret as that of the requested path.
        is_secret = request.is_confidential or is_confidential(request.path)
        self._request = request.replace(is_confidential=is_secret)
        self._server = server
        self._count = 1

    def after(self, result: Result) -> Request | None:
        """Return the next request; None if the response is not a redirect, or names no location.

        Raises:
            APIError: The redirect is not followed; the message names the target, without user, password and
                query, and the reason.
        """
        # Characters that an address cannot contain are escaped; `urlsplit` would drop them.
        response = result.response
        location = quote(response.headers.get("location", "").strip(" "), safe=_NOT_ESCAPED, errors="surrogatepass")
        if response.status not in REDIRECTS or not location:
            return None
        if self._first.method not in {"GET", "HEAD"}:
            raise self._refusal(result, location, f"a {self._first.method} is not sent to another address")
        if self._count >= _MOST_REQUESTS:
            raise self._refusal(result, location, f"{self._count} requests in a row were redirected")
        try:
            target = self._resolve(location)
        except ValueError as error:
            raise self._refusal(result, location, str(error)) from None
        self._count += 1
        self._request = self._request.replace(target=target)
        return self._request

    def _resolve(self, location: str) -> str:
        """Return the target of a location, without the server's path prefix.

        Raises:
            ValueError: The location is not below the server's address, or is not an address.

        Reference: RFC 3986, 5.2.
        """
        server = urlsplit(self._server)
        own, _, own_query = self._request.target.partition("?")
        try:
            to = urlsplit(location)
            is_here = not (to.scheme or to.netloc) or _origin(to, server.scheme) == _origin(server, server.scheme)
        except ValueError:
            raise ValueError(_NO_ADDRESS) from None
        if not is_here or to.username is not None:
            raise ValueError(f"credentials are sent to {server.scheme}://{server.netloc} only")
        path, query = to.path, to.query
        if to.netloc:
            path = path or "/"
        elif not path:
            path, query = f"{server.path}{own}", query if "?" in location else own_query
        elif not path.startswith("/"):
            path = f"{server.path}{own.rpartition('/')[0]}/{path}"
        segments, prefix = _without_dots(path), server.path.split("/")[1:]
        if [*map(unquote, segments[: len(prefix)])] != [*map(unquote, prefix)]:
            raise ValueError(f"requests are sent to addresses below {self._server} only")
        rest = segments[len(prefix) :] or [""]
        if not {".", ".."}.isdisjoint(map(unquote, rest)):
            raise ValueError("an escaped '.' or '..' could lead anywhere")
        try:
            return absolute_target(f"/{'/'.join(rest)}{'?' if query else ''}{query}")
        except ValueError:
            raise ValueError(_NO_ADDRESS) from None

    def _refusal(self, result: Result, location: str, why: str) -> APIError:
        before, slashes, after = location.partition("#")[0].partition("?")[0].partition("//")
        authority, slash, path = after.partition("/")
        bare = f"{before}{slashes}{without_userinfo(authority)}{slash}{path}" if slashes else without_userinfo(before)
        shown = result.redaction().name(bare)
        message = f"the server redirects to {shown}, which is not followed: {why}"
        status = StatusDetails(code=result.status, message=message)
        return APIError(status, method=self._first.method, path=self._first.path)

    def __repr__(self) -> str:
        return f"<Redirects {self._first.method} {self._first.path}: {self._count} requests>"


def _origin(url: SplitResult, scheme: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port of an address; of one without a scheme that of the server.

    Raises:
        ValueError: The port is not a number from 0 to 65535.
    """
    scheme = url.scheme or scheme
    return scheme, url.hostname, url.port or _PORTS.get(scheme)


def _without_dots(path: str) -> list[str]:
    """Return the segments of a path without `.` and `..`."""
    kept: list[str] = []
    given = path.split("/")[1:]
    for segment in given:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return [*kept, ""] if given[-1] in {".", ".."} else kept
