"""Certificates that are requested from the real API server, approved and signed by the test, and then accepted."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes

import kubeloop
from kubeloop.certificates import (
    CertificateManager,
    CertificatePair,
    FileStore,
    PrivateKey,
    RequestTemplate,
    build_request,
    client_usages,
    encode_private_key,
    generate_key,
    parse_certificates,
    request_certificate,
    wait_for_certificate,
)
from kubeloop.models import authentication_v1
from kubeloop.testing import ControlPlane
from tests.support.cluster_signer import ClusterSigner
from tests.support.markdown import ROOT, fences
from tests.support.skewed_loop import skewed, skip

SIGNER = "kubernetes.io/kube-apiserver-client"


async def who_am_i(config: kubeloop.Config) -> authentication_v1.UserInfo:
    async with kubeloop.Clientset(config) as clientset:
        review = authentication_v1.SelfSubjectReview()
        return (await clientset.authentication_v1.self_subject_reviews().create(review)).status.user_info


async def test_a_requested_certificate_authenticates_its_user(
    clientset: kubeloop.Clientset, control_plane: ControlPlane, kubeconfig: Path
) -> None:
    signer = ClusterSigner(clientset, control_plane.ca_file)
    key = generate_key()
    pem = build_request(RequestTemplate("jane", ("testers", "readers")), key)
    requested = await request_certificate(
        clientset, pem, key, signer_name=SIGNER, usages=client_usages(key), lifetime=3600.0
    )
    assert requested.spec.expiration_seconds == 3600
    name = requested.metadata.name
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(wait_for_certificate(clientset, requested, timeout=60.0))
        await signer.approve(name)
        issued = await signer.issue(name)
    assert waiting.result() == issued

    config = kubeloop.load_config(kubeconfig).anonymous().replace(cert_data=issued, key_data=encode_private_key(key))
    user = await who_am_i(config)
    assert user.username == "jane"
    assert set(user.groups) == {"testers", "readers", "system:authenticated"}
    await clientset.certificates_v1.certificate_signing_requests().delete(name)


async def test_a_request_of_the_same_name_is_reused_for_the_same_key_only(
    clientset: kubeloop.Clientset, control_plane: ControlPlane
) -> None:
    signer = ClusterSigner(clientset, control_plane.ca_file)
    key = generate_key()

    async def request(key: PrivateKey) -> str:
        pem = build_request(RequestTemplate("jane"), key)
        found = await request_certificate(
            clientset, pem, key, signer_name=SIGNER, usages=client_usages(key), name="reused"
        )
        return found.metadata.uid

    uid = await request(key)
    assert await request(key) == uid
    with pytest.raises(
        kubeloop.CredentialError, match="reused exists and cannot be reused: it was signed with another"
    ):
        await request(generate_key())
    await signer.approve("reused")
    await signer.issue("reused")
    assert await request(key) == uid
    await clientset.certificates_v1.certificate_signing_requests().delete("reused")


async def test_a_denied_and_a_deleted_request_end_the_wait(
    clientset: kubeloop.Clientset, control_plane: ControlPlane
) -> None:
    signer = ClusterSigner(clientset, control_plane.ca_file)
    requests = clientset.certificates_v1.certificate_signing_requests()
    key = generate_key()
    pem = build_request(RequestTemplate("jane"), key)
    for name in ("denied", "deleted"):
        requested = await request_certificate(
            clientset, pem, key, signer_name=SIGNER, usages=client_usages(key), name=name
        )
        waiting = asyncio.create_task(wait_for_certificate(clientset, requested, timeout=60.0))
        if name == "denied":
            await signer.deny(name)
        else:
            await requests.delete(name)
        with pytest.raises(kubeloop.CredentialError, match=f"CertificateSigningRequest {name} was {name}"):
            await waiting
    await requests.delete("denied")


async def test_the_controller_manager_signs_an_approved_request_for_the_requested_lifetime() -> None:
    async with (
        ControlPlane(controller_manager=True) as plane,
        kubeloop.Clientset(kubeloop.load_config(plane.kubeconfig)) as clientset,
    ):
        key = generate_key()
        pem = build_request(RequestTemplate("jane", ("testers",)), key)
        requested = await request_certificate(
            clientset, pem, key, signer_name=SIGNER, usages=client_usages(key), lifetime=900.0
        )
        await ClusterSigner(clientset, plane.ca_file).approve(requested.metadata.name)
        issued = await wait_for_certificate(clientset, requested, timeout=60.0)
        (certificate,) = parse_certificates(issued)
        valid = certificate.not_valid_after_utc - certificate.not_valid_before_utc
        assert 900 <= valid.total_seconds() <= 1200  # the signer dates certificates back by five minutes
        config = (
            kubeloop.load_config(plane.kubeconfig)
            .anonymous()
            .replace(cert_data=issued, key_data=encode_private_key(key))
        )
        assert (await who_am_i(config)).username == "jane"


def names_of(defined: str) -> dict[str, Any]:
    """Run the fence of the page that defines this function, and return its names."""
    page = ROOT / "docs" / "how-to" / "certificates.md"
    code = next(fence.code for fence in fences(page) if f"def {defined}(" in fence.code)
    names: dict[str, Any] = {}
    exec(compile(code, str(page), "exec", dont_inherit=True), names)
    return names


async def test_the_functions_of_the_page_request_and_approve_a_certificate(
    clientset: kubeloop.Clientset,
    control_plane: ControlPlane,
    kubeconfig: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    certificate_for, approve = names_of("certificate_for")["certificate_for"], names_of("approve")["approve"]
    requests = clientset.certificates_v1.certificate_signing_requests()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(certificate_for(clientset, "jane", ("testers",)))
        async with requests.watch(field_selector="metadata.name=jane", timeout=30.0) as events:
            await anext(aiter(events))
        await approve(clientset, "jane")
        await ClusterSigner(clientset, control_plane.ca_file).issue("jane")
    certificate, key = waiting.result()
    config = kubeloop.load_config(kubeconfig).anonymous().replace(cert_data=certificate, key_data=key)
    assert (await who_am_i(config)).username == "jane"
    await requests.delete("jane")


async def test_the_program_of_the_page_runs_with_a_certificate_of_its_own(
    clientset: kubeloop.Clientset, control_plane: ControlPlane, kubeconfig: Path, tmp_path: Path
) -> None:
    users = []

    async def work(own: kubeloop.Clientset) -> None:
        review = authentication_v1.SelfSubjectReview()
        users.append((await own.authentication_v1.self_subject_reviews().create(review)).status.user_info)

    run_as = names_of("run_as")["run_as"]
    bootstrap = kubeloop.load_config(kubeconfig)
    async with asyncio.TaskGroup() as group:
        group.create_task(run_as("app", bootstrap, str(tmp_path), work))
        await ClusterSigner(clientset, control_plane.ca_file).approve_and_issue_all(SIGNER, count=1)
    (user,) = users
    assert user.username == "app"
    assert "apps" in user.groups
    await run_as("app", bootstrap, str(tmp_path), work)  # the stored certificate is still valid
    assert users[1] == user


@skewed
async def test_a_client_uses_the_certificate_that_replaced_its_first_one(
    control_plane: ControlPlane, kubeconfig: Path, tmp_path: Path
) -> None:
    loop = asyncio.get_running_loop()
    start, begin = datetime.now(UTC), loop.time()

    def wall() -> datetime:
        return start + timedelta(seconds=loop.time() - begin)

    admin = kubeloop.load_config(kubeconfig)
    store = FileStore(tmp_path, "app", now=wall)
    own = admin.anonymous().replace(cert_file=str(store.current_path), key_file=str(store.current_path))
    connected_as = []

    def connect(current: CertificatePair | None) -> kubeloop.Clientset:
        connected_as.append(current)
        # The user has no permissions in this cluster, so the administrator requests the certificates.
        return kubeloop.Clientset(admin)

    manager = CertificateManager(connect, RequestTemplate("app"), store, signer_name=SIGNER, now=wall)
    async with kubeloop.Clientset(admin) as clientset, manager:
        signer = ClusterSigner(clientset, control_plane.ca_file, lifetime=7200.0)
        await signer.approve_and_issue_all(SIGNER, count=1)
        first = await manager.wait_for_current(timeout=30.0)
        async with kubeloop.Clientset(own) as app:
            assert await credential_of(app) == fingerprint(first)
            signer.lifetime = 864000.0
            skip(2900.0)  # between 70 and 90 % of two hours that began an hour ago
            await signer.approve_and_issue_all(SIGNER, count=1)
            async with asyncio.timeout(30.0):
                while manager.current() == first:
                    await asyncio.sleep(0)
            second = manager.current()
            assert second is not None
            skip(310.0)  # clients read their files every five minutes
            assert await credential_of(app) == fingerprint(second) != fingerprint(first)
    assert connected_as == [None, first]
    assert store.current() == second


async def credential_of(clientset: kubeloop.Clientset) -> str:
    """Return which certificate the server saw."""
    review = authentication_v1.SelfSubjectReview()
    user = (await clientset.authentication_v1.self_subject_reviews().create(review)).status.user_info
    assert user.username == "app"
    (credential,) = user.extra["authentication.kubernetes.io/credential-id"]
    return credential


def fingerprint(pair: CertificatePair) -> str:
    return f"X509SHA256={pair.leaf.fingerprint(hashes.SHA256()).hex()}"
