"""The requests to an OpenID Connect provider, and what its responses mean."""

import base64
import json
from urllib.parse import parse_qsl

import pytest

from kubeloop.config import AuthProvider
from kubeloop.config.oidc_protocol import (
    GrantRefused,
    Tokens,
    discovery_url,
    parse_discovery,
    parse_token_response,
    redirect_target,
    refresh_request,
    split_url,
)
from kubeloop.wire.response import Headers, Response

ISSUER = "https://issuer.example/realm"
PROVIDER = AuthProvider(issuer_url=ISSUER, client_id="me", client_secret="client-5ecret", id_token="id-5ecret")
ENDPOINT = "https://issuer.example/realm/token"


def response(body, status=200, content_type="application/json", **headers):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, Headers([("Content-Type", content_type), *headers.items()]), data)


@pytest.mark.parametrize("issuer", [ISSUER, f"{ISSUER}/"])
def test_the_discovery_document_is_below_the_issuer(issuer):
    assert discovery_url(issuer) == "https://issuer.example/realm/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://h", ("https://h", "/")),
        ("HTTPS://h", ("https://h", "/")),
        ("https://h:8443/a/b?c=d", ("https://h:8443", "/a/b?c=d")),
        ("https://[::1]/a%20b", ("https://[::1]", "/a%20b")),
    ],
)
def test_a_url_is_split_into_the_server_and_the_target(url, parts):
    assert split_url(url) == parts


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("http://h/token?SECRET", "expected an https URL, got http://h/token$"),
        ("ftp://h", "expected an https URL, got ftp://h$"),
        ("h/token", "expected an https URL, got h/token$"),
        ("https://me:SECRET@h/token", "without a user, a fragment"),
        ("https://me:SEC?RET@h/token", "without a user, a fragment"),
        ("https://h/#SECRET", "without a user, a fragment"),
        ("https://h /?SECRET", "characters that must be escaped"),
        ("https://h/ü?SECRET", "characters that must be escaped"),
        ("https://h/\\?SECRET", "characters that must be escaped"),
        ("", "characters that must be escaped"),
        ("https://h/../token?SECRET", "got https://h/../token, whose host, port or path is invalid"),
        ("https://?SECRET", "got https://, whose host"),
        ("https://h:99999/?SECRET", "got https://h:99999/, whose host"),
        ("https://h/%zz?SECRET", "got https://h/%zz, whose host"),
    ],
)
def test_a_url_that_cannot_be_used(url, complaint):
    with pytest.raises(ValueError, match=complaint) as caught:
        split_url(url)
    assert "SEC" not in str(caught.value)


@pytest.mark.parametrize("length", [200, 201])
def test_a_text_of_the_provider_is_shown_up_to_200_characters(length):
    found = response({"issuer": "x" * length, "token_endpoint": ENDPOINT})
    shown = "x" * length if length == 200 else "x" * 200 + r"… \(201 characters\)"
    with pytest.raises(ValueError, match=f"of another issuer, {shown}; correct"):
        parse_discovery(found, ISSUER)


@pytest.mark.parametrize("issuer", [ISSUER, f"{ISSUER}/", None])
def test_a_discovery_document_names_the_token_endpoint(issuer):
    document = {"token_endpoint": ENDPOINT, **({"issuer": issuer} if issuer else {})}
    assert parse_discovery(response(document), ISSUER) == ENDPOINT


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        (response(b"<html>5ecret", 404), "has the HTTP status 404; check idp-issuer-url"),
        (response({"token_endpoint": ENDPOINT}, 201), "has the HTTP status 201"),
        (response(b"<html>5ecret"), "is not a JSON object"),
        (response(["5ecret"]), "is not a JSON object"),
        (response(b"[" * 100_000), "is not a JSON object"),
        (response({}), "contains no token_endpoint"),
        (response({"token_endpoint": ["5ecret"]}), "contains no token_endpoint"),
        (response({"token_endpoint": ""}), "contains no token_endpoint"),
        (response({"token_endpoint": "http://h/t?5ecret"}), "cannot be used: expected an https URL, got http://h/t"),
        (response({"token_endpoint": ENDPOINT, "issuer": "https://evil"}), "of another issuer, https://evil; correct"),
        (response({"token_endpoint": ENDPOINT, "issuer": ["5ecret"]}), "of another issuer, another value than a text"),
        (response({"token_endpoint": ENDPOINT, "issuer": "\x1b[2J" + "x" * 9999}), r"\\x1b\[2Jx{100}"),
    ],
)
def test_a_discovery_document_that_cannot_be_used(found, complaint):
    with pytest.raises(ValueError, match=complaint) as caught:
        parse_discovery(found, ISSUER)
    assert "5ecret" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_redirect_is_followed_to_https():
    url = discovery_url(ISSUER)
    assert redirect_target(url, response({})) is None
    assert redirect_target(url, response({}, 304)) is None
    assert redirect_target(url, response({}, 302, Location="/other?a=b#c")) == "https://issuer.example/other?a=b"
    assert redirect_target(url, response({}, 307, Location="https://h/x")) == "https://h/x"


@pytest.mark.parametrize(
    ("headers", "complaint"),
    [
        (
            {"Location": "http://issuer.example/x?5ecret"},
            "redirect: expected an https URL, got http://issuer.example/x",
        ),
        ({"Location": "https://me:5ecret@h/"}, "without a user"),
        ({"Location": ""}, "the response 301 redirects without a Location header"),
        ({}, "the response 301 redirects without a Location header"),
    ],
)
def test_a_redirect_that_is_refused(headers, complaint):
    with pytest.raises(ValueError, match=complaint) as caught:
        redirect_target(discovery_url(ISSUER), response({}, 301, **headers))
    assert "5ecret" not in str(caught.value)


