"""Requesting a certificate from the API server: create a CertificateSigningRequest, and wait until it is issued.

Reference: client-go util/certificate/csr.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

from kubeloop import fields
from kubeloop._kit import waiting
from kubeloop._kit.backoff import Backoff
from kubeloop.certificates.signing_decision import check_reusable, expiration_seconds, issued_certificate
from kubeloop.errors import AlreadyExists, APIError, CredentialError, Gone, NotFound, RequestTimeout, TransportError
from kubeloop.listwatch.reopen_or_raise import can_heal
from kubeloop.models.certificates_v1 import CertificateSigningRequest, CertificateSigningRequestSpec
from kubeloop.models.meta_v1 import ObjectMeta

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubeloop.certificates.private_key import PrivateKey
    from kubeloop.clients.clientset import Clientset
    from kubeloop.models.certificates_v1 import KeyUsage

__all__ = ["ISSUE_TIMEOUT", "request_certificate", "wait_for_certificate"]

logger = logging.getLogger(__name__)

ISSUE_TIMEOUT = 900.0
"""The seconds to wait for the approval and the certificate: a person may have to approve the request."""


async def request_certificate(
    clientset: Clientset,
    request: bytes,
    key: PrivateKey,
    *,
    signer_name: str,
    usages: Sequence[KeyUsage],
    lifetime: float | None = None,
    name: str = "",
    now: datetime | None = None,
) -> CertificateSigningRequest:
    """Create a CertificateSigningRequest; if one of this name exists for the same key and subject, return that one.

    Args:
        clientset: The client, which needs permission to create the object, and to get it if `name` is given.
        request: The request as PEM, from `build_request`.
        key: The key of the request, which is not sent.
        signer_name: The signer, such as `kubernetes.io/kube-apiserver-client`.
        usages: What the certificate may be used for, such as `client_usages(key)`.
        lifetime: The seconds for which the certificate should be valid, 600 at least; the signer may choose fewer.
            None for the signer's default.
        name: The name of the object. A program that uses the same name and key after a restart continues with its
            earlier request. Without a name, the server generates one that begins with `csr-`.
        now: The current time; None for that of the system.

    Returns:
        The object; pass it to `wait_for_certificate`.

    Raises:
        CredentialError: An object of this name exists for another subject, signer or key, or its certificate has
            expired.
        APIError: The server refused the object.
        TransportError: The server cannot be reached.

    Reference: client-go util/certificate/csr.RequestCertificate. Intended difference: there is no second attempt with
        certificates.k8s.io/v1beta1, which servers from Kubernetes 1.22 do not serve.
    """
    client = clientset.certificates_v1.certificate_signing_requests()
    wanted = CertificateSigningRequest(
        metadata=ObjectMeta(name=name) if name else ObjectMeta(generate_name="csr-"),
        spec=CertificateSigningRequestSpec(
            request=request,
            signer_name=signer_name,
            usages=list(usages),
            expiration_seconds=None if lifetime is None else expiration_seconds(lifetime),
        ),
    )
    try:
        created = await client.create(wanted)
    except AlreadyExists:
        if not name:
            raise
    else:
        logger.debug("certificate signing request %s: created", created.metadata.name)
        return created
    found = await client.get(name)
    check_reusable(
        found,
        request=request,
        signer_name=signer_name,
        key=key,
        now=datetime.now(UTC) if now is None else now,
    )
    logger.info("certificate signing request %s: it exists for the same key; continuing with it", name)
    return found


async def wait_for_certificate(
    clientset: Clientset,
    request: CertificateSigningRequest,
    *,
    timeout: float = ISSUE_TIMEOUT,
    random: Random | None = None,
) -> bytes:
    """Wait until a request is approved and its certificate is issued, and return the certificate.

    The wait follows a watch of the object, which is opened again after interruptions, with back-off.

    Args:
        clientset: The client, which needs permission to watch the object, and to get it.
        request: The object from `request_certificate`.
        timeout: The seconds to wait.
        random: The source of the jitter of the back-off.

    Returns:
        The certificate and its chain, as PEM.

    Raises:
        CredentialError: The request was denied, has failed, or was deleted.
        RequestTimeout: The certificate was not issued in time. The message shows whether the request is approved.
        APIError: The server refuses the watch.

    Reference: client-go util/certificate/csr.WaitForCertificate. Intended differences: a refused watch and a request
        that no longer exists are reported at once and not at the timeout, and listing is not needed.
    """
    # The randomness only spreads retries.
    backoff = Backoff(1.0, cap=30.0, jitter=1.0, reset_after=60.0, random=random or Random())  # noqa: S311
    waiter = _Waiter(clientset, request)
    limit = waiting.timeout(timeout)
    try:
        async with limit:
            while True:
                try:
                    return await waiter.wait()
                except (TransportError, APIError) as error:
                    if not isinstance(error, Gone) and not can_heal(error):
                        raise
                    delay = backoff.next(waiting.now())
                    logger.warning("%s: %s; watching again in %.1f s", waiter.name, error, delay)
                    await waiting.sleep(delay)
    except TimeoutError:
        if not limit.expired():
            raise
        state = "approved, but not issued" if waiter.is_approved else "not approved"
        raise RequestTimeout(f"{waiter.name} was {state} within {timeout:g} s", retryable=False) from None


class _Waiter:
    """One wait: the object as it was last seen, and the watch that follows."""

    def __init__(self, clientset: Clientset, request: CertificateSigningRequest) -> None:
        self._client = clientset.certificates_v1.certificate_signing_requests()
        self._uid = request.metadata.uid
        self._request = request
        self._is_outdated = False
        self.name = f"certificate signing request {request.metadata.name}"

    @property
    def is_approved(self) -> bool:
        return any(condition.type == "Approved" for condition in self._request.status.conditions)

    async def wait(self) -> bytes:
        """Follow the object from its last version until it is issued."""
        if self._is_outdated:
            await self._read()
        if (certificate := issued_certificate(self._request, self._uid)) is not None:
            return certificate
        selector = fields.equals("metadata.name", self._request.metadata.name)
        version = self._request.metadata.resource_version
        try:
            async with self._client.watch(field_selector=selector, resource_version=version) as events:
                async for event in events:
                    if event.type == "DELETED":
                        raise self._deleted()
                    self._request = event.object
                    if (certificate := issued_certificate(self._request, self._uid)) is not None:
                        return certificate
                    logger.debug("%s: %s", self.name, "approved, not issued yet" if self.is_approved else "pending")
        except Gone:
            # The changes since the last version are unknown, so the wait continues from the current state.
            self._is_outdated = True
            raise
        raise AssertionError("a watch without a timeout does not end")

    async def _read(self) -> None:
        try:
            self._request = await self._client.get(self._request.metadata.name)
        except NotFound:
            raise self._deleted() from None
        self._is_outdated = False

    def _deleted(self) -> CredentialError:
        return CredentialError(
            f"CertificateSigningRequest {self._request.metadata.name} was deleted before it was issued; the controller "
            f"manager deletes pending requests after a day, denied and approved ones after an hour"
        )
