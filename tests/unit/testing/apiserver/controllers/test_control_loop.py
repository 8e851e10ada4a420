"""All controllers of a storage."""

from __future__ import annotations

from random import Random

import pytest

from kubeloop.testing.apiserver.controllers.control_loop import Controllers
from kubeloop.testing.apiserver.facts.recorded_server import resources
from kubeloop.testing.apiserver.storage.storage import Storage
from tests.support.controlled import ControlledServer
from tests.support.served_kinds import NOW, writer


def test_a_controller_must_be_known() -> None:
    with pytest.raises(ValueError, match="got nothing-like-that"):
        Controllers(Storage(), resources(), Random(1), enabled=["nothing-like-that"])


def test_a_step_says_whether_something_has_changed() -> None:
    controllers = Controllers(writer().storage, resources(), Random(1))

    assert controllers.step(NOW)
    assert not controllers.step(NOW)


def test_two_storages_with_the_same_seed_have_the_same_history() -> None:
    def history() -> list[bytes]:
        server = ControlledServer()
        server.post("/api/v1/namespaces", {"metadata": {"name": "other"}})
        server.post("/api/v1/namespaces/other/configmaps", {"metadata": {"generateName": "a-"}})
        server.send("DELETE", "/api/v1/namespaces/other")
        return [(change.value or change.last or change.previous).data for change in server.storage.changes(0)]  # type: ignore[union-attr]

    assert history() == history()


def test_controllers_that_were_closed_note_nothing_more() -> None:
    storage = writer().storage
    controllers = Controllers(storage, resources(), Random(1), enabled=["service-accounts"])
    controllers.step(NOW)
    controllers.close()

    ControlledServer(storage=storage, enabled=[]).send("DELETE", "/api/v1/namespaces/default/serviceaccounts/default")

    assert not controllers.step(NOW)


def test_the_time_for_the_next_step_is_known_only_if_something_waits() -> None:
    assert Controllers(writer().storage, resources(), Random(1)).next_at is None
