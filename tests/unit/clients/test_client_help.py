"""What a person tries first on a client: repr, dir, help, and names that are nearly right."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import traceback
from typing import Any

import pytest

from kubeloop.clients import (
    groups,
    log_verbs,
    patch_verbs,
    read_verbs,
    replica_count,
    scale_verb,
    subresource,
    write_verbs,
)
from kubeloop.clients.base_resource_client import VERBS
from kubeloop.clients.group_client import GroupClient
from kubeloop.clients.groups import apps_v1
from kubeloop.clients.resource_client import StatusResourceClient
from kubeloop.clients.tables import table_verb
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.wire import options
from tests.support.option_lines import option_lines
from tests.support.scripted_clientset import clientset

MODULES = [
    read_verbs, write_verbs, patch_verbs, log_verbs, subresource, table_verb, scale_verb, apps_v1,
]  # fmt: skip
METHODS = {
    f"{cls.__name__}.{name}": method
    for module in MODULES
    for cls in vars(module).values()
    if inspect.isclass(cls) and cls.__module__ == module.__name__
    for name, method in vars(cls).items()
    if inspect.isfunction(method) and "options" in inspect.signature(method).parameters
}


def test_there_are_verbs_with_options() -> None:
    assert {"AsTable.as_table", "ScaleAny.scale", "Deployments.scale"} <= METHODS.keys()
    assert {"List.list", "Watch.watch", "Create.create", "Patch.edit", "Log.log", "PatchSub.patch"} <= METHODS.keys()


@pytest.mark.parametrize("name", METHODS)
def test_the_help_of_a_verb_lists_its_options_with_their_types(name: str) -> None:
    method = METHODS[name]
    options_name = re.fullmatch(r"Unpack\[(\w+)\]", method.__annotations__["options"])
    assert options_name
    found = {**vars(options), **vars(write_verbs), **vars(replica_count)}[options_name[1]]
    document = inspect.getdoc(method) or ""
    section = document.split("**options: ", 1)[1].splitlines()
    start = next(number for number, line in enumerate(section) if line.endswith(":")) + 1
    listed = [line.strip() for line in section[start:]]
    listed = listed[: listed.index("")] if "" in listed else listed
    assert sorted(listed) == sorted(option_lines(found)), f"expected {option_lines(found)}"


def group_classes() -> list[type[GroupClient]]:
    found = []
    for module in pkgutil.iter_modules(groups.__path__):
        members = vars(importlib.import_module(f"{groups.__name__}.{module.name}")).values()
        found += [one for one in members if inspect.isclass(one) and one.__bases__ == (GroupClient,)]
    return found


def test_errors_spell_the_accessor_of_every_resource() -> None:
    clients, _ = clientset()
    names = 0
    for group in group_classes():
        for name, accessor in inspect.getmembers(group, inspect.isfunction):
            if "namespace" in inspect.signature(accessor).parameters:
                client = accessor(group(clients.rest))
                message = rf'^log of .* needs a namespace: use {name}\("the-namespace"\), or '
                with pytest.raises(ValueError, match=message):
                    client._endpoint.check("a", verb="log")
                names += 1
    assert names > 70


def test_known_verbs_are_those_of_clients() -> None:
    assert {name for name in dir(StatusResourceClient) if not name.startswith("_")} - {"at", "endpoint"} == VERBS


def test_a_group_says_its_version_and_its_resources() -> None:
    clients, _ = clientset()
    shown = repr(clients.apps_v1)
    resources = "controller_revisions, daemon_sets, deployments, replica_sets, stateful_sets"
    assert shown == f"<AppsV1 apps/v1 at https://server: {resources}>"
    assert clients.apps_v1.group_version == "apps/v1"


def test_a_client_says_its_resource_namespace_verbs_and_subresources() -> None:
    clients, _ = clientset()
    assert repr(clients.authentication_v1.token_reviews()) == (
        "<TokenReviews authentication.k8s.io/v1 tokenreviews: create>"
    )
    shown = repr(clients.core_v1.pods("x"))
    assert shown.startswith("<Pods v1 pods in x: add_finalizer, apply, apply_status, as_table, binding, create, ")
    assert ", log, log_lines, " in shown


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("core_v1.pods.lst", "Pods has no 'lst'; did you mean 'list'? (available: add_finalizer, apply, "),
        ("core_v1.pods.evict", "Pods has no 'evict'; did you mean 'eviction'?"),
        ("core_v1.configmaps", "v1 has no resource 'configmaps'; did you mean 'config_maps'?"),
        ("apps_v1.xyz", "apps/v1 has no resource 'xyz': it has controller_revisions, "),
        ("core_v2", "Clientset has no 'core_v2'; did you mean 'core_v1'?"),
        (
            "authentication_v1.token_reviews.get",
            "TokenReviews has no verb 'get': the API does not have it for this resource (available: create)",
        ),
        ("core_v1.config_maps.update_status", "ConfigMaps has no verb 'update_status': the API does not have it"),
    ],
)
def test_a_name_that_is_nearly_right_gets_a_hint(path: str, message: str) -> None:
    found: Any = clientset()[0]
    *first, last = path.split(".")
    for name in first:
        found = getattr(found, name)
        found = found() if inspect.ismethod(found) else found
    with pytest.raises(AttributeError, match=re.escape(message)):
        getattr(found, last)
    assert not hasattr(found, last)


def test_python_does_not_repeat_the_hint() -> None:
    pods: Any = clientset()[0].core_v1.pods("x")
    with pytest.raises(AttributeError) as caught:
        _ = pods.lst
    printed = "".join(traceback.format_exception_only(caught.value))
    assert printed.lower().count("did you mean") == 1
    assert caught.value.obj is None, "Python suggests similar names of this object"


@in_virtual_time
async def test_an_option_that_is_nearly_right_gets_a_hint() -> None:
    clients, _ = clientset()
    pods: Any = clients.core_v1.pods("x")
    message = r"^list has no option 'label_selecter'; did you mean 'label_selector'\? \(options: label_selector, "
    with pytest.raises(TypeError, match=message):
        await pods.list(label_selecter="a")
    with pytest.raises(TypeError, match=r"^delete has no option 'xyz' \(options: grace_period_seconds, "):
        await pods.delete("a", xyz=1)


def test_clients_can_be_copied_and_have_no_hidden_attributes() -> None:
    """A hint for missing names must not respond to the protocols of Python."""
    import copy

    clients, _ = clientset()
    for one in (clients.core_v1, clients.core_v1.pods("x")):
        assert type(copy.copy(one)) is type(one)
