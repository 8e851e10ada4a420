"""A certificate manager over a signing server, in virtual time, with a store in memory."""

from __future__ import annotations

import asyncio
import random
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import kubeloop
from kubeloop.certificates import (
    CertificateManager,
    CertificatePair,
    RequestTemplate,
    build_request,
    encode_private_key,
    generate_key,
    parse_pair,
)
from tests.support.signing_server import SigningServer, issue

__all__ = ["NOON", "TEMPLATE", "Managed", "MemoryStore", "pair_of", "wall"]

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
TEMPLATE = RequestTemplate("system:node:a", ("system:nodes",))


def wall() -> datetime:
    """Return the time of the loop on a wall clock that shows noon at 0.0."""
    return NOON + timedelta(seconds=asyncio.get_running_loop().time())


@cache
def pair_of(begin: float, end: float, template: RequestTemplate = TEMPLATE) -> CertificatePair:
    """Return a pair that is valid between two times in seconds after noon."""
    key = generate_key()
    request = build_request(template, key)
    certificate = issue(request, NOON + timedelta(seconds=begin), NOON + timedelta(seconds=end))
    return parse_pair(certificate, encode_private_key(key))


class MemoryStore:
    """A store in memory, which fails while `failure` is set."""

    def __init__(self, pair: CertificatePair | None = None) -> None:
        self.pair = pair
        self.failure: Exception | None = None
        self.updates: list[CertificatePair] = []

    def current(self) -> CertificatePair | None:
        if self.failure is not None:
            raise self.failure
        return self.pair

    def update(self, certificate: bytes, key: bytes) -> CertificatePair:
        if self.failure is not None:
            raise self.failure
        self.pair = parse_pair(certificate, key)
        self.updates.append(self.pair)
        return self.pair


class Managed:
    """A manager, its server and its store."""

    def __init__(
        self,
        pair: CertificatePair | None = None,
        *,
        template: RequestTemplate | None = TEMPLATE,
        signs: bool = True,
        lifetime: float = 3600.0,
        requested_lifetime: float | None = None,
        **arguments: Any,
    ) -> None:
        self.server = SigningServer(wall, lifetime=lifetime, signs=signs)
        self.store = MemoryStore(pair)
        self.connected_with: list[CertificatePair | None] = []
        self.manager = CertificateManager(
            self.connect,
            template,
            self.store,
            signer_name="example.com/s",
            lifetime=requested_lifetime,
            **{"now": wall, "random": random.Random(5), **arguments},
        )

    def connect(self, current: CertificatePair | None) -> AbstractAsyncContextManager[kubeloop.Clientset]:
        """Return the client of one attempt."""
        self.connected_with.append(current)
        return self.server.clientset()
