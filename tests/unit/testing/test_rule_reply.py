"""The response of a function of a rule."""

from __future__ import annotations

import pytest

from kubeloop import errors
from kubeloop.errors import StatusDetails
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import json_response
from kubeloop.testing.action import Action
from kubeloop.testing.rule_reply import reply_of
from kubeloop.testing.virtual_time import in_virtual_time

GET = Action("get", "pods", "a", namespace="x")
POD = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a"))


@in_virtual_time
async def test_none_passes_the_request_on_and_a_response_is_the_response() -> None:
    response = json_response({}, 201)

    async def later(action: Action) -> object:
        return {"name": action.name}

    assert await reply_of(GET, lambda _: None) is None
    assert await reply_of(GET, lambda _: response) is response
    assert await reply_of(GET, lambda _: POD) == json_response(POD)
    assert await reply_of(GET, later) == json_response({"name": "a"})


@in_virtual_time
async def test_an_api_error_is_a_status_and_a_failure_of_the_network_is_raised() -> None:
    def refuse(_: Action) -> None:
        raise errors.Forbidden(StatusDetails(code=403, reason="Forbidden", message="not you"))

    def lose(_: Action) -> None:
        raise errors.ConnectionLost("reset")

    reply = await reply_of(GET, refuse)
    assert reply is not None
    assert reply.status == 403
    with pytest.raises(errors.ConnectionLost, match="reset"):
        await reply_of(GET, lose)


@pytest.mark.parametrize("value", [42, "a", True])
async def test_a_value_that_is_no_response_is_an_error_of_the_test(value: object) -> None:
    message = f"expected a response, an object or None .* get pods a, got {type(value).__name__}"
    with pytest.raises(TypeError, match=message):
        await reply_of(Action("get", "pods", "a"), lambda _: value)
