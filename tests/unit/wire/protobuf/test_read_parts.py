"""Parts of messages that cannot or need not be read as a whole: the identity of an object, the members of a Status."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.models import core_v1, meta_v1
from kubeloop.wire.protobuf.read_parts import identity_in, status_in
from kubeloop.wire.protobuf.wire_format import varint, with_length
from kubeloop.wire.protobuf.write_message import write_message

FULL = meta_v1.Status(
    metadata=meta_v1.ListMeta(resource_version="7", continue_="token"),
    status="Failure",
    message="it failed",
    reason="Invalid",
    code=422,
    details=meta_v1.StatusDetails(
        name="web",
        group="apps",
        kind="deployments",
        uid="u1",
        retry_after_seconds=3,
        causes=[meta_v1.StatusCause(reason="R", message="M", field="f"), meta_v1.StatusCause(field="g")],
    ),
)
HEAD = {"apiVersion": "v1", "kind": "Status"}


def status(message: bytes) -> dict[str, Any]:
    return dict(status_in(message, 0, len(message), "v1"))


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def identity(message: bytes) -> dict[str, str]:
    return identity_in(message, 0, len(message))


# --- identity ---------------------------------------------------------------------------------------------------------


def test_the_identity_is_that_of_the_metadata() -> None:
    meta = meta_v1.ObjectMeta(name="a", generate_name="g-", namespace="x", uid="u", resource_version="5")
    message = write_message(core_v1.Pod(metadata=meta, spec=core_v1.PodSpec(node_name="n")))
    expected = {"name": "a", "namespace": "x", "uid": "u", "resource_version": "5"}
    assert identity(message) == expected
    assert identity_in(b"??" + message + b"??", 2, 2 + len(message)) == expected


def test_texts_that_are_empty_or_of_another_wire_type_are_left_out() -> None:
    meta = with_length(1, b"a") + with_length(3, b"") + number(5, 7) + with_length(6, b"")
    assert identity(with_length(1, meta)) == {"name": "a"}


def test_the_identity_ends_where_the_metadata_are_broken() -> None:
    meta = with_length(1, b"a") + b"\x2a\x7f"
    assert identity(with_length(1, meta)) == {"name": "a"}
    assert identity(b"\xff" + with_length(1, with_length(1, b"a"))) == {}


def test_a_namespace_that_is_no_text_hides_the_name() -> None:
    meta = with_length(1, b"a") + with_length(3, b"\xff") + with_length(5, b"u")
    assert identity(with_length(1, meta)) == {}


def test_only_the_first_metadata_count() -> None:
    assert (
        identity(with_length(2, with_length(1, b"n")) + with_length(1, b"") + with_length(1, with_length(1, b"a")))
        == {}
    )


# --- Status -----------------------------------------------------------------------------------------------------------


def test_every_member_of_a_status_is_read() -> None:
    assert status(write_message(FULL)) == {
        **HEAD,
        "metadata": {"resourceVersion": "7", "continue": "token"},
        "status": "Failure",
        "message": "it failed",
        "reason": "Invalid",
        "code": 422,
        "details": {
            "name": "web",
            "group": "apps",
            "kind": "deployments",
            "uid": "u1",
            "retryAfterSeconds": 3,
            "causes": [{"reason": "R", "message": "M", "field": "f"}, {"field": "g"}],
        },
    }


def test_a_status_without_members_has_its_kind() -> None:
    assert status(b"") == HEAD


@pytest.mark.parametrize(
    ("code", "read"), [(0, None), (1, 1), ((1 << 31) - 1, (1 << 31) - 1), (1 << 31, None), ((1 << 64) - 1, None)]
)
def test_codes_are_positive_integers_of_32_bits(code: int, read: int | None) -> None:
    assert status(number(6, code)).get("code") == read


@pytest.mark.parametrize("wrong", [varint(6 << 3 | 1) + b"\x01" * 8, varint(6 << 3 | 5) + b"\x01" * 4])
def test_a_code_of_another_wire_type_is_left_out(wrong: bytes) -> None:
    assert status(wrong + with_length(3, b"m")) == {**HEAD, "message": "m"}


def test_a_text_that_is_not_utf_8_is_left_out_and_the_others_are_not() -> None:
    assert status(with_length(2, b"Failure") + with_length(3, b"\xff") + with_length(4, b"R")) == {
        **HEAD,
        "status": "Failure",
        "reason": "R",
    }


def test_empty_texts_and_unknown_fields_are_left_out() -> None:
    assert status(with_length(3, b"") + with_length(90, b"x") + number(91, 5) + with_length(4, b"R")) == {
        **HEAD,
        "reason": "R",
    }


def test_a_status_is_read_up_to_the_place_that_is_broken() -> None:
    details = with_length(1, b"web") + with_length(4, with_length(1, b"R")) + b"\xff"
    message = with_length(2, b"Failure") + with_length(5, details) + b"\x1a\x7f"
    assert status(message) == {**HEAD, "status": "Failure", "details": {"name": "web", "causes": [{"reason": "R"}]}}


def test_details_without_a_length_are_left_out() -> None:
    group = varint(5 << 3 | 3) + varint(5 << 3 | 4)
    assert status(number(5, 1) + group + with_length(4, b"R")) == {**HEAD, "reason": "R"}


def test_the_first_hundred_causes_are_read() -> None:
    causes = b"".join(with_length(4, with_length(2, b"%d" % each)) for each in range(150))
    found = status(with_length(5, causes))["details"]["causes"]
    assert found == [{"message": str(each)} for each in range(100)]


def test_of_details_over_the_limit_only_the_size_is_reported() -> None:
    limit = 512 * 1024
    kept = with_length(1, b"x" * (limit - 4))
    assert len(kept) == limit
    assert status(with_length(5, kept))["details"]["name"] == "x" * (limit - 4)
    assert status(with_length(5, kept + b"\x00"))["details"] == {"causes": [{"message": "524289 bytes of causes"}]}
