"""ID tokens are refreshed by their provider: how often, for whom, and what follows a 401 response."""

import asyncio

import pytest

from kubeloop.config import AuthProvider, Config, load_config
from kubeloop.errors import ConnectError, CredentialError
from kubeloop.testing import virtual_time
from kubeloop.testing.virtual_time import in_virtual_time, settle
from kubeloop.transport.authentication import Authenticated
from kubeloop.wire.request import Request
from kubeloop.wire.response import Response
from tests.support.oidc_network import DISCOVERY, ISSUER, TOKEN, bearer, written
from tests.support.oidc_provider import unsigned_token
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport, error_status


@in_virtual_time
async def test_a_valid_token_needs_no_provider(provider, network, make):
    tokens = provider.login("jane")
    source = make(tokens)
    assert bearer(source.cached()) == tokens.id_token
    assert await source.fetch() is source.cached()
    await asyncio.sleep(989.5)
    assert bearer(source.cached()) == tokens.id_token
    await asyncio.sleep(1)
    assert source.cached() is None
    assert network.transports == []


@in_virtual_time
async def test_an_expired_token_is_refreshed(provider, network, make):
    source = make(provider.login("jane", lifetime=-5))
    assert source.cached() is None
    credential = await source.fetch()
    assert source.cached() is credential
    assert provider.requests == [DISCOVERY, TOKEN]
    assert network.is_closed
    assert {transport.timeouts[0] for transport in network.transports} == {10.0}
    await asyncio.sleep(995)
    assert bearer(await source.fetch()) != bearer(credential)


@in_virtual_time
async def test_a_token_that_is_no_token_is_refreshed(provider, make):
    for text in ("notanidtoken", unsigned_token({"sub": "jane"}), unsigned_token({"exp": "foobar"}), ""):
        source = make(provider.login("jane").replace(id_token=text))
        assert source.cached() is None
        assert await source.fetch() is source.cached()


@in_virtual_time
async def test_many_requests_wait_for_one_refresh(provider, network, make):
    source = make(provider.login("jane", lifetime=-5))
    network.delay = 2.0
    found = await asyncio.gather(*(source.fetch() for _ in range(50)))
    assert len(set(map(id, found))) == 1
    assert provider.requests == [DISCOVERY, TOKEN]


@in_virtual_time
async def test_a_failed_refresh_is_one_failure_for_all_that_wait(provider, network, make):
    source = make(provider.login("jane", lifetime=-5))
    network.fails = ConnectError("cannot connect to https://issuer.example: connection refused")
    network.delay = 2.0
    found = await asyncio.gather(*(source.fetch() for _ in range(50)), return_exceptions=True)
    assert {str(error) for error in found} == {
        '/kube/config, context "prod", user "me": OIDC provider https://issuer.example/realm: cannot connect to '
        "https://issuer.example: connection refused"
    }
    assert len(network.transports) == 1
    network.fails = None
    await asyncio.sleep(5)
    assert await source.fetch() is source.cached()


@in_virtual_time
async def test_the_client_is_sent_in_the_body_where_the_header_is_refused(provider, network, make):
    provider.accepts = ("body",)
    source = make(provider.login("jane", lifetime=-5))
    await source.fetch()
    assert provider.requests == [DISCOVERY, TOKEN, TOKEN]
    await asyncio.sleep(995)
    await source.fetch()  # the way that worked is remembered
    assert provider.requests == [DISCOVERY, TOKEN, TOKEN, DISCOVERY, TOKEN]


@in_virtual_time
@pytest.mark.parametrize(("status", "requests"), [(499, 2), (500, 1), (503, 1)])
async def test_a_failure_of_the_server_is_not_tried_in_another_way(provider, make, status, requests):
    provider.overrides["/token"] = Response(status)
    source = make(provider.login("jane", lifetime=-5))
    with pytest.raises(CredentialError, match=f"responded with the HTTP status {status}"):
        await source.fetch()
    assert provider.requests == [DISCOVERY, *[TOKEN] * requests]


