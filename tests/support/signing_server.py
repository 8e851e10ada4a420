"""An API server of CertificateSigningRequests, with the approver and the signer, as a script of `ScriptedTransport`."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import kubeloop
from tests.support.scripted_transport import (
    ScriptedResponse,
    ScriptedTransport,
    Step,
    error_status,
    event,
    query,
)

__all__ = ["PATH", "SigningServer", "issue"]

PATH = "/apis/certificates.k8s.io/v1/certificatesigningrequests"

_KEY = ec.generate_private_key(ec.SECP256R1())
_ISSUER = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "signer")])


def issue(request: bytes, begin: datetime, end: datetime, *, subject: x509.Name | None = None) -> bytes:
    """Sign the certificate for a request, in PEM, with another subject if one is given."""
    parsed = x509.load_pem_x509_csr(request)
    builder = x509.CertificateBuilder().subject_name(subject or parsed.subject).issuer_name(_ISSUER)
    builder = builder.public_key(parsed.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(begin).not_valid_after(end)
    for extension in parsed.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    return builder.sign(_KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class SigningServer:
    """The requests for certificates of one server; each is approved and issued at once unless `signs` is false.

    Args:
        now: The wall clock of the signer.
        lifetime: The seconds for which certificates are valid.
        signs: Whether requests are approved and issued when they are created.
    """

    def __init__(self, now: Callable[[], datetime], *, lifetime: float = 3600.0, signs: bool = True) -> None:
        self._now = now
        self._version = 100
        self._frames: list[tuple[int, bytes]] = []
        self._news: list[asyncio.Event] = []
        self.lifetime = lifetime
        self.signs = signs
        self.subject: x509.Name | None = None
        self.objects: dict[str, dict[str, Any]] = {}
        self.issued: list[bytes] = []
        self.transport = ScriptedTransport(self._respond)
        self.create_delay = 0.0
        self.create_failures: deque[Step] = deque()
        self.watch_failures: deque[Step] = deque()

    def clientset(self) -> kubeloop.Clientset:
        """Return a client of this server."""
        config = kubeloop.Config(host="https://server")
        return kubeloop.Clientset(config, transport=self.transport, max_retries=0, random=random.Random(3))

    @property
    def creates(self) -> list[dict[str, Any]]:
        """The bodies of all requests to create an object."""
        return [json.loads(each.body or b"") for each in self.transport.requests if each.method == "POST"]

    def only(self) -> str:
        """Return the name of the only object."""
        (name,) = self.objects
        return name

    def condition(self, name: str, type: str, message: str = "") -> None:
        """Add a condition to an object."""
        added = {"type": type, "status": "True", "reason": "Test", "message": message}
        conditions = [*self.objects[name]["status"].get("conditions", []), added]
        self._change(name, conditions=conditions)

    def issue(self, name: str, certificate: bytes | None = None) -> bytes:
        """Issue the certificate of an object, or write this text in its place."""
        now = self._now()
        request = base64.b64decode(self.objects[name]["spec"]["request"])
        if certificate is None:
            certificate = issue(request, now, now + timedelta(seconds=self.lifetime), subject=self.subject)
        self.issued.append(certificate)
        self._change(name, certificate=base64.b64encode(certificate).decode())
        return certificate

    def delete(self, name: str) -> None:
        """Delete an object."""
        removed = self.objects.pop(name)
        self._version += 1
        removed["metadata"]["resourceVersion"] = str(self._version)
        self._publish("DELETED", removed)

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """Create an object, as a POST does."""
        self._version += 1
        metadata = body["metadata"]
        name = metadata.get("name") or f"{metadata['generateName']}{self._version}"
        known = {"name": name, "uid": f"uid-{self._version}", "resourceVersion": str(self._version)}
        self.objects[name] = {**body, "metadata": {**metadata, **known}, "status": {}}
        self._publish("ADDED", self.objects[name])
        return self.objects[name]

    def _change(self, name: str, **status: Any) -> None:
        self._version += 1
        before = self.objects[name]
        metadata = {**before["metadata"], "resourceVersion": str(self._version)}
        self.objects[name] = {**before, "metadata": metadata, "status": {**before["status"], **status}}
        self._publish("MODIFIED", self.objects[name])

    def _publish(self, type: str, body: dict[str, Any]) -> None:
        self._frames.append((self._version, event(type, body)))
        for each in self._news:
            each.set()
        self._news.clear()

    def _respond(self, request: Any) -> Step:
        assert request.path.startswith(PATH), request.path
        name = request.path.removeprefix(PATH).lstrip("/")
        if request.method == "POST":
            return self._create(json.loads(request.body))
        parameters = query(request)
        if "watch" in parameters:
            if self.watch_failures:
                return self.watch_failures.popleft()
            frames: Any = self._follow(int(parameters["resourceVersion"]))
            return ScriptedResponse(chunks=frames, is_for="watch")
        if name not in self.objects:
            details = {"name": name, "group": "certificates.k8s.io", "kind": "certificatesigningrequests"}
            return error_status(404, "NotFound", f'certificatesigningrequests "{name}" not found', details=details)
        return ScriptedResponse.of(self.objects[name])

    def _create(self, body: dict[str, Any]) -> Step:
        if self.create_failures:
            return self.create_failures.popleft()
        name = body["metadata"].get("name")
        if name in self.objects:
            return error_status(409, "AlreadyExists", f'certificatesigningrequests "{name}" already exists')
        created = self.create(body)
        if self.signs:
            self.condition(created["metadata"]["name"], "Approved")
            self.issue(created["metadata"]["name"])
        return ScriptedResponse.of(created, 201, delay=self.create_delay)

    def _follow(self, version: int) -> Iterator[bytes | asyncio.Event]:
        """Yield the events after a version, and wait for more."""
        sent = 0
        while True:
            while sent < len(self._frames):
                if self._frames[sent][0] > version:
                    yield self._frames[sent][1]
                sent += 1
            news = asyncio.Event()
            self._news.append(news)
            yield news
