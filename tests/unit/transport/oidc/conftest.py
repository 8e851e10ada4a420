"""A provider, the way to it, sources of its tokens, and a kubeconfig that contains them."""

from datetime import UTC, datetime

import pytest

from kubeloop.config import AuthProvider, Config, Source, modify_kubeconfig
from kubeloop.testing.virtual_time import elapsed
from kubeloop.transport.oidc_source import OIDCSource
from tests.support.oidc_network import ISSUER, Network
from tests.support.oidc_provider import OIDCProvider


@pytest.fixture
def provider():
    return OIDCProvider(ISSUER, lifetime=1000, now=elapsed)


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
        return OIDCSource(value, config, now=lambda: datetime.fromtimestamp(elapsed(), UTC), connect=network.connect)

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