@in_virtual_time
async def test_a_public_client_has_no_secret(provider, make):
    provider.client_secret = ""
    provider.accepts = ("body",)
    source = make(provider.login("jane", lifetime=-5), client_secret="")
    assert await source.fetch() is source.cached()


@in_virtual_time
async def test_a_refresh_token_that_is_not_replaced_is_used_again(provider, make):
    provider.rotates = False
    source = make(provider.login("jane", lifetime=-5))
    await source.fetch()
    await asyncio.sleep(995)
    assert await source.fetch() is source.cached()


@in_virtual_time
async def test_the_authority_of_the_provider_is_that_of_its_settings(provider, network, make):
    await make(provider.login("jane", lifetime=-5), ca_data=b"PEM", ca_file="/not/used").fetch()
    assert {(config.host, config.ca_data, config.ca_file) for config in network.configs} == {
        ("https://issuer.example", b"PEM", None)
    }
    network.configs.clear()
    await make(provider.login("jane", lifetime=-5), ca_file="/ca.crt").fetch()
    assert {(config.ca_data, config.ca_file) for config in network.configs} == {(None, "/ca.crt")}


# Sources that share tokens, as client-go's cache.


@in_virtual_time
async def test_sources_of_one_user_share_one_refresh(provider, make):
    tokens = provider.login("jane", lifetime=-5)
    first, second = make(tokens), make(tokens)
    found = await asyncio.gather(first.fetch(), second.fetch())
    assert found[0] is found[1] is second.cached()
    assert provider.requests == [DISCOVERY, TOKEN]


@in_virtual_time
@pytest.mark.parametrize("changed", [{"client_id": "other"}, {"client_secret": "other"}, {"file": "/f", "user": "u"}])
async def test_sources_of_other_clients_or_users_share_nothing(provider, make, changed):
    tokens = provider.login("jane")
    first, second = make(tokens), make(tokens, **changed)
    assert first.cached() is not second.cached()


@in_virtual_time
async def test_the_tokens_of_a_newer_config_are_used_by_all_sources(provider, make, kubeconfig):
    old = provider.login("jane", lifetime=100)
    where = {"file": await kubeconfig(old), "user": "jane"}
    first = make(old, **where)
    newer = provider.login("jane", lifetime=500)
    second = make(newer, **where)
    assert first.cached() is second.cached()
    assert bearer(first.cached()) == newer.id_token


@in_virtual_time
async def test_tokens_are_forgotten_with_their_last_source(provider, make):
    tokens = provider.login("jane", lifetime=-5)
    await make(tokens).fetch()
    assert make(tokens).cached() is None


# A 401 response of the API server.


@in_virtual_time
async def test_a_rejected_token_is_refreshed_once(provider, make):
    source = make(provider.login("jane"))
    await asyncio.sleep(60)
    first = source.cached()
    assert source.reject(first) is True
    assert source.cached() is None
    second = await source.fetch()
    assert bearer(second) != bearer(first)
    assert source.reject(second) is False
    assert source.cached() is second


@in_virtual_time
async def test_a_rejected_token_is_replaced_by_that_of_another_program(provider, network, make, kubeconfig):
    tokens = provider.login("jane").replace(refresh_token="")
    source = make(tokens, file=await kubeconfig(tokens), user="jane")
    assert source.reject(source.cached()) is False
    newer = provider.login("jane", lifetime=500)
    await kubeconfig(newer)
    assert source.reject(source.cached()) is True
    assert bearer(await source.fetch()) == newer.id_token
    assert network.transports == []


@in_virtual_time
async def test_requests_are_sent_with_the_refreshed_token_and_repeated_after_a_401(provider, make):
    source = make(provider.login("jane", lifetime=-5))
    await source.fetch()
    await asyncio.sleep(60)
    server = ScriptedTransport(error_status(401, "Unauthorized"), ScriptedResponse.of({}), checked=False)
    transport = Authenticated(server, Config(host="https://a"), source=source)
    assert (await transport.request(Request("GET", "/api"))).status == 200
    sent = [request.headers["Authorization"] for request in server.requests]
    assert sent[0] != sent[1] == source.cached().authorization
    assert provider.requests == [DISCOVERY, TOKEN] * 2


