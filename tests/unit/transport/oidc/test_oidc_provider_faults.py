"""Providers of OpenID Connect that hang, lie or fail."""

import asyncio
import logging

import pytest

from kubeloop.config.oidc_protocol import MAX_RESPONSE_BYTES
from kubeloop.errors import CredentialError
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from kubeloop.wire.response import Headers, Response
from tests.support.oidc_network import DISCOVERY, ISSUER, TOKEN, json_response
from tests.support.oidc_provider import unsigned_token
from tests.support.reachable import reachable


@in_virtual_time
async def test_a_provider_that_hangs(provider, network, make):
    source = make(provider.login("jane", lifetime=-5))
    for path in ("/.well-known/openid-configuration", "/token"):
        begin = elapsed()
        network.held = {path: asyncio.Event()}
        with pytest.raises(CredentialError, match=f"OIDC provider {ISSUER}: .*within 10.0 s"):
            await source.fetch()
        assert elapsed() - begin == 10
        await asyncio.sleep(60)
    assert network.is_closed


@in_virtual_time
@pytest.mark.parametrize(
    ("path", "found", "complaint"),
    [
        (DISCOVERY[1], Response(404, Headers(), b"5ecret"), "has the HTTP status 404; check idp-issuer-url"),
        (DISCOVERY[1], Response(200, Headers(), b"<html>5ecret"), "is not a JSON object; check idp-issuer-url"),
        (DISCOVERY[1], json_response({}), "contains no token_endpoint"),
        (DISCOVERY[1], json_response({"issuer": "https://evil"}), "of another issuer, https://evil; correct"),
        (DISCOVERY[1], json_response({"token_endpoint": "http://issuer.example/t"}), "expected an https URL"),
        (DISCOVERY[1], json_response({}, 302, [("Location", "http://h/x?5ecret")]), "redirect: expected an https URL"),
        (DISCOVERY[1], json_response({}, 302, [("Location", f"{ISSUER}{DISCOVERY[1]}")]), "more than 9 redirects"),
        (DISCOVERY[1], Response(200, Headers(), b" " * (MAX_RESPONSE_BYTES + 1)), "more than 1048576 bytes"),
        (TOKEN[1], Response(200, Headers(), b" " * (MAX_RESPONSE_BYTES + 1)), "more than 1048576 bytes"),
        (TOKEN[1], Response(200, Headers(), b"<html>5ecret"), "is neither JSON nor a form"),
        (TOKEN[1], Response(307, Headers([("Location", "http://h/")])), "responded with the HTTP status 307"),
        (TOKEN[1], json_response({"error": "invalid_grant"}, 400), r"refused the refresh token \(invalid_grant\)"),
        (TOKEN[1], json_response({"error": "invalid_client"}, 401), "check client-id and client-secret"),
        (TOKEN[1], json_response({"refresh_token": "5ecret"}), "contains no token"),
        (TOKEN[1], json_response({"access_token": "5ecret"}), "without returning an ID token"),
        (TOKEN[1], json_response({"id_token": "5ecret"}), "expected a JSON web token, got another text"),
        (TOKEN[1], json_response({"id_token": unsigned_token({"exp": -7})}), "expired 7 s ago; check this computer's"),
    ],
)
async def test_a_provider_that_lies_or_fails(provider, network, make, caplog, path, found, complaint):
    caplog.set_level(logging.DEBUG)
    provider.overrides[path] = found
    source = make(provider.login("jane", lifetime=-5))
    with pytest.raises(CredentialError, match=complaint) as caught:
        await source.fetch()
    assert str(caught.value).startswith(f'/kube/config, context "prod", user "me": OIDC provider {ISSUER}: ')
    assert "5ecret" not in reachable(caught.value) + repr(source) + caplog.text
    assert network.is_closed


@in_virtual_time
async def test_a_discovery_document_behind_redirects_is_read(provider, network, make):
    moved = [("Location", "https://other.example/config")]
    provider.overrides[DISCOVERY[1]] = json_response({}, 302, moved)
    document = {"issuer": ISSUER, "token_endpoint": f"{ISSUER}/token"}
    network.answers["https://other.example/config"] = json_response(document)
    source = make(provider.login("jane", lifetime=-5))
    assert await source.fetch() is source.cached()
    assert [config.host for config in network.configs] == [
        "https://issuer.example",
        "https://other.example",
        "https://issuer.example",
    ]


@in_virtual_time
async def test_ten_requests_follow_redirects(provider, network, make):
    provider.overrides[DISCOVERY[1]] = json_response({}, 302, [("Location", f"{ISSUER}{DISCOVERY[1]}")])
    with pytest.raises(CredentialError, match="behind more than 9 redirects; check idp-issuer-url"):
        await make(provider.login("jane", lifetime=-5)).fetch()
    assert provider.requests == [DISCOVERY] * 10


@in_virtual_time
async def test_a_refusal_of_the_refresh_token_is_reported_even_if_the_second_way_fails_otherwise(
    provider, network, make
):
    """A provider that reads only the header refuses the second request for another reason."""
    tokens = provider.login("jane", lifetime=-5)
    provider.revoke(tokens.refresh_token)
    with pytest.raises(CredentialError, match=r"\(invalid_grant: no such refresh token: <hidden>\)") as caught:
        await make(tokens).fetch()
    assert tokens.refresh_token not in reachable(caught.value)
    assert provider.requests == [DISCOVERY, TOKEN, TOKEN]


@in_virtual_time
@pytest.mark.parametrize("id_token", ["", "notanidtoken", unsigned_token({"exp": -1})])
async def test_without_a_refresh_token_the_next_step_is_to_log_in(provider, network, make, id_token):
    source = make(provider.login("jane").replace(id_token=id_token, refresh_token=""))
    with pytest.raises(CredentialError, match=f"OIDC provider {ISSUER}: .*no.* refresh-token; log in again"):
        await source.fetch()
    assert network.transports == []
