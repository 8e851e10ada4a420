"""Intended differences of the auth-provider `oidc`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from kubeloop.config.id_token import id_token_expiry

from .entry import Difference, refused

__all__ = ["INTENDED"]


def _grants(result: Any) -> list[Any]:
    """Return the requests with a refresh token."""
    return [sent for sent in result["sent"] if sent[0] == "POST"]


def _token_documents(case: Any) -> Iterator[dict[str, Any]]:
    for reply in case["tokens"]:
        try:
            document = json.loads(reply["body"])
        except ValueError:
            continue
        if isinstance(document, dict) and reply["status"] < 300:
            yield document


def _is_unreadable(case: Any, go: Any, ours: Any) -> bool:
    config = case["config"]
    is_failure = not go["sent"] and set(go["authorization"]) == {None}
    return is_failure and bool(config["id-token"] and config["refresh-token"] and ours["sent"])


def _is_of_another_issuer(case: Any, go: Any, ours: Any) -> bool:
    issuer = json.loads(case["discovery"]["body"])["issuer"].rstrip("/")
    return issuer != case["config"]["idp-issuer-url"].rstrip("/") and bool(_grants(go)) and not _grants(ours)


def _is_plain_http(case: Any, go: Any, ours: Any) -> bool:
    if case["config"]["idp-issuer-url"].startswith("http:"):
        return refused(ours)
    endpoint = json.loads(case["discovery"]["body"])["token_endpoint"]
    return endpoint.startswith("http:") and bool(_grants(go)) and not _grants(ours)


def _is_without_access_token(case: Any, go: Any, ours: Any) -> bool:
    documents = list(_token_documents(case))
    is_such = any("id_token" in each and "access_token" not in each for each in documents)
    return is_such and None in go["authorization"] and None not in ours["authorization"]


def _is_unusable(case: Any, go: Any, ours: Any) -> bool:
    returned = [each["id_token"] for each in _token_documents(case) if "id_token" in each]
    unusable = {f"Bearer {token}" for token in returned if id_token_expiry(token) < 946_684_800}
    return bool(unusable & {*go["authorization"]}) and not unusable & {*ours["authorization"]}


def _keeps_a_refresh_token(case: Any, go: Any, ours: Any) -> bool:
    rotated = {each["refresh_token"] for each in _token_documents(case) if "id_token" not in each}
    is_kept = ours["written"]["refresh-token"] in rotated and go["written"] is None
    return is_kept and go["authorization"] == ours["authorization"]


def _is_failure_of_the_server(case: Any, go: Any, ours: Any) -> bool:
    failed = any(reply["status"] >= 500 or not reply["status"] for reply in case["tokens"])
    first = ours["sent"][: len(go["sent"])]
    return failed and len(_grants(ours)) > 0 and (first != go["sent"] or len(first) < len(ours["sent"]))


def _is_redirected(case: Any, go: Any, ours: Any) -> bool:
    moved = {reply["location"] for reply in case["tokens"] if reply["location"]}
    return any(sent[1] in moved for sent in go["sent"]) and not any(sent[1] in moved for sent in ours["sent"])


INTENDED = [
    Difference(
        "oidc",
        "An ID token in the config that cannot be read is refreshed; Go fails each request.",
        _is_unreadable,
    ),
    Difference(
        "oidc",
        "A discovery document of another issuer is refused; Go sends the refresh token to its token endpoint.",
        _is_of_another_issuer,
    ),
    Difference(
        "oidc",
        "An issuer or a token endpoint with the scheme http is refused: the refresh token would be sent in clear text.",
        _is_plain_http,
    ),
    Difference(
        "oidc",
        "A response without an access token is accepted: only the ID token is used.",
        _is_without_access_token,
    ),
    Difference(
        "oidc",
        "An ID token of the provider that is empty, no token, without expiry or expired is an error; Go sends it.",
        _is_unusable,
    ),
    Difference(
        "oidc",
        "A new refresh token in a response without an ID token is written, because the old one may be invalid.",
        _keeps_a_refresh_token,
    ),
    Difference(
        "oidc",
        "After a failure of the provider the refresh token is not sent a second time: it may have been used.",
        _is_failure_of_the_server,
    ),
    Difference(
        "oidc",
        "A redirect of the token endpoint is not followed; Go sends the refresh token to its target.",
        _is_redirected,
    ),
]
