"""Intended differences in connecting, in the addresses of requests and in the meaning of responses."""

from __future__ import annotations

import json
import posixpath
import re
from typing import Any
from urllib.parse import unquote, urlsplit

from .entry import Difference, differing, only, refused

__all__ = ["INTENDED"]


def _entries(case: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the cluster and the user that a case chooses, if its first file is JSON; otherwise two empty ones."""
    try:
        config = json.loads(case["files"].get("config") or case["files"]["x/a"])
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    except (ValueError, KeyError, TypeError, IndexError):
        return {}, {}
    return cluster or {}, user or {}


def _cluster(case: Any) -> dict[str, Any]:
    return _entries(case)[0]


def _user(case: Any) -> dict[str, Any]:
    return _entries(case)[1]


def _is_plain_http(case: Any) -> bool:
    server = str(_cluster(case).get("server"))
    return server.startswith("http:") or "://" not in server


def _refused_by_tls(case: Any, go: Any, ours: Any) -> bool:
    return refused(ours) and not refused(go) and go["tls"] == {"usable": False}


def _has_no_such_user(case: Any, go: Any, ours: Any) -> bool:
    return (
        refused(ours) and not refused(go) and set(go) == {"host", "namespace", "tls", "headers"} and go["headers"] == {}
    )


def _tokens(case: Any) -> set[str]:
    return {"token", "token_file"} & case.get("overrides", {}).keys()


_CLIENT = {"client-certificate", "client-certificate-data", "client-key", "client-key-data"}


def _has_both(entry: dict[str, Any]) -> bool:
    """Return whether an entry holds both the data of something and the file that contains the data."""
    return any(entry.get(name) and entry.get(f"{name}-data") for name in entry)


_KUBECONFIG = [
    Difference(
        "kubeconfig",
        "A context that names a user that does not exist is an error; Go continues anonymously (H8).",
        lambda case, go, ours: (
            _has_no_such_user(case, go, ours)
            and re.search(r"users: null|- \{\}|user: x", case["files"].get("config", "")) is not None
        ),
    ),
    Difference(
        "kubeconfig",
        "An empty current-context selects nothing; Go finds a context whose name is empty.",
        lambda case, go, ours: refused(ours) and "- name: ''" in case["files"].get("config", ""),
    ),
    Difference(
        "kubeconfig",
        "A user and password in the server's address are refused: they belong in the user entry.",
        lambda case, go, ours: refused(ours) and "@" in str(_cluster(case).get("server")),
    ),
    Difference(
        "kubeconfig",
        "A server that is neither http nor https is refused when it is loaded; Go fails at the first request.",
        lambda case, go, ours: refused(ours) and str(_cluster(case).get("server")).startswith("ftp:"),
    ),
    Difference(
        "kubeconfig",
        "Settings without a possible connection (an authority beside insecure-skip-tls-verify, a file that is a "
        "folder, an exec plugin of an old version) are refused when they are loaded; Go fails when it connects.",
        _refused_by_tls,
    ),
    Difference(
        "kubeconfig",
        "A proxy needs a host.",
        lambda case, go, ours: refused(ours) and _cluster(case).get("proxy-url") == "http://",
    ),
    Difference(
        "kubeconfig",
        "Basic authentication beside a token file is refused when it is loaded; Go fails at the first request.",
        lambda case, go, ours: refused(ours) and not refused(go) and {"token_file", "username"} <= go.keys(),
    ),
    Difference(
        "kubeconfig",
        "An override of the token or the token file replaces both; Go still reads the other file and sends its token.",
        lambda case, go, ours: not refused(go) and "token_file" in go and len(_tokens(case)) == 1,
    ),
    Difference(
        "kubeconfig",
        "A negative timeout is refused, and a very large number of seconds does not overflow.",
        lambda case, go, ours: case.get("overrides", {}).get("timeout") in ("-1s", "99999999999"),
    ),
    Difference(
        "kubeconfig",
        "Auth providers are not supported: refused when loaded, with the alternative; Go fails when it connects.",
        lambda case, go, ours: refused(ours) and bool(_user(case).get("auth-provider")),
    ),
    Difference(
        "kubeconfig",
        "An authority that is an empty file is refused; Go trusts the system's authorities.",
        lambda case, go, ours: (
            only("tls", "headers")(case, go, ours) and _cluster(case).get("certificate-authority") == "empty"
        ),
    ),
    Difference(
        "kubeconfig",
        "An invalid client certificate, or one of another key, is an error of creating the client; in Go, of the "
        "handshake, as an error of TLS.",
        lambda case, go, ours: (
            only("tls", "headers")(case, go, ours)
            and ours["tls"] == {"usable": False}
            and bool(_CLIENT & _user(case).keys())
        ),
    ),
    Difference(
        "kubeconfig",
        "White space around a token is removed, as with a token from a file; Go sends the white space.",
        lambda case, go, ours: (
            only("headers")(case, go, ours) and str(_user(case).get("token")).strip() != _user(case).get("token")
        ),
    ),
    Difference(
        "kubeconfig",
        "An invalid token (with a space in it) is refused, not sent.",
        lambda case, go, ours: (
            only("headers")(case, go, ours)
            and refused(ours["headers"])
            and " " in go["headers"]["authorization"][0][7:]
        ),
    ),
    Difference(
        "kubeconfig",
        "Data beat the file of the same name, as Go's own message says (`will override`) with which it refuses both.",
        lambda case, go, ours: refused(go) and not refused(ours) and any(map(_has_both, _entries(case))),
    ),
    Difference(
        "kubeconfig",
        "Only settings in use are validated: a file need not exist beside its data, and the settings of TLS "
        "do not matter for a server without TLS.",
        lambda case, go, ours: (
            refused(go)
            and not refused(ours)
            and (_is_plain_http(case) or "missing" in {*_values(_cluster(case)), *_values(_user(case))})
        ),
    ),
]


_VIEWS = [
    Difference(
        "kubeconfig_views",
        "Both the data and the file of a certificate or key are no problem: the data are used.",
        lambda case, go, ours: only("problems")(case, go, ours) and _has_both_in_views(case),
    ),
]


def _has_both_in_views(case: Any) -> bool:
    config = json.loads(case["files"]["config0"])
    stanzas = [item.get("cluster") or item.get("user") or {} for item in (*config["clusters"], *config["users"])]
    return any(map(_has_both, stanzas))


def _values(entry: dict[str, Any]) -> set[str]:
    return {value.removesuffix(".pem") for value in entry.values() if isinstance(value, str)}


def _names_nothing(case: Any) -> bool:
    return (
        case.get("subresource", "x") == ""
        or "//" in f"/{case.get('subresource', '')}/"
        or not case.get("resource", "x")
    )


def _is_cleaned(case: Any, go: Any, ours: Any) -> bool:
    theirs, mine = urlsplit(go), urlsplit(ours)
    cleaned = posixpath.normpath(f"/{unquote(theirs.path).lstrip('/')}")
    is_same_server = unquote(theirs.netloc).rstrip(":") == mine.netloc
    return "tls" in case and is_same_server and cleaned == (unquote(mine.path) or "/")


_URLS = [
    Difference(
        "urls",
        "The address of a server is cleaned and escaped when it is read; Go does so with each request. The request"
        "is the same.",
        _is_cleaned,
    ),
    Difference(
        "urls",
        "A server that has no other scheme than http or https, or a user and password in it, is refused.",
        lambda case, go, ours: refused(ours) and re.match(r"ftp:|.*@", case["host"]) is not None,
    ),
    Difference(
        "urls",
        "A port beyond 65535 is refused when the address is read; Go fails when it connects.",
        lambda case, go, ours: refused(ours) and case["host"].endswith(":99999"),
    ),
    Difference(
        "urls",
        "The address of a server has neither query nor fragment; kubeloop drops them at once, Go at the first request.",
        lambda case, go, ours: "tls" in case and not refused(ours) and re.sub(r"/?[?#].*", "", str(go)) == ours,
    ),
    Difference(
        "urls",
        "No address is localhost (docstring of server_url); Go's callers of DefaultServerURL use localhost.",
        lambda case, go, ours: case["host"] == "" and refused(go) and "localhost" in str(ours),
    ),
    Difference(
        "urls",
        "A space or backslash in an address is refused: it is a mistake of copying far more often than a prefix.",
        lambda case, go, ours: refused(ours) and re.search(r"[ \\]", case["host"]) is not None,
    ),
    Difference(
        "urls",
        "A part of a path that is given but empty is refused; Go leaves it out, and so addresses something else.",
        lambda case, go, ours: refused(ours) and _names_nothing(case),
    ),
    Difference(
        "urls",
        "A subresource belongs to an object: without a name it is refused; Go sends another path.",
        lambda case, go, ours: refused(ours) and "subresource" in case and "name" not in case,
    ),
    Difference(
        "urls",
        "An empty namespace is the cluster scope, as None is (docstring of resource_path); Go refuses it"
        "when a name is given.",
        lambda case, go, ours: refused(go) and case.get("namespace") == "" and not refused(ours),
    ),
    Difference(
        "urls",
        "A group/version without a version, or one that would leave its place in the path, is refused.",
        lambda case, go, ours: refused(ours) and case.get("group_version") in {"", "apps/", "../v1"},
    ),
    Difference(
        "urls",
        "An absolute path is sent as it is written, query and escapes included, so that what discovery or a Location "
        "names can be followed; Go takes the path for unescaped text and escapes it again.",
        lambda case, go, ours: (
            "abs_path" in case and re.search(r"[?%]", case["abs_path"]) is not None and not refused(ours)
        ),
    ),
    Difference(
        "urls",
        "An absolute path with dot segments, two slashes, a fragment or a space is refused; Go cleans or escapes it.",
        lambda case, go, ours: (
            refused(ours) and re.search(r"^$|^//|/\.\.?/|[# ]", case.get("abs_path", "x")) is not None
        ),
    ),
    Difference(
        "urls",
        "Two slashes inside an absolute path are sent; Go cleans the path.",
        lambda case, go, ours: case.get("abs_path") == "/a//b" and "/a//b" in str(ours),
    ),
]


def _waits(case: Any) -> set[str]:
    return {reply.get("headers", {}).get("Retry-After", "") for reply in case["replies"]}


_ERRORS = [
    Difference(
        "errors",
        "Retry-After: 0 leads to a pause of at least half a second, with jitter; Go retries at once (C9).",
        lambda case, go, ours: (
            only("seconds")(case, go, ours) and "0" in _waits(case) and go["seconds"] < ours["seconds"]
        ),
    ),
    Difference(
        "errors",
        "A Retry-After of more than 60 seconds is raised at once, with retry_after; Go waits for the whole time (C9).",
        lambda case, go, ours: (
            ours["requests"] < go["requests"]
            and any(wait.isdecimal() and 60 < int(wait) < 10**9 for wait in _waits(case))
        ),
    ),
    Difference(
        "errors",
        "A watch with a 200 response is open; reading it reports that its body is invalid.",
        lambda case, go, ours: (
            case["verb"] == "WATCH" and only("failed")(case, go, ours) and case["replies"][-1].get("status") == 200
        ),
    ),
    Difference(
        "errors",
        "A watch requires 200; any other success is a response of the server and is reported with its status.",
        lambda case, go, ours: (
            case["verb"] == "WATCH"
            and only("failed", "code", "reason")(case, go, ours)
            and 200 < ours.get("code", 0) < 300
        ),
    ),
    Difference(
        "errors",
        "A watch without attempts left raises the last error; Go returns an empty watch.",
        lambda case, go, ours: (
            case["verb"] == "WATCH" and only("failed")(case, go, ours) and "failure" in case["replies"][-1]
        ),
    ),
    Difference(
        "errors",
        "The status of an error counts although its body breaks off; Go reports only an unreadable body (E14).",
        lambda case, go, ours: "cut" in case["replies"][0] and ours["code"] == case["replies"][0]["status"] >= 400,
    ),
    Difference(
        "errors",
        "A GET whose response breaks off is retried, as after a lost connection; Go does not retry.",
        lambda case, go, ours: (
            case["verb"] == "GET"
            and "cut" in case["replies"][0]
            and case["replies"][0]["status"] == 200
            and ours["requests"] == 2
        ),
    ),
    Difference(
        "errors",
        "Without a reason of the server the status decides, for 410 and 413 and each above 500 too.",
        lambda case, go, ours: (
            not go.get("reason")
            and (ours["code"] in {410, 413} or ours["code"] > 500)
            and only("reason", "is_internal")(case, go, ours)
        ),
    ),
    Difference(
        "errors",
        "An error has one class: the reason decides. In Go IsTooManyRequests also looks at the status.",
        lambda case, go, ours: (
            "is_too_many" in differing(go, ours)
            and bool(ours.get("reason"))
            and only("is_too_many", "retry_after")(case, go, ours)
        ),
    ),
    Difference(
        "errors",
        "retry_after is that of the Status, else of the Retry-After header; Go knows only the Status.",
        lambda case, go, ours: (
            differing(go, ours) >= {"retry_after"}
            and "retry_after" not in go
            and only("retry_after", "is_too_many")(case, go, ours)
        ),
    ),
    Difference(
        "errors",
        "Retry-After is a number of seconds in digits (RFC 9110); Go reads a sign too, and retries at once for -1.",
        lambda case, go, ours: any(
            reply.get("headers", {}).get("Retry-After", "")[:1] in {"+", "-"} and reply["headers"]["Retry-After"]
            for reply in case["replies"]
        ),
    ),
    Difference(
        "errors",
        "A Status without an apiVersion, with fields of a wrong type or a status that is neither Success nor Failure "
        "keeps its readable fields; Go does not accept it and builds a Status from the HTTP status.",
        lambda case, go, ours: (
            only("code", "reason", "is_internal", "is_not_found")(case, go, ours) and _is_odd_status(case)
        ),
    ),
    Difference(
        "errors",
        "The HTTP status is the outcome of a deletion, whatever its body; Go fails if the body cannot be read (A6).",
        lambda case, go, ours: (
            case["verb"] == "DELETE"
            and only("failed")(case, go, ours)
            and "failed" not in ours
            and 200 <= case["replies"][-1]["status"] <= 206
        ),
    ),
    Difference(
        "errors",
        "Expired is a Gone, which stands for 410 of any form (H7).",
        lambda case, go, ours: (
            only("is_gone", "is_too_many", "retry_after")(case, go, ours)
            and "is_gone" in differing(go, ours)
            and ours["is_expired"]
        ),
    ),
    Difference(
        "errors",
        "A Status without a code, or with one that HTTP does not have, has that of the response.",
        lambda case, go, ours: (
            only("code")(case, go, ours) and go["code"] <= 0 and ours["code"] == case["replies"][-1]["status"]
        ),
    ),
]


def _is_odd_status(case: Any) -> bool:
    status = json.loads(case["replies"][0]["body"])
    kinds = {"apiVersion": str, "reason": str, "message": str, "code": int, "details": dict, "metadata": dict}
    seconds = status.get("details", {"retryAfterSeconds": 0})
    seconds = seconds.get("retryAfterSeconds", 0) if isinstance(seconds, dict) else 0
    return (
        status.get("status") not in {"Success", "Failure"}
        or any(type(status.get(name)) is not kind for name, kind in kinds.items() if name in {"apiVersion", *status})
        or type(seconds) is not int
        or abs(status.get("code", 0)) >= 2**31
    )


_PROXIES = [
    Difference(
        "proxies",
        "In a CGI program HTTP_PROXY is the caller's input: it is ignored; Go refuses every request.",
        lambda case, go, ours: refused(go) and "REQUEST_METHOD" in case["env"] and ours == {},
    ),
]

_HEADERS = [
    Difference(
        "headers",
        "A user without a name is refused: an empty Impersonate-User is ignored by the server, and the request would "
        "be sent as the caller.",
        lambda case, go, ours: (
            refused(ours)
            and not refused(go)
            and any(not case[who]["name"] for who in ("impersonate", "auth_proxy") if who in case)
        ),
    ),
]

INTENDED: list[Difference] = [*_KUBECONFIG, *_VIEWS, *_URLS, *_ERRORS, *_PROXIES, *_HEADERS]
