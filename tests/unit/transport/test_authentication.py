"""Authentication around any transport: the headers that a request carries, and the reaction to 401."""

from contextlib import asynccontextmanager

import pytest

from kubeloop.config import Config, Impersonation
from kubeloop.config.credential import ClientCertificate, Credential
from kubeloop.errors import CredentialError
from kubeloop.transport.authentication import Authenticated
from kubeloop.transport.base import UpgradeRefused
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response

GET = Request("GET", "/api", {"Accept": "application/json"})


class Recorder:
    """A transport that records its requests, and responds with 401 to tokens that it does not know."""

    def __init__(self, *known):
        self.known = known
        self.requests = []
        self.open = 0

    def _status(self, request):
        self.requests.append(request)
        authorization = Headers(_pairs(request)).get("authorization")
        return 200 if not self.known or authorization in self.known else 401

    async def request(self, request, *, timeout=None, max_bytes=None):
        return Response(self._status(request))

    @asynccontextmanager
    async def stream(self, request, *, timeout=None):
        self.open += 1
        try:
            yield Response(self._status(request))
        finally:
            self.open -= 1

    @asynccontextmanager
    async def upgrade(self, request, *, subprotocols, timeout=None):
        status = self._status(request)
        if status != 200:
            raise UpgradeRefused(Response(status), method="GET", path="/")
        yield subprotocols[0]

    def header(self, name, at=-1):
        return [value for key, value in _pairs(self.requests[at]) if key.lower() == name]


class WithCertificates(Recorder):
    """A transport that can present client certificates too."""

    shown = None

    def use_client_certificate(self, certificate, key):
        self.shown = (certificate, key)


class Renewing:
    """A source that returns the next credential each time the last one is rejected."""

    def __init__(self, *credentials):
        self.credentials = list(credentials)
        self.now = None

    def cached(self):
        return self.now

    async def fetch(self):
        self.now = self.credentials.pop(0)
        return self.now

    def reject(self, credential):
        if self.credentials:
            self.now = None
        return bool(self.credentials)


def _pairs(request):
    headers = request.headers
    return [(n, v) for n in headers for v in (headers.get_all(n) if isinstance(headers, Headers) else [headers[n]])]


async def test_adds_the_credential_and_keeps_what_the_request_brings():
    transport = Recorder()
    await Authenticated(transport, Config(host="https://a", token="t")).request(GET)
    assert transport.requests[0].headers == {"Accept": "application/json", "Authorization": "Bearer t"}
    assert GET.headers == {"Accept": "application/json"}


@pytest.mark.parametrize("impersonate", [None, Impersonation(user="jane")])
async def test_changes_nothing_but_the_headers(impersonate):
    """(C6) The request was no longer confidential, and a quiet log that is followed would have been cut."""
    transport = Recorder()
    request = Request("GET", "/log", is_confidential=True, may_fall_silent=True)
    await Authenticated(transport, Config(host="https://a", token="t", impersonate=impersonate)).request(request)
    [sent] = transport.requests
    assert sent.replace(headers=request.headers) == request
    assert transport.header("authorization") == ["Bearer t"]


async def test_sends_a_request_with_a_credential_of_its_own_as_it_is():
    transport = Recorder("nothing")
    own = Request("GET", "/", {"authorization": "Bearer mine"})
    response = await Authenticated(transport, Config(host="https://a", token="t")).request(own)
    assert transport.requests == [own]
    assert response.status == 401


async def test_sends_nothing_when_there_is_no_credential():
    transport = Recorder()
    await Authenticated(transport, Config(host="https://a")).request(GET)
    assert transport.requests == [GET]


async def test_impersonates_with_one_header_a_group():
    transport = Recorder()
    jane = Impersonation(user="jane", uid="u1", groups=("dev", "ops"), extra={"Scopes/a%b": ("x", "y")})
    await Authenticated(transport, Config(host="https://a", token="t", impersonate=jane)).request(GET)
    assert transport.header("impersonate-user") == ["jane"]
    assert transport.header("impersonate-uid") == ["u1"]
    assert transport.header("impersonate-group") == ["dev", "ops"]
    assert transport.header("impersonate-extra-scopes%2fa%25b") == ["x", "y"]
    assert transport.header("authorization") == ["Bearer t"]
    assert transport.header("accept") == ["application/json"]


async def test_does_not_override_a_request_that_impersonates_by_itself():
    transport = Recorder()
    config = Config(host="https://a", token="t", impersonate=Impersonation(user="jane"))
    await Authenticated(transport, config).request(Request("GET", "/", {"Impersonate-User": "joe"}))
    assert transport.header("impersonate-user") == ["joe"]


