"""The approver and signer of a cluster without a controller manager: signs with the authority of the test's servers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

import kubeloop
from kubeloop.models.certificates_v1 import CertificateSigningRequest, CertificateSigningRequestCondition

__all__ = ["ClusterSigner"]


class ClusterSigner:
    """Approves requests and issues client certificates that the API server accepts.

    Args:
        clientset: An administrator.
        ca_file: The authority of the servers, with its key beside it.
        lifetime: The seconds for which certificates are valid, beginning an hour ago.
    """

    def __init__(
        self,
        clientset: kubeloop.Clientset,
        ca_file: Path,
        *,
        lifetime: float = 86400.0,
    ) -> None:
        self._requests = clientset.certificates_v1.certificate_signing_requests()
        self._authority = x509.load_pem_x509_certificate(ca_file.read_bytes())
        key = serialization.load_pem_private_key(ca_file.with_suffix(".key").read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key
        self.lifetime = lifetime

    async def approve(self, name: str) -> CertificateSigningRequest:
        """Add the condition Approved."""
        return await self._add_condition(name, "Approved")

    async def deny(self, name: str) -> CertificateSigningRequest:
        """Add the condition Denied."""
        return await self._add_condition(name, "Denied")

    async def issue(self, name: str) -> bytes:
        """Sign the certificate and write it to the status; return it."""
        request = await self._requests.get(name)
        certificate = self._sign(x509.load_pem_x509_csr(request.spec.request))
        draft = request.draft()
        draft.status.certificate = certificate
        await self._requests.update_status(draft.finish().after)
        return certificate

    async def approve_and_issue_all(self, signer_name: str, *, count: int) -> None:
        """Approve and issue the next requests of a signer, as they are created."""
        done = 0
        async with self._requests.watch(field_selector=f"spec.signerName={signer_name}", timeout=60.0) as events:
            async for event in events:
                if event.type == "ADDED" and not event.object.status.conditions:
                    await self.approve(event.object.metadata.name)
                    await self.issue(event.object.metadata.name)
                    done += 1
                    if done == count:
                        return
        raise AssertionError(f"expected {count} requests, got {done}")

    async def _add_condition(self, name: str, type: str) -> CertificateSigningRequest:
        draft = (await self._requests.get(name)).draft()
        draft.status.conditions.append(CertificateSigningRequestCondition(type=type, status="True", reason="Test"))
        return await self._requests.approval(name).update(draft.finish().after)

    def _sign(self, request: x509.CertificateSigningRequest) -> bytes:
        begin = datetime.now(UTC) - timedelta(hours=1)
        builder = x509.CertificateBuilder().subject_name(request.subject).issuer_name(self._authority.subject)
        builder = builder.public_key(request.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(begin).not_valid_after(begin + timedelta(seconds=self.lifetime))
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        builder = builder.add_extension(usage, critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
