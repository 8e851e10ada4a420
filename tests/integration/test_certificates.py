"""Certificates that the real API server issues objects for, approved and signed by the test, and then accepts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import kubeloop
from kubeloop.certificates import (
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

SIGNER = "kubernetes.io/kube-apiserver-client"


async def who_am_i(config: kubeloop.Config) -> authentication_v1.UserInfo:
    async with kubeloop.Clientset(config) as clientset:
        review = authentication_v1.SelfSubjectReview()
        return (await clientset.authentication_v1.self_subject_reviews().create(review)).status.user_info


def anonymous(kubeconfig: Path) -> kubeloop.Config:
    """Return the config of the server, without the administrator's credentials."""
    config = kubeloop.load_config(kubeconfig)
    return kubeloop.Config(host=config.host, ca_data=config.ca_data, ca_file=config.ca_file)


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

    config = anonymous(kubeconfig).replace(cert_data=issued, key_data=encode_private_key(key))
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
        config = anonymous(plane.kubeconfig).replace(cert_data=issued, key_data=encode_private_key(key))
        assert (await who_am_i(config)).username == "jane"
