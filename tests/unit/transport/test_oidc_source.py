"""ID tokens are refreshed by their provider: how often, for whom, what is written, and what an error says."""

import asyncio
import json
import logging
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from kubeloop.config import AuthProvider, Config, Source, load_config, modify_kubeconfig, read_kubeconfig
from kubeloop.config.oidc_protocol import MAX_RESPONSE_BYTES
from kubeloop.errors import ConnectError, CredentialError
from kubeloop.transport.authentication import Authenticated
from kubeloop.transport.oidc_source import OIDCSource
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from tests.support.clock import now, run_virtual, settle, virtual
from tests.support.oidc_provider import OIDCProvider, unsigned_token
from tests.support.reachable import reachable
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport, error_status

ISSUER = "https://issuer.example/realm"
DISCOVERY = ("GET", "/.well-known/openid-configuration")
TOKEN = ("POST", "/token")


def json_response(document, status=200, headers=()):
    return Response(status, Headers([("Content-Type", "application/json"), *headers]), json.dumps(document).encode())


class Network:
    """The way to a provider: transports that pass requests to it, late, held, cut or redirected."""

    def __init__(self, provider):
        self.provider = provider
        self.hosts = []
        self.configs = []
        self.transports = []
        self.delay = 0.0
        self.held = {}  # the path, and the event that a response to it waits for
        self.fails = None
        self.answers = {}  # the URL, and a response of another host

    def connect(self, config):
        transport = ScriptedTransport(lambda request: self._respond(config, request), checked=False)
        self.configs.append(config)
        self.transports.append(transport)
        return transport

    async def _respond(self, config, request):
        await asyncio.sleep(self.delay)
        path = urlsplit(request.target).path
        if (held := self.held.get(path.removeprefix("/realm"))) is not None:
            await held.wait()
        if self.fails is not None:
            raise self.fails
        if (found := self.answers.get(f"{config.host}{request.target}")) is None:
            found = self.provider.respond(request.method, request.target, request.headers, request.body)
        return ScriptedResponse(found.status, (found.body,), headers=dict(found.headers))

    @property
    def is_closed(self):
        return all(transport.closed and not transport.open_streams for transport in self.transports)


@pytest.fixture
def provider():
    return OIDCProvider(ISSUER, lifetime=1000, now=now)


@pytest.fixture
def network(provider):
    return Network(provider)


@pytest.fixture
def make(provider, network):
    def make(tokens, **settings):
        settings = {"client_id": "kubeloop", "client_secret": "client-5ecret", **settings}
        value = AuthProvider(
            issuer_url=ISSUER, id_token=tokens.id_token, refresh_token=tokens.refresh_token, **settings
        )
        config = Config(host="https://a", source=Source(file="/kube/config", context="prod", user="me"))
        return OIDCSource(value, config, now=lambda: datetime.fromtimestamp(now(), UTC), connect=network.connect)

    return make


@pytest.fixture
def kubeconfig(tmp_path):
    """Write a kubeconfig with tokens, and return its path."""

    async def write(tokens, **settings):
        found = {"idp-issuer-url": ISSUER, "client-id": "kubeloop", "client-secret": "client-5ecret", **settings}

        def change(data):
            config = {**found, "id-token": tokens.id_token, "refresh-token": tokens.refresh_token}
            data.users["jane"] = {"auth-provider": {"name": "oidc", "config": config}}

        await modify_kubeconfig(change, tmp_path / "config")
        return str(tmp_path / "config")

    return write


def written(path):
    config = read_kubeconfig(path).users["jane"]["auth-provider"]["config"]
    return config["id-token"], config["refresh-token"]


def bearer(credential):
    return credential.authorization.removeprefix("Bearer ")


@virtual
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


@virtual
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


@virtual
async def test_a_token_that_is_no_token_is_refreshed(provider, make):
    for text in ("notanidtoken", unsigned_token({"sub": "jane"}), unsigned_token({"exp": "foobar"}), ""):
        source = make(provider.login("jane").replace(id_token=text))
        assert source.cached() is None
        assert await source.fetch() is source.cached()


@virtual
async def test_many_requests_wait_for_one_refresh(provider, network, make):
    source = make(provider.login("jane", lifetime=-5))
    network.delay = 2.0
    found = await asyncio.gather(*(source.fetch() for _ in range(50)))
    assert len(set(map(id, found))) == 1
    assert provider.requests == [DISCOVERY, TOKEN]


@virtual
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


