"""The mutation detector finds the changes that type checkers miss, wherever they happen, and reports the place without
values.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from kubeloop import Request, Response, Unstructured
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.cache.source.rest_source import rest_list_watch
from kubeloop.meta.gvk import GroupResource
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import APIServer, CacheMutated, MutationDetector
from kubeloop.testing.virtual_time import in_virtual_time, settle
from tests.support.informers import running


def secret(name: str, text: str = "hunter2") -> core_v1.Secret:
    metadata = meta_v1.ObjectMeta(name=name, namespace="ns", labels={"a": "b"})
    return core_v1.Secret(metadata=metadata, data={"password": text.encode()})


def unstructured_of(obj: Any) -> Any:
    return Unstructured(obj.to_dict()) if isinstance(obj, core_v1.Secret) else obj


def delete(api: APIServer, name: str) -> None:
    response = api.respond(Request("DELETE", f"/api/v1/namespaces/ns/secrets/{name}"))
    assert isinstance(response, Response)
    assert response.status == 200


def informer_of_secrets(api: APIServer, read: Callable[[Any], Any] = lambda obj: obj) -> SharedInformer[Any]:
    source = rest_list_watch(api.clientset().rest, core_v1.Secret)
    return SharedInformer(source, resource=GroupResource("", "secrets"), transform=read, name="v1 secrets")


@in_virtual_time
async def test_nothing_is_found_where_nothing_was_changed():
    api = APIServer()
    for read in (lambda obj: obj, unstructured_of):
        informer = informer_of_secrets(api, read)
        with MutationDetector(informer) as detector:
            async with running(informer):
                api.put(secret("a"))
                api.put(secret("b"))
                await settle()
                api.put(secret("a", "2"))
                await settle()
                delete(api, "b")
                await settle()
                detector.check()


@in_virtual_time
async def test_check_names_the_informer_the_object_and_the_places_but_no_values():
    api = APIServer(secret("a"))
    informer = informer_of_secrets(api)
    with MutationDetector(informer) as detector:
        async with running(informer):
            obj = informer.lister.list()[0]
            obj.data["hacked"] = b"hunter3"
            obj.data["password"] = b"hunter4"
            del obj.metadata.labels["a"]
            with pytest.raises(CacheMutated) as caught:
                detector.check()
            detector.check()  # the change is reported once
    assert caught.value.mutations == (
        "v1 secrets: ns/a: removed /metadata/labels/a, replaced /data/password, added /data/hacked",
    )
    assert "draft()" in str(caught.value)
    assert "hunter" not in str(caught.value)


@in_virtual_time
async def test_a_change_of_an_object_without_a_model_is_found():
    api = APIServer(secret("a"))
    informer = informer_of_secrets(api, unstructured_of)
    detector = MutationDetector(informer)
    async with running(informer):
        informer.lister.list()[0]["data"]["hacked"] = "hunter3"
        with pytest.raises(CacheMutated, match=r"v1 secrets: ns/a: added /data/hacked$"):
            detector.check()


@pytest.mark.parametrize("then", [lambda api: api.put(secret("a", "2")), lambda api: delete(api, "a")])
@in_virtual_time
async def test_a_change_before_an_update_or_deletion_is_found(then: Callable[[APIServer], object]):
    api = APIServer(secret("a"))
    informer = informer_of_secrets(api)
    detector = MutationDetector(informer)
    async with running(informer):
        informer.lister.list()[0].data["hacked"] = b"1"
        then(api)
        await settle()
        assert not any("hacked" in obj.data for obj in informer.lister.list())
    with pytest.raises(CacheMutated, match="added /data/hacked"):
        detector.check()


@in_virtual_time
async def test_a_handler_that_changes_objects_is_found_when_the_block_ends():
    api = APIServer()
    informer = informer_of_secrets(api)
    block = MutationDetector(informer)
    block.__enter__()
    informer.add_event_handler(on_add=lambda obj: obj.metadata.labels.update(seen="yes"))
    async with running(informer):
        api.put(secret("a"))
        await settle()
    with pytest.raises(CacheMutated, match="ns/a: added /metadata/labels/seen"):
        block.__exit__(None, None, None)


@in_virtual_time
async def test_a_running_informer_is_watched_from_then_on():
    api = APIServer(secret("a"))
    informer = informer_of_secrets(api)
    async with running(informer):
        detector = MutationDetector(informer)
        await settle()
        informer.lister.list()[0].data["hacked"] = b"1"
        with pytest.raises(CacheMutated, match="ns/a: added /data/hacked"):
            detector.check()


@in_virtual_time
async def test_an_object_that_has_no_json_form_any_more_is_a_change():
    api = APIServer(secret("a"))
    informer = informer_of_secrets(api, unstructured_of)
    detector = MutationDetector(informer)
    async with running(informer):
        informer.lister.list()[0]["data"]["x"] = float("nan")
        with pytest.raises(CacheMutated, match=r"ns/a: cannot be written any more: data\.x: nan"):
            detector.check()


@in_virtual_time
async def test_the_blocks_own_exception_is_the_one_that_is_seen():
    api = APIServer(secret("a"))
    informer = informer_of_secrets(api)

    async def fail() -> None:
        with MutationDetector(informer):
            async with running(informer):
                informer.lister.list()[0].data["hacked"] = b"1"
                raise KeyError("own")

    with pytest.raises(KeyError) as caught:
        await fail()
    assert "ns/a: added /data/hacked" in caught.value.__notes__[0]


@in_virtual_time
async def test_a_detector_lets_go_when_its_block_ends():
    api = APIServer()
    informer = informer_of_secrets(api)
    async with running(informer):
        with MutationDetector(informer) as detector:
            api.put(secret("a"))
            await settle()
        informer.lister.list()[0].data["hacked"] = b"1"
        detector.check()
    assert repr(detector) == "<MutationDetector of nothing: 0 found>"


def test_the_fixture_fails_the_test_that_changed_something(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makeconftest('pytest_plugins = ["kubeloop.testing.pytest_plugin"]')
    pytester.makepyfile("""
        from kubeloop.models import core_v1
        from tests.unit.testing.test_mutation_detector import *

        def run(detector, change):
            @in_virtual_time
            async def scenario():
                api = APIServer(secret("a"))
                informer = informer_of_secrets(api)
                detector.watch(informer)
                async with running(informer):
                    change(informer.lister.list()[0])
            scenario()

        def test_reads(mutation_detector):
            run(mutation_detector, lambda obj: obj.data["password"])

        def test_writes(mutation_detector):
            run(mutation_detector, lambda obj: obj.data.clear())
    """)
    result = pytester.runpytest_inprocess("-q", "-k", "test_reads or test_writes", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*CacheMutated*", "*v1 secrets: ns/a: removed /data*"])


def test_the_package_of_tools_is_light_until_the_detector_is_asked_for() -> None:
    program = (
        "import sys, kubeloop.testing as t; light = 'kubeloop.cache' not in sys.modules; t.MutationDetector; "
        "print(light, 'kubeloop.cache' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["True", "True"]
    with pytest.raises(ImportError):
        from kubeloop.testing import Nothing  # type: ignore[attr-defined] # noqa: F401
