"""A client certificate whose files are renewed, against the real API server: no request fails, and a watch resumes."""

from __future__ import annotations

import asyncio
import logging
from itertools import groupby
from pathlib import Path

import pytest

import kubeloop
from kubeloop.config import Config, load_config
from kubeloop.models import authentication_v1, core_v1, meta_v1
from kubeloop.testing import ControlPlane
from tests.support.skewed_loop import skewed, skip


class Rotation:
    """The files of a client certificate, which is renewed with another name in it."""

    def __init__(self, control_plane: ControlPlane, folder: Path) -> None:
        self.control_plane = control_plane
        self.paths = {"cert_file": folder / "client.crt", "key_file": folder / "client.key"}

    def present(self, name: str) -> Config:
        """Write the certificate of a user, and return the config with its files."""
        user = load_config(self.control_plane.write_kubeconfig(name, groups=["system:masters"]))
        assert user.cert_data
        assert user.key_data
        self.paths["cert_file"].write_bytes(user.cert_data)
        self.paths["key_file"].write_bytes(user.key_data)
        paths = {name: str(path) for name, path in self.paths.items()}
        return Config(host=user.host, ca_file=str(self.control_plane.ca_file), **paths)


@skewed
async def test_renewed_files_of_a_client_certificate_cost_no_request_and_no_event(
    control_plane: ControlPlane, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "kubeloop")
    rotation = Rotation(control_plane, tmp_path)
    users: list[str] = []
    events: list[str] = []
    async with kubeloop.Clientset(rotation.present("first")) as clientset:
        config_maps = clientset.core_v1.config_maps("default")

        async def ask() -> None:
            reviews = clientset.authentication_v1.self_subject_reviews()
            while True:
                users.append((await reviews.create(authentication_v1.SelfSubjectReview())).status.user_info.username)

        async def watch() -> None:
            async with config_maps.watch() as stream:
                async for event in stream:
                    assert event.type in {"ADDED", "MODIFIED", "DELETED"}
                    events.append(f"{event.type} {event.object.metadata.name}")

        async def until_event(event: str) -> None:
            while event not in events:
                await asyncio.sleep(0)

        async def create(name: str) -> None:
            await config_maps.create(core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name=name)))

        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(ask())
            while not users:
                await asyncio.sleep(0)
            skip(240)
            watching = tasks.create_task(watch())
            await create("rotation-before")
            await until_event("ADDED rotation-before")
            rotation.present("second")
            skip(61)
            while users[-1] != "second":
                await asyncio.sleep(0)
            await create("rotation-after")
            await until_event("ADDED rotation-after")
            asking.cancel()
            watching.cancel()
        for name in ("rotation-before", "rotation-after"):
            await config_maps.delete(name)
    assert [user for user, _ in groupby(users)] == ["first", "second"]
    assert "closed because the client certificate was renewed" in caplog.text