@virtual
async def test_the_client_is_sent_in_the_body_where_the_header_is_refused(provider, network, make):
    provider.accepts = ("body",)
    source = make(provider.login("jane", lifetime=-5))
    await source.fetch()
    assert provider.requests == [DISCOVERY, TOKEN, TOKEN]
    await asyncio.sleep(995)
    await source.fetch()  # the way that worked is remembered
    assert provider.requests == [DISCOVERY, TOKEN, TOKEN, DISCOVERY, TOKEN]


@virtual
@pytest.mark.parametrize(("status", "requests"), [(499, 2), (500, 1), (503, 1)])
async def test_a_failure_of_the_server_is_not_tried_in_another_way(provider, make, status, requests):
    provider.overrides["/token"] = Response(status)
    source = make(provider.login("jane", lifetime=-5))
    with pytest.raises(CredentialError, match=f"responded with the HTTP status {status}"):
        await source.fetch()
    assert provider.requests == [DISCOVERY, *[TOKEN] * requests]


@virtual
async def test_a_public_client_has_no_secret(provider, make):
    provider.client_secret = ""
    provider.accepts = ("body",)
    source = make(provider.login("jane", lifetime=-5), client_secret="")
    assert await source.fetch() is source.cached()


@virtual
async def test_a_refresh_token_that_is_not_replaced_is_used_again(provider, make):
    provider.rotates = False
    source = make(provider.login("jane", lifetime=-5))
    await source.fetch()
    await asyncio.sleep(995)
    assert await source.fetch() is source.cached()


@virtual
async def test_the_authority_of_the_provider_is_that_of_its_settings(provider, network, make):
    await make(provider.login("jane", lifetime=-5), ca_data=b"PEM", ca_file="/not/used").fetch()
    assert {(config.host, config.ca_data, config.ca_file) for config in network.configs} == {
        ("https://issuer.example", b"PEM", None)
    }
    network.configs.clear()
    await make(provider.login("jane", lifetime=-5), ca_file="/ca.crt").fetch()
    assert {(config.ca_data, config.ca_file) for config in network.configs} == {(None, "/ca.crt")}


# Sources that share tokens, as client-go's cache.


@virtual
async def test_sources_of_one_user_share_one_refresh(provider, make):
    tokens = provider.login("jane", lifetime=-5)
    first, second = make(tokens), make(tokens)
    found = await asyncio.gather(first.fetch(), second.fetch())
    assert found[0] is found[1] is second.cached()
    assert provider.requests == [DISCOVERY, TOKEN]


@virtual
@pytest.mark.parametrize("changed", [{"client_id": "other"}, {"client_secret": "other"}, {"file": "/f", "user": "u"}])
async def test_sources_of_other_clients_or_users_share_nothing(provider, make, changed):
    tokens = provider.login("jane")
    first, second = make(tokens), make(tokens, **changed)
    assert first.cached() is not second.cached()


@virtual
async def test_the_tokens_of_a_newer_config_are_used_by_all_sources(provider, make, kubeconfig):
    old = provider.login("jane", lifetime=100)
    where = {"file": await kubeconfig(old), "user": "jane"}
    first = make(old, **where)
    newer = provider.login("jane", lifetime=500)
    second = make(newer, **where)
    assert first.cached() is second.cached()
    assert bearer(first.cached()) == newer.id_token


@virtual
async def test_tokens_are_forgotten_with_their_last_source(provider, make):
    tokens = provider.login("jane", lifetime=-5)
    await make(tokens).fetch()
    assert make(tokens).cached() is None


# The kubeconfig.


@virtual
async def test_refreshed_tokens_are_written_to_the_kubeconfig(provider, make, kubeconfig):
    tokens = provider.login("jane", lifetime=-5)
    path = await kubeconfig(tokens, **{"extra-scopes": "a"})
    credential = await make(tokens, file=path, user="jane").fetch()
    assert written(path)[0] == bearer(credential)
    assert written(path)[1] not in ("", tokens.refresh_token)
    settings = read_kubeconfig(path).users["jane"]["auth-provider"]["config"]
    assert (settings["extra-scopes"], settings["client-secret"]) == ("a", "client-5ecret")


@virtual
async def test_the_tokens_of_another_program_are_used_instead_of_a_refresh(provider, network, make, kubeconfig):
    tokens = provider.login("jane", lifetime=-5)
    source = make(tokens, file=await kubeconfig(tokens), user="jane")
    newer = provider.login("jane")
    await kubeconfig(newer)
    assert bearer(await source.fetch()) == newer.id_token
    assert network.transports == []