@in_virtual_time
async def test_a_request_with_its_own_authorization_is_sent_unchanged(provider, network, make):
    server = ScriptedTransport(error_status(401, "Unauthorized"), checked=False)
    transport = Authenticated(server, Config(host="https://a"), source=make(provider.login("jane")))
    response = await transport.request(Request("GET", "/api", {"Authorization": "Bearer own"}))
    assert response.status == 401
    assert [request.headers["Authorization"] for request in server.requests] == ["Bearer own"]
    assert network.transports == []


# Cancellation.


@in_virtual_time
async def test_a_cancelled_request_does_not_stop_the_refresh_of_others(provider, network, make):
    source = make(provider.login("jane", lifetime=-5))
    network.held["/token"] = asyncio.Event()
    first = asyncio.create_task(source.fetch())
    second = asyncio.create_task(source.fetch())
    third = asyncio.create_task(source.fetch())
    await settle()
    second.cancel()
    await settle()
    assert second.cancelled()
    first.cancel()
    await settle()
    assert not first.done()
    network.held["/token"].set()
    await asyncio.wait([first, second, third])
    assert first.cancelled()
    assert third.result() is source.cached()
    assert provider.requests == [DISCOVERY, TOKEN]
    assert network.is_closed


@in_virtual_time
async def test_a_refresh_token_is_not_lost_if_its_request_is_cancelled(provider, network, make, kubeconfig):
    tokens = provider.login("jane", lifetime=-5)
    path = await kubeconfig(tokens)
    source = make(tokens, file=path, user="jane")
    network.held["/token"] = asyncio.Event()
    task = asyncio.create_task(source.fetch())
    await settle()
    task.cancel()
    await settle()
    network.held["/token"].set()
    await asyncio.wait([task])
    assert task.cancelled()
    assert written(path)[0] == bearer(source.cached())


@in_virtual_time
async def test_a_cancelled_request_stops_the_discovery(network, provider, make):
    source = make(provider.login("jane", lifetime=-5))
    network.held["/.well-known/openid-configuration"] = asyncio.Event()
    task = asyncio.create_task(source.fetch())
    await settle()
    task.cancel()
    await settle()
    assert task.cancelled()
    assert network.is_closed


@pytest.mark.parametrize("setting", [{"token": "t"}, {"username": "joe"}, {"token_file": "/t"}])
def test_a_token_or_user_name_precedes_an_auth_provider(setting):
    value = AuthProvider(issuer_url=ISSUER, client_id="me", id_token=unsigned_token({"exp": 9e9}))
    config = Config(host="https://a", auth_provider=value, **setting)
    server = ScriptedTransport(ScriptedResponse.of({}), checked=False)
    if "token_file" in setting:
        with pytest.raises(CredentialError, match="cannot read the token file"):
            virtual_time.run(Authenticated(server, config).request(Request("GET", "/api")))
        return
    virtual_time.run(Authenticated(server, config).request(Request("GET", "/api")))
    assert server.requests[0].headers["Authorization"] in ("Bearer t", "Basic am9lOg==")


def test_an_auth_provider_goes_with_a_client_certificate(tmp_path):
    id_token = unsigned_token({"exp": 9e9})
    (tmp_path / "config").write_text(
        f"""
clusters: [{{name: c, cluster: {{server: "https://c"}}}}]
users: [{{name: u, user: {{client-certificate-data: UEVN, client-key-data: UEVN, auth-provider: {{name: oidc,
  config: {{idp-issuer-url: "https://i", client-id: me, id-token: {id_token}}}}}}}}}]
contexts: [{{name: x, context: {{cluster: c, user: u}}}}]
current-context: x
"""
    )
    server = ScriptedTransport(ScriptedResponse.of({}), checked=False)
    virtual_time.run(Authenticated(server, load_config(tmp_path / "config")).request(Request("GET", "/api")))
    assert server.requests[0].headers["Authorization"] == f"Bearer {id_token}"
