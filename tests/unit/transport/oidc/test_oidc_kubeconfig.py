"""Refreshed tokens are written to the kubeconfig, and those of other programs are read from it."""

import asyncio

import pytest

from kubeloop.config import read_kubeconfig
from kubeloop.errors import CredentialError
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from tests.support.oidc_network import DISCOVERY, TOKEN, bearer, json_response, written


@in_virtual_time
async def test_refreshed_tokens_are_written_to_the_kubeconfig(provider, make, kubeconfig):
    tokens = provider.login("jane", lifetime=-5)
    path = await kubeconfig(tokens, **{"extra-scopes": "a"})
    credential = await make(tokens, file=path, user="jane").fetch()
    assert written(path)[0] == bearer(credential)
    assert written(path)[1] not in ("", tokens.refresh_token)
    settings = read_kubeconfig(path).users["jane"]["auth-provider"]["config"]
    assert (settings["extra-scopes"], settings["client-secret"]) == ("a", "client-5ecret")


@in_virtual_time
async def test_the_tokens_of_another_program_are_used_instead_of_a_refresh(provider, network, make, kubeconfig):
    tokens = provider.login("jane", lifetime=-5)
    source = make(tokens, file=await kubeconfig(tokens), user="jane")
    newer = provider.login("jane")
    await kubeconfig(newer)
    assert bearer(await source.fetch()) == newer.id_token
    assert network.transports == []


@in_virtual_time
async def test_the_refresh_token_of_another_program_is_used(provider, make, kubeconfig):
    tokens = provider.login("jane", lifetime=-50)
    source = make(tokens, file=await kubeconfig(tokens), user="jane")
    provider.revoke(tokens.refresh_token)
    newer = provider.login("jane", lifetime=-5)
    await kubeconfig(newer)
    assert await source.fetch() is source.cached()
    assert provider.requests == [DISCOVERY, TOKEN]


@in_virtual_time
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
    assert elapsed() == 1.0


@in_virtual_time
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


@in_virtual_time
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


@in_virtual_time
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


@in_virtual_time
async def test_tokens_that_cannot_be_written_stay_in_use(provider, make, kubeconfig, caplog):
    tokens = provider.login("jane", lifetime=-5)
    path = await kubeconfig(tokens)
    source = make(tokens, file=path, user="jane")
    with open(f"{path}.lock", "x"):
        credential = await source.fetch()
    assert source.cached() is credential
    assert 5 <= elapsed() < 5.1  # the longest wait for the lock
    assert f"{path}.lock: timed out after 5 s waiting" in caplog.text
    await asyncio.sleep(985)
    assert await source.fetch() is not credential  # with the refresh token in memory, which the file does not contain


@in_virtual_time
async def test_a_kubeconfig_that_vanished_or_broke_does_not_matter(provider, make, tmp_path, caplog):
    source = make(provider.login("jane", lifetime=-5), file=str(tmp_path / "gone"), user="jane")
    assert await source.fetch() is source.cached()
    assert "no auth-provider to write refreshed tokens to" in caplog.text
    (tmp_path / "broken").write_text("[")
    source = make(provider.login("jane", lifetime=-5), file=str(tmp_path / "broken"), user="jane")
    assert await source.fetch() is source.cached()
    assert "not YAML" in caplog.text


@in_virtual_time
async def test_a_new_refresh_token_is_kept_even_if_there_is_no_id_token(provider, make, kubeconfig):
    tokens = provider.login("jane", lifetime=-5)
    path = await kubeconfig(tokens)
    source = make(tokens, file=path, user="jane")
    provider.overrides["/token"] = json_response({"access_token": "a", "refresh_token": "new-5ecret"})
    with pytest.raises(CredentialError, match="without returning an ID token; log in again with the scope openid"):
        await source.fetch()
    assert written(path) == (tokens.id_token, "new-5ecret")