@virtual
async def test_the_refresh_token_of_another_program_is_used(provider, make, kubeconfig):
    tokens = provider.login("jane", lifetime=-50)
    source = make(tokens, file=await kubeconfig(tokens), user="jane")
    provider.revoke(tokens.refresh_token)
    newer = provider.login("jane", lifetime=-5)
    await kubeconfig(newer)
    assert await source.fetch() is source.cached()
    assert provider.requests == [DISCOVERY, TOKEN]


@virtual
async def test_a_program_that_is_refreshing_the_same_token_is_waited_for(provider, make, kubeconfig):
    """Its refresh made ours invalid, and its tokens arrive in the kubeconfig a moment later."""
    tokens = provider.login("jane", lifetime=-5)
    source = make(tokens, file=await kubeconfig(tokens), user="jane")
    provider.revoke(tokens.refresh_token)
    newer = provider.login("jane")

    async def other_program():
        await asyncio.sleep(0.5)
        await kubeconfig(newer)

    credential, _ = await asyncio.gather(source.fetch(), other_program())
    assert bearer(credential) == newer.id_token
    assert now() == 1.0


@virtual
async def test_a_refresh_token_that_another_program_wrote_meanwhile_is_tried(provider, make, kubeconfig):
    tokens = provider.login("jane", lifetime=-5)
    source = make(tokens, file=await kubeconfig(tokens), user="jane")
    provider.revoke(tokens.refresh_token)
    other = provider.login("jane").refresh_token

    async def other_program():
        await asyncio.sleep(0.5)
        await kubeconfig(tokens.replace(refresh_token=other))

    credential, _ = await asyncio.gather(source.fetch(), other_program())
    assert credential is source.cached()


@virtual
async def test_two_processes_that_refresh_one_token_end_with_the_newest(provider, network, make, kubeconfig):
    """Two processes share no memory, and neither do sources whose path of the file differs."""
    provider.rotates = False
    tokens = provider.login("jane", lifetime=-5)
    path = await kubeconfig(tokens)
    first = make(tokens, file=path, user="jane")
    second = make(tokens, file=path.replace("/config", "/./config"), user="jane")
    network.delay = 2.0

    async def later():
        await asyncio.sleep(1)
        return await second.fetch()

    older, newer = await asyncio.gather(first.fetch(), later())
    assert provider.requests == [DISCOVERY, DISCOVERY, TOKEN, TOKEN]
    assert older is not newer
    assert written(path)[0] == bearer(newer)


@virtual
async def test_tokens_of_another_provider_in_the_kubeconfig_are_not_used_nor_replaced(
    provider, make, kubeconfig, caplog
):
    tokens = provider.login("jane", lifetime=-5)
    source = make(tokens, file=await kubeconfig(tokens), user="jane")
    strange = provider.login("jane")
    path = await kubeconfig(strange, **{"idp-issuer-url": "https://other"})
    assert bearer(await source.fetch()) != strange.id_token
    assert written(path) == (strange.id_token, strange.refresh_token)
    assert "the refreshed tokens stay in memory only" in caplog.text
    assert "the auth-provider was changed meanwhile" in caplog.text


@virtual
async def test_tokens_that_cannot_be_written_stay_in_use(provider, make, kubeconfig, caplog):
    tokens = provider.login("jane", lifetime=-5)
    path = await kubeconfig(tokens)
    source = make(tokens, file=path, user="jane")
    with open(f"{path}.lock", "x"):
        credential = await source.fetch()
    assert source.cached() is credential
    assert 5 <= now() < 5.1  # the longest wait for the lock
    assert f"{path}.lock: timed out after 5 s waiting" in caplog.text
    await asyncio.sleep(985)
    assert await source.fetch() is not credential  # with the refresh token in memory, which the file does not contain


@virtual
async def test_a_kubeconfig_that_vanished_or_broke_does_not_matter(provider, make, tmp_path, caplog):
    source = make(provider.login("jane", lifetime=-5), file=str(tmp_path / "gone"), user="jane")
    assert await source.fetch() is source.cached()
    assert "no auth-provider to write refreshed tokens to" in caplog.text
    (tmp_path / "broken").write_text("[")
    source = make(provider.login("jane", lifetime=-5), file=str(tmp_path / "broken"), user="jane")
    assert await source.fetch() is source.cached()
    assert "not YAML" in caplog.text


