"""The real server quotes requests and stored objects: nothing of a Secret gets into an exception."""

from __future__ import annotations

from typing import Any

import pytest

import kubeloop

APPLIED = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
CASES: dict[str, tuple[str, Any]] = {
    "a wrong field beside stored data": ("patch", {"immutable": "zz"}),
    "data that is no base64": ("patch", {"data": {"k": "topsecret!"}}),
    "a number as data": ("patch", {"data": {"k": 7777777}}),
    "text as data": ("patch", [{"op": "replace", "path": "/data", "value": "topsecret"}]),
    "text as stringData": ("patch", {"stringData": "topsecret"}),
    "applied data that is a list": ("apply", {**APPLIED, "data": ["topsecret"]}),
    "applied stringData that is a number": ("apply", {**APPLIED, "stringData": {"k": 7777777}}),
    "a label that is none": (
        "create",
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "t", "labels": {"x": "topsecret!"}}},
    ),
}


@pytest.mark.parametrize("through", ["typed", "dynamic"])
@pytest.mark.parametrize("case", CASES)
async def test_an_error_about_a_secret_shows_nothing_of_it(
    clientset: kubeloop.Clientset, namespace: str, case: str, through: str
) -> None:
    typed = clientset.core_v1.secrets(namespace)
    await typed.create({"metadata": {"name": "s"}, "data": {"k": "dG9w"}})
    # Any: the verbs of both clients have the same signatures.
    secrets: Any = typed if through == "typed" else clientset.dynamic.resource("v1", "secrets").namespace(namespace)
    verb, body = CASES[case]
    calls = {
        "patch": lambda: secrets.patch("s", body),
        "apply": lambda: secrets.apply(body, field_manager="me"),
        "create": lambda: secrets.create(body),
    }
    with pytest.raises(kubeloop.APIError) as caught:
        await calls[verb]()
    said = f"{caught.value} {vars(caught.value)}"
    assert not [value for value in ("dG9w", "topsecret", "7777777") if value in said]
    assert caught.value.code in {400, 422, 500}
    assert len(caught.value.status.message) > 40
