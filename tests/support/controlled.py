"""A server that only writes, whose controllers take their steps after each request."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from kubeloop.testing.apiserver.controllers.control_loop import CONTROLLERS, Controllers
from kubeloop.testing.apiserver.facts.recorded_server import resources
from kubeloop.wire.response import Response
from tests.support.written import WriteServer


@dataclass
class ControlledServer(WriteServer):
    """A server with controllers.

    Attributes:
        enabled: The controllers that are on.
        certificates: What the root certificates are.
    """

    enabled: Collection[str] = CONTROLLERS
    certificates: str = "PEM"
    controllers: Controllers = field(init=False)

    def __post_init__(self) -> None:
        self.controllers = Controllers(self.storage, resources(), Random(5), enabled=self.enabled)
        self.controllers.publish(self.certificates)
        self.controllers.step(self.now)

    def send(self, method: str, target: str, body: Any = None, *, headers: Mapping[str, str] | None = None) -> Response:
        """Return the response to a request, after which the controllers have come to rest."""
        response = super().send(method, target, body, headers=headers)
        self.controllers.step(self.now)
        assert not self.controllers.step(self.now), "the controllers have more to do"
        return response