@virtual
async def test_a_new_refresh_token_is_kept_even_if_there_is_no_id_token(provider, make, kubeconfig):
    tokens = provider.login("jane", lifetime=-5)
    path = await kubeconfig(tokens)
    source = make(tokens, file=path, user="jane")
    provider.overrides["/token"] = json_response({"access_token": "a", "refresh_token": "new-5ecret"})
    with pytest.raises(CredentialError, match="without returning an ID token; log in again with the scope openid"):
        await source.fetch()
    assert written(path) == (tokens.id_token, "new-5ecret")


# A 401 response of the API server.


@virtual
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


@virtual
async def test_a_rejected_token_is_replaced_by_that_of_another_program(provider, network, make, kubeconfig):
    tokens = provider.login("jane").replace(refresh_token="")
    source = make(tokens, file=await kubeconfig(tokens), user="jane")
    assert source.reject(source.cached()) is False
    newer = provider.login("jane", lifetime=500)
    await kubeconfig(newer)
    assert source.reject(source.cached()) is True
    assert bearer(await source.fetch()) == newer.id_token
    assert network.transports == []


@virtual
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


@virtual
async def test_a_request_with_its_own_authorization_is_sent_unchanged(provider, network, make):
    server = ScriptedTransport(error_status(401, "Unauthorized"), checked=False)
    transport = Authenticated(server, Config(host="https://a"), source=make(provider.login("jane")))
    response = await transport.request(Request("GET", "/api", {"Authorization": "Bearer own"}))
    assert response.status == 401
    assert [request.headers["Authorization"] for request in server.requests] == ["Bearer own"]
    assert network.transports == []


# Cancellation.


@virtual
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


@virtual
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


@virtual
async def test_a_cancelled_request_stops_the_discovery(network, provider, make):
    source = make(provider.login("jane", lifetime=-5))
    network.held["/.well-known/openid-configuration"] = asyncio.Event()
    task = asyncio.create_task(source.fetch())
    await settle()
    task.cancel()
    await settle()
    assert task.cancelled()
    assert network.is_closed


# Providers that hang, lie or fail.


@virtual
async def test_a_provider_that_hangs(provider, network, make):
    source = make(provider.login("jane", lifetime=-5))
    for path in ("/.well-known/openid-configuration", "/token"):
        begin = now()
        network.held = {path: asyncio.Event()}
        with pytest.raises(CredentialError, match=f"OIDC provider {ISSUER}: .*within 10.0 s"):
            await source.fetch()
        assert now() - begin == 10
        await asyncio.sleep(60)
    assert network.is_closed


@virtual
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


@virtual
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


@virtual
async def test_ten_requests_follow_redirects(provider, network, make):
    provider.overrides[DISCOVERY[1]] = json_response({}, 302, [("Location", f"{ISSUER}{DISCOVERY[1]}")])
    with pytest.raises(CredentialError, match="behind more than 9 redirects; check idp-issuer-url"):
        await make(provider.login("jane", lifetime=-5)).fetch()
    assert provider.requests == [DISCOVERY] * 10


@virtual
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


@virtual
@pytest.mark.parametrize("id_token", ["", "notanidtoken", unsigned_token({"exp": -1})])
async def test_without_a_refresh_token_the_next_step_is_to_log_in(provider, network, make, id_token):
    source = make(provider.login("jane").replace(id_token=id_token, refresh_token=""))
    with pytest.raises(CredentialError, match=f"OIDC provider {ISSUER}: .*no.* refresh-token; log in again"):
        await source.fetch()
    assert network.transports == []


@pytest.mark.parametrize("setting", [{"token": "t"}, {"username": "joe"}, {"token_file": "/t"}])
def test_a_token_or_user_name_precedes_an_auth_provider(setting):
    value = AuthProvider(issuer_url=ISSUER, client_id="me", id_token=unsigned_token({"exp": 9e9}))
    config = Config(host="https://a", auth_provider=value, **setting)
    server = ScriptedTransport(ScriptedResponse.of({}), checked=False)
    if "token_file" in setting:
        with pytest.raises(CredentialError, match="cannot read the token file"):
            run_virtual(Authenticated(server, config).request(Request("GET", "/api")))
        return
    run_virtual(Authenticated(server, config).request(Request("GET", "/api")))
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
    run_virtual(Authenticated(server, load_config(tmp_path / "config")).request(Request("GET", "/api")))
    assert server.requests[0].headers["Authorization"] == f"Bearer {id_token}"
