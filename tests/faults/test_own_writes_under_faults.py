"""Own writes while watches are cut, lists are stale and requests fail: no read is older than a write that was waited
for. In virtual time, in worlds made from seeds.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from kubeloop import errors
from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.cache.store.mutation_cache import MutationCache
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import APIServer
from kubeloop.testing.virtual_time import in_virtual_time

PATIENCE = 600
NAMESPACES = ("a", "b", "c")


def faulty_server(chance: random.Random) -> APIServer:
    api = APIServer(
        *(core_v1.Namespace(metadata=meta_v1.ObjectMeta(name=name)) for name in NAMESPACES),
        controllers=(), random=random.Random(chance.random()),
    )  # fmt: skip
    for error in (None, errors.Expired, errors.InternalError):
        api.on("watch", "secrets", chance=0.3).cut_watch(after=chance.randrange(4), error=error)
    api.on("watch", "secrets", chance=0.2).delay(chance.uniform(0, 3))
    api.on("watch", "secrets", chance=0.2).fail(errors.TooManyRequests)
    api.on("list", "secrets", chance=0.2).fail(errors.ServiceUnavailable)
    api.on("list", "secrets", chance=0.3).stale(chance.randrange(1, 4))
    return api


def version_of(obj: Any) -> int:
    return int(obj.metadata.resource_version)


@pytest.mark.parametrize("seed", range(12))
@in_virtual_time
async def test_no_read_is_older_than_a_write_that_was_waited_for(seed: int) -> None:
    chance = random.Random(seed)
    api = faulty_server(chance)
    clients = api.clientset()
    factory = SharedInformerFactory(clients, namespace=["a", "b"], random=random.Random(seed))
    informers: list[Any] = [
        factory.core_v1.secrets(),
        factory.metadata(core_v1.Secret),
        factory.core_v1.secrets("", label_selector="app=web"),
    ]
    overlay = MutationCache(informers[0])
    exist: dict[str, core_v1.Secret] = {}
    newest = 0
    async with factory:
        for number in range(60):
            namespace, name = chance.choice(NAMESPACES), f"s{chance.randrange(3)}"
            key, secrets = f"{namespace}/{name}", clients.core_v1.secrets(namespace)
            if key not in exist:
                metadata = meta_v1.ObjectMeta(name=name, labels={"app": chance.choice(["web", "db"])})
                exist[key] = await secrets.create(core_v1.Secret(metadata=metadata))
            elif chance.random() < 0.7:
                labels = {"app": chance.choice(["web", "db"]), "number": str(number)}
                exist[key] = await secrets.patch(name, {"metadata": {"labels": labels}})
            else:
                gone = exist.pop(key)
                await secrets.delete(name)
                for informer in informers:
                    await informer.wait_for_deletion(gone, timeout=PATIENCE)
                    held = informer.indexer.last_known(key)
                    assert held is None or held.metadata.uid != gone.metadata.uid
                continue
            obj = exist[key]
            overlay.record(obj)
            shown = overlay.get_by_key(key)
            assert (shown is None) if namespace == "c" else (shown is not None and version_of(shown) >= version_of(obj))
            for informer in informers:
                if chance.random() < 0.5:
                    await informer.wait_for_write(obj, timeout=PATIENCE)
                    held = informer.indexer.last_known(key)
                    if informer.selects(obj):
                        assert held.metadata == obj.metadata
                    else:
                        assert held is None
            newest = max(newest, version_of(obj))
        api.reactions.clear()
        await factory.wait_for_cache_sync(timeout=PATIENCE)
        last = await clients.core_v1.secrets("a").create(
            core_v1.Secret(metadata=meta_v1.ObjectMeta(name="last", labels={"app": "web"}))
        )
        exist["a/last"] = last
        other = await clients.core_v1.secrets("b").create(
            core_v1.Secret(metadata=meta_v1.ObjectMeta(name="last", labels={"app": "web"}))
        )
        exist["b/last"] = other
        for informer in informers:
            await informer.wait_for_write(last, timeout=PATIENCE)
            await informer.wait_for_write(other, timeout=PATIENCE)
            expected = {key: version_of(obj) for key, obj in exist.items() if informer.selects(obj)}
            assert {key: version_of(informer.lister.get(key)) for key in informer.indexer.list_keys()} == expected
            report = await informer.check_consistency()
            assert report.verdict == "consistent", str(report)
        assert "0 writes" in repr(overlay) or overlay.list() == informers[0].indexer.list()
    api.close()