def test_a_refresh_with_the_client_in_the_header():
    provider = PROVIDER.replace(client_id="me:ü", client_secret="a b/c")
    request = refresh_request(provider, "r 1", f"{ENDPOINT}?a=b", in_header=True)
    assert (request.method, request.target) == ("POST", "/realm/token?a=b")
    assert request.body == b"grant_type=refresh_token&refresh_token=r+1"
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    kind, _, pair = request.headers["Authorization"].partition(" ")
    # RFC 6749, section 2.3.1: both are encoded as a form first.
    assert (kind, base64.b64decode(pair)) == ("Basic", b"me%3A%C3%BC:a+b%2Fc")
    assert "5ecret" not in repr(request)
    assert request.is_confidential


def test_a_refresh_with_the_client_in_the_body():
    request = refresh_request(PROVIDER, "r1", ENDPOINT, in_header=False)
    assert "Authorization" not in request.headers
    fields = {"client_id": "me", "client_secret": "client-5ecret", "grant_type": "refresh_token", "refresh_token": "r1"}
    assert dict(parse_qsl(request.body.decode())) == fields
    public = refresh_request(PROVIDER.replace(client_secret=""), "r1", ENDPOINT, in_header=False)
    assert public.body == b"client_id=me&grant_type=refresh_token&refresh_token=r1"


@pytest.mark.parametrize(
    "found",
    [
        response({"access_token": "a", "id_token": "i", "refresh_token": "r"}),
        response({"id_token": "i", "refresh_token": "r"}, 299),
        response(b"id_token=i&refresh_token=r&expires_in=x", content_type="application/x-www-form-urlencoded"),
        response(b"id_token=i&refresh_token=r", content_type="text/plain; charset=utf-8"),
        response(b'{"id_token": "i", "refresh_token": "r"}', content_type="text/html"),
    ],
)
def test_the_tokens_of_a_response_in_json_or_as_a_form(found):
    assert parse_token_response(found, PROVIDER, "r0") == Tokens("i", "r")


def test_a_response_without_an_id_token():
    body = {"access_token": "a", "id_token": ["5ecret"], "refresh_token": "r"}
    assert parse_token_response(response(body), PROVIDER, "r0") == Tokens("", "r")


@pytest.mark.parametrize("body", [{}, {"id_token": None, "access_token": ["5ecret"]}, {"refresh_token": "5ecret"}])
def test_a_response_without_tokens(body):
    with pytest.raises(ValueError, match="the response of the token endpoint contains no token") as caught:
        parse_token_response(response(body), PROVIDER, "r0")
    assert "5ecret" not in str(caught.value)


@pytest.mark.parametrize(
    "found",
    [response(b"<html>5ecret"), response(b""), response(["5ecret"]), response(b"[" * 100_000)],
)
def test_a_response_that_is_neither_json_nor_a_form(found):
    with pytest.raises(ValueError, match="neither JSON nor a form") as caught:
        parse_token_response(found, PROVIDER, "r0")
    assert "5ecret" not in str(caught.value)


@pytest.mark.parametrize(
    ("found", "code", "complaint"),
    [
        (
            response({"error": "invalid_grant"}, 400),
            "invalid_grant",
            r"refused the refresh token \(invalid_grant\), .*log",
        ),
        (
            response({"error": "invalid_grant", "error_description": "Token is not active"}, 400),
            "invalid_grant",
            r"\(invalid_grant: Token is not active\)",
        ),
        (response({"error": "invalid_client"}, 401), "invalid_client", "check client-id and client-secret"),
        (response({"error": "unauthorized_client"}, 400), "unauthorized_client", "check client-id and client-secret"),
        (response({"error": "other"}), "other", r"refused to refresh the token \(other\)"),
        (response(b"error=other", content_type="text/plain"), "other", r"\(other\)"),
        (response(b"\xff", 400, content_type="text/plain"), "", "HTTP status 400"),
        (response(b"<html>5ecret", 500), "", "responded with the HTTP status 500"),
        (response({"error": {"code": "5ecret"}}, 403), "", "responded with the HTTP status 403"),
        (response({"id_token": "5ecret"}, 199), "", "responded with the HTTP status 199"),
        (response({"id_token": "5ecret"}, 300), "", "responded with the HTTP status 300"),
        (response({}, 302, Location="https://h/5ecret"), "", "responded with the HTTP status 302"),
    ],
)
def test_an_error_of_the_provider(found, code, complaint):
    with pytest.raises(GrantRefused, match=complaint) as caught:
        parse_token_response(found, PROVIDER, "r0")
    assert (caught.value.code, caught.value.status) == (code, found.status)
    assert "5ecret" not in str(caught.value)


@pytest.mark.parametrize(
    "secret", ["client-5ecret", "id-5ecret", "r 5ecret/1", "r+5ecret%2F1", "bWU6Y2xpZW50LTVlY3JldA=="]
)
def test_an_error_that_repeats_a_secret(secret):
    body = {"error": "other", "error_description": f"<{secret}>\x1b[2J{'x' * 9999}"}
    with pytest.raises(GrantRefused, match=r"\(other: <<hidden>>\\x1b\[2Jxx") as caught:
        parse_token_response(response(body, 400), PROVIDER, "r 5ecret/1")
    assert secret not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_tokens_are_not_shown():
    assert repr(Tokens("5ecret", "5ecret")) == "Tokens()"
