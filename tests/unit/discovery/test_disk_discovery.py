"""DiskDiscovery: files that programs share. Scenarios of client-go discovery/cached/disk. Virtual time, real files."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path

import pytest

import kubeloop
from kubeloop.discovery import DiskCache, DiskDiscovery, RESTMapper
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.discovery_server import DiscoveryServer
from tests.support.scripted_transport import error_status

SIX_HOURS = 6 * 3600


class Clock:
    """The time of the caches and their files."""

    def __init__(self) -> None:
        self.later = 0.0

    def __call__(self) -> float:
        return NOW + self.later


NOW = 2_000_000_000.0


@pytest.fixture
def server() -> DiscoveryServer:
    return DiscoveryServer(token="a-secret-token")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_cache(tmp_path: Path, server: DiscoveryServer, clock: Clock) -> OpenCache:
    return OpenCache(tmp_path / "cache", server, clock)


class OpenCache:
    """Opens caches as programs that start one after another do."""

    def __init__(self, folder: Path, server: DiscoveryServer, clock: Clock) -> None:
        self.folder, self.server, self.clock = folder, server, clock

    def __call__(self, **settings: object) -> DiskDiscovery:
        cache = DiskCache(self.folder, now=self.clock, **settings)  # type: ignore[arg-type]
        return DiskDiscovery(self.server.client(), cache)

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    def named(self, name: str) -> list[Path]:
        return [path for path in self.files() if path.name == name]


@in_virtual_time
async def test_a_second_program_needs_no_request(open_cache: OpenCache, server: DiscoveryServer) -> None:
    first = await open_cache().server_groups_and_resources()
    assert server.paths == ["/api", "/apis"]
    second = open_cache()
    assert await second.server_groups_and_resources() == first
    assert [str(each.group_version) for each in await second.server_preferred_resources()] == ["v1", "apps/v1"]
    assert server.paths == ["/api", "/apis"]


@in_virtual_time
async def test_the_files_have_the_names_and_the_form_of_kubectls(open_cache: OpenCache) -> None:
    await open_cache().server_groups()
    (groups,) = open_cache.named("servergroups.json")
    folder = groups.parent
    assert folder.parent == open_cache.folder / "discovery"
    assert folder.name.startswith("server_6443-")
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.json")) == [
        "apps/v1/serverresources.json", "servergroups.json", "v1/serverresources.json",
    ]  # fmt: skip
    written = json.loads(groups.read_bytes())
    assert (written["kind"], written["apiVersion"]) == ("APIGroupList", "v1")
    assert [group["name"] for group in written["groups"]] == ["", "apps"]
    listed = json.loads((folder / "apps/v1/serverresources.json").read_bytes())
    assert (listed["kind"], listed["groupVersion"]) == ("APIResourceList", "apps/v1")
    assert listed["resources"][0]["shortNames"] == ["deploy"]


@in_virtual_time
async def test_only_the_user_may_read_and_write_the_files_and_they_hold_no_secret(open_cache: OpenCache) -> None:
    mask = os.umask(0o002)  # files of others would be writable for their group
    try:
        await open_cache().server_groups()
    finally:
        os.umask(mask)
    for path in [open_cache.folder, *open_cache.folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert not any(b"a-secret-token" in path.read_bytes() for path in open_cache.files())
    assert not any(path.suffix == ".tmp" for path in open_cache.files())


@in_virtual_time
async def test_a_cache_is_fresh_if_the_server_was_asked_since(open_cache: OpenCache) -> None:
    first = open_cache()
    assert not first.is_fresh
    await first.server_groups()
    assert first.is_fresh
    second = open_cache()
    await second.server_groups()
    assert not second.is_fresh
    second.invalidate()
    await second.server_groups()
    assert second.is_fresh


@in_virtual_time
async def test_after_six_hours_the_server_is_asked_and_only_confirms(
    open_cache: OpenCache, server: DiscoveryServer, clock: Clock
) -> None:
    await open_cache().server_groups()
    clock.later = SIX_HOURS - 1
    await open_cache().server_groups()
    assert server.responses == {200: 2}
    clock.later = SIX_HOURS
    found = await open_cache().server_groups()
    assert [group.name for group in found] == ["", "apps"]
    assert server.responses == {200: 2, 304: 2}


@in_virtual_time
async def test_a_program_that_runs_for_long_asks_again_after_six_hours(
    open_cache: OpenCache, server: DiscoveryServer, clock: Clock
) -> None:
    cache = open_cache()
    await cache.server_groups()
    clock.later = SIX_HOURS + 1
    server.create_crd()
    assert [group.name for group in await cache.server_groups()] == ["", "apps", "example.com"]


@in_virtual_time
async def test_a_ttl_of_0_always_asks(open_cache: OpenCache, server: DiscoveryServer) -> None:
    for _ in range(2):
        await open_cache(ttl=0).server_groups()
    assert server.responses == {200: 2, 304: 2}
    with pytest.raises(ValueError, match="expected a ttl of 0 s or more, got -1"):
        DiskCache(open_cache.folder, ttl=-1)


@in_virtual_time
async def test_files_from_the_future_are_not_used(open_cache: OpenCache, server: DiscoveryServer) -> None:
    await open_cache().server_groups()
    cache = open_cache()
    for path in open_cache.named("servergroups.json"):
        os.utime(path, (NOW + 1e6, NOW + 1e6))
    await cache.server_groups()
    assert server.responses == {200: 2, 304: 2}


BROKEN = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"\x00" * 100,
    b'{"kind":"Pod","apiVersion":"v1"}',
    b'{"kind":"APIGroupList","groups":7}',
]


@in_virtual_time
@pytest.mark.parametrize("content", BROKEN)
@pytest.mark.parametrize("name", ["servergroups.json", "serverresources.json"])
async def test_broken_files_are_not_used_and_are_replaced(
    open_cache: OpenCache, server: DiscoveryServer, content: bytes, name: str
) -> None:
    first = await open_cache().server_groups_and_resources()
    for path in open_cache.named(name):
        path.write_bytes(content)
        os.utime(path, (NOW, NOW))
    again = await open_cache().server_groups_and_resources()
    assert {each.group_version for each in again.resources} == {each.group_version for each in first.resources}
    assert content not in [path.read_bytes() for path in open_cache.named(name)]


@in_virtual_time
async def test_broken_responses_in_the_cache_are_not_sent_for_confirmation(
    open_cache: OpenCache, server: DiscoveryServer
) -> None:
    await open_cache().server_groups()
    for path in (open_cache.folder / "http").iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    cache = open_cache()
    cache.invalidate()
    assert len(await cache.server_groups()) == 2
    assert server.responses == {200: 4}


@in_virtual_time
async def test_what_was_read_in_part_is_not_kept(open_cache: OpenCache, server: DiscoveryServer) -> None:
    server.stale = ("apps/v1",)
    with pytest.raises(kubeloop.DiscoveryIncomplete):
        await open_cache().server_groups_and_resources()
    assert open_cache.named("servergroups.json") == []
    server.stale = ()
    assert len((await open_cache().server_groups_and_resources()).resources) == 2


@in_virtual_time
async def test_a_group_version_without_resources_is_asked_for_alone(
    open_cache: OpenCache, server: DiscoveryServer
) -> None:
    server.resources["empty.io/v1"] = []
    await open_cache().server_groups()
    found = await open_cache().server_groups_and_resources()
    assert [(each.group_version, len(each.resources)) for each in found.resources] == [
        ("v1", 1), ("apps/v1", 1), ("empty.io/v1", 0),
    ]  # fmt: skip
    assert server.paths == ["/api", "/apis", "/apis/empty.io/v1"]
    server.failures["/apis/empty.io/v1"] = error_status(503, "ServiceUnavailable")
    found = await open_cache().contents()
    assert [str(name) for name in found.failures] == ["empty.io/v1"]


@in_virtual_time
async def test_a_mapper_finds_what_was_created_after_the_files_were_written(
    open_cache: OpenCache, server: DiscoveryServer
) -> None:
    await open_cache().server_groups()
    server.create_crd()
    mapper = RESTMapper(open_cache())
    assert str(await mapper.resolve("foos")) == "foos.v1.example.com"
    assert server.responses == {200: 3, 304: 1}
    assert str(await RESTMapper(open_cache()).resolve("foos")) == "foos.v1.example.com"
    assert server.responses == {200: 3, 304: 1}


@in_virtual_time
async def test_programs_at_the_same_time_share_the_files(open_cache: OpenCache) -> None:
    programs = [open_cache() for _ in range(8)]
    found = await asyncio.gather(*(program.server_groups_and_resources() for program in programs))
    assert len({str(each) for each in found}) == 1
    assert not any(path.suffix == ".tmp" for path in open_cache.files())
    assert await open_cache().server_groups_and_resources() == found[0]


def test_servers_and_clusters_at_the_same_address_share_no_file(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path)
    host = "https://127.0.0.1:6443"
    configs = [
        kubeloop.Config(host=host, ca_data=b"one"),
        kubeloop.Config(host=host, ca_data=b"another"),
        kubeloop.Config(host=host, ca_file="/one"),
        kubeloop.Config(host=host, ca_file="/one", tls_server_name="name"),
        kubeloop.Config(host=f"{host}/k8s/clusters/c-1", ca_data=b"one"),
    ]
    names = [cache.files_of(config)[0].directory for config in configs]
    assert len(set(names)) == len(configs)
    assert {Path(name).parent for name in names} == {tmp_path / "discovery"}
    assert Path(names[-1]).name.startswith("127.0.0.1_6443_k8s_clusters_c-1-".replace("-1-", "_1-"))
    same_server = kubeloop.Config(host=host, ca_data=b"one", token="another user")
    assert cache.files_of(same_server)[0].directory == names[0]


def test_a_path_of_an_address_leads_out_of_no_directory(tmp_path: Path) -> None:
    config = kubeloop.Config(host="https://server/a/../../../etc")
    (own, *others) = DiskCache(tmp_path, kubectl_directory=tmp_path / "kube").files_of(config)
    assert Path(own.directory).parent == tmp_path / "discovery"
    assert all(".." not in each.directory for each in others)


@in_virtual_time
async def test_kubectls_files_are_read_only_on_request_and_never_written(
    open_cache: OpenCache, server: DiscoveryServer, tmp_path: Path
) -> None:
    kubectl = tmp_path / "kube" / "cache"
    folder = kubectl / "discovery" / "server_6443"
    await open_cache().server_groups()
    (groups,) = open_cache.named("servergroups.json")
    folder.parent.mkdir(parents=True)
    groups.parent.rename(folder)  # as kubectl had written it
    assert open_cache.named("servergroups.json") == []
    await open_cache().server_groups()
    assert server.responses == {200: 2, 304: 2}
    for path in open_cache.named("servergroups.json"):
        path.unlink()
    before = {path: path.read_bytes() for path in kubectl.rglob("*.json")}
    assert len((await open_cache(kubectl_directory=kubectl).server_groups_and_resources()).resources) == 2
    assert server.responses == {200: 2, 304: 2}
    assert {path: path.read_bytes() for path in kubectl.rglob("*.json")} == before
    assert open_cache.named("servergroups.json") == []


@in_virtual_time
async def test_a_directory_that_others_may_write_is_not_used(
    open_cache: OpenCache, server: DiscoveryServer, caplog: pytest.LogCaptureFixture
) -> None:
    await open_cache().server_groups()
    (groups,) = open_cache.named("servergroups.json")
    for folder in (groups.parent, open_cache.folder / "http"):
        folder.chmod(0o777)
    caplog.clear()
    assert len(await open_cache().server_groups()) == 2
    assert server.responses == {200: 4}
    warnings = [text for text in caplog.messages if "others can write it" in text]
    assert len(warnings) == 2  # one per directory, however many files it has
    assert "mode 777" in warnings[0]


@in_virtual_time
async def test_a_disk_that_cannot_be_written_is_no_error(open_cache: OpenCache, server: DiscoveryServer) -> None:
    open_cache.folder.parent.mkdir(exist_ok=True)
    open_cache.folder.write_text("a file in the place of the directory")
    for _ in range(2):
        assert len(await open_cache().server_groups()) == 2
    assert server.responses == {200: 4}


@in_virtual_time
async def test_old_documents_are_removed(open_cache: OpenCache, clock: Clock) -> None:
    await open_cache().server_groups()
    old = open_cache.folder / "http" / ("0" * 64)
    old.write_bytes(b"x")
    os.utime(old, (NOW, NOW))
    clock.later = 31 * 24 * 3600.0
    cache = open_cache()
    cache.invalidate()
    await cache.server_groups()
    await cache.server_groups()
    assert old.exists()  # nothing new was written, so nobody looked
    open_cache.server.create_crd()
    cache.invalidate()
    await cache.server_groups()
    assert not old.exists()


def test_the_default_directory_is_below_the_cache_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere/cache")
    assert DiskCache().directory == "/somewhere/cache/kubeloop"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/me")
    assert DiskCache().directory == "/home/me/.cache/kubeloop"
    assert DiskCache("~/own").directory == "/home/me/own"
    assert repr(DiskCache("/a", kubectl_directory="/b")) == "<DiskCache in /a and /b, for 21600 s>"