async def test_renews_a_rejected_credential_and_retries_once():
    transport = Recorder("two")
    source = Renewing(Credential("one"), Credential("two"))
    wrapped = Authenticated(transport, Config(host="https://a"), source=source)
    post = Request("POST", "/", {}, b"{}")
    assert (await wrapped.request(post)).status == 200
    assert [transport.header("authorization", at) for at in (0, 1)] == [["one"], ["two"]]
    assert transport.requests[1].body == b"{}"


async def test_returns_the_401_when_the_new_credential_is_rejected_too():
    transport = Recorder("three")
    source = Renewing(Credential("one"), Credential("two"), Credential("three"))
    response = await Authenticated(transport, Config(host="https://a"), source=source).request(GET)
    assert response.status == 401
    assert len(transport.requests) == 2


async def test_does_not_retry_without_another_credential():
    transport = Recorder("other")
    assert (await Authenticated(transport, Config(host="https://a", token="t")).request(GET)).status == 401
    assert len(transport.requests) == 1


async def test_renews_for_streams_and_closes_the_refused_one():
    transport = Recorder("two")
    source = Renewing(Credential("one"), Credential("two"))
    async with Authenticated(transport, Config(host="https://a"), source=source).stream(GET) as stream:
        assert stream.status == 200
        assert transport.open == 1
    assert transport.open == 0


async def test_renews_for_upgrades():
    transport = Recorder("two")
    source = Renewing(Credential("one"), Credential("two"))
    wrapped = Authenticated(transport, Config(host="https://a"), source=source)
    async with wrapped.upgrade(GET, subprotocols=["v5"]) as channel:
        assert channel == "v5"
    transport.known = ("none",)
    with pytest.raises(UpgradeRefused):
        async with wrapped.upgrade(GET, subprotocols=["v5"]):
            pass


async def test_hands_a_client_certificate_to_a_transport_that_can_show_it():
    transport = WithCertificates()
    source = Renewing(Credential(None, ClientCertificate(b"C", b"K")))
    await Authenticated(transport, Config(host="https://a"), source=source).request(GET)
    assert transport.shown == (b"C", b"K")


async def test_a_credential_without_the_certificate_of_the_one_before_removes_it():
    transport = WithCertificates()
    source = Renewing(Credential(None, ClientCertificate(b"C", b"K")), Credential("t"))
    wrapped = Authenticated(transport, Config(host="https://a"), source=source)
    await wrapped.request(GET)
    source.reject(source.now)
    await wrapped.request(GET)
    assert transport.shown == (None, None)


async def test_the_same_certificate_with_another_token_is_not_shown_again():
    transport = WithCertificates()
    source = Renewing(*(Credential(token, ClientCertificate(b"C", b"K")) for token in ("one", "two")))
    wrapped = Authenticated(transport, Config(host="https://a"), source=source)
    await wrapped.request(GET)
    transport.shown = None
    source.reject(source.now)
    await wrapped.request(GET)
    assert transport.header("authorization") == ["two"]
    assert transport.shown is None


async def test_a_certificate_that_cannot_be_used_is_fetched_again_for_the_next_request():
    """client-go parses the certificate before it keeps the credential."""

    class Picky(WithCertificates):
        def use_client_certificate(self, certificate, key):
            if certificate == b"bad":
                raise CredentialError("cannot be used")
            super().use_client_certificate(certificate, key)

    transport = Picky()
    source = Renewing(*(Credential(None, ClientCertificate(pem, b"K")) for pem in (b"bad", b"good")))
    wrapped = Authenticated(transport, Config(host="https://a"), source=source)
    with pytest.raises(CredentialError, match="cannot be used"):
        await wrapped.request(GET)
    await wrapped.request(GET)
    assert transport.shown == (b"good", b"K")
    assert len(transport.requests) == 1


class Unneeded:
    """A source that must not be used."""

    def cached(self):
        raise AssertionError

    async def fetch(self):
        raise AssertionError

    def reject(self, credential):
        raise AssertionError


async def test_no_credential_is_fetched_for_a_request_with_its_own():
    """So no plugin runs. As client-go's exec_test.go, TestAuthorizationHeaderPresentCancelsExecAction."""
    transport = Recorder("nothing")
    wrapped = Authenticated(transport, Config(host="https://a"), source=Unneeded())
    own = Request("GET", "/", {"authorization": "Bearer mine"})
    assert (await wrapped.request(own)).status == 401
    async with wrapped.stream(own) as stream:
        assert stream.status == 401
    with pytest.raises(UpgradeRefused):
        async with wrapped.upgrade(own, subprotocols=["v5"]):
            pass
    assert transport.requests == [own] * 3


async def test_says_so_when_the_transport_cannot_show_a_client_certificate():
    source = Renewing(Credential("SECRET", ClientCertificate(b"SECRET", b"SECRET")))
    with pytest.raises(CredentialError, match="does not support") as caught:
        await Authenticated(Recorder(), Config(host="https://a"), source=source).request(GET)
    assert "SECRET" not in str(caught.value)
