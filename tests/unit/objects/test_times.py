"""Times in models: every reader reads them as `parse_time` does; they are written or refused, never out of range."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from kubeloop.errors import DecodeError
from kubeloop.meta.times import parse_time
from kubeloop.models import meta_v1
from kubeloop.objects.model import SEQ, ExactTime, Kind, KindList, MicroTime, Model, NullSeq, Seq, Time
from kubeloop.wire import documents, plain_values
from kubeloop.wire.serializers import json_events, json_objects


class Window(Model):
    """A class as `kubeloop generate` writes it for a CRD with times."""

    start: ExactTime | None = None
    ends: Seq[ExactTime | None] = SEQ
    note: str = ""


class Times(Model):
    start: Time | None = None
    ends: Seq[Time | None] = SEQ
    exact: MicroTime | None = None


class Backup(Kind, api_version="x.io/v1", kind="Backup", resource="backups", namespaced=True):
    metadata: meta_v1.ObjectMeta = meta_v1.ObjectMeta()
    windows: Seq[Window] = SEQ


class BackupList(KindList, api_version="x.io/v1", kind="BackupList", item=Backup):
    metadata: meta_v1.ListMeta = meta_v1.ListMeta()
    items: NullSeq[Backup] = SEQ


def body(text: str) -> dict[str, Any]:
    window = {"start": text, "ends": [text], "note": "1.123456789"}
    return {"apiVersion": "x.io/v1", "kind": "Backup", "metadata": {"name": "a"}, "windows": [window]}


def as_bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


DOORS: dict[str, Callable[[str], Any]] = {
    "decode_into": lambda text: json_objects.decode_into(as_bytes(body(text)), Backup),
    "from_dict": lambda text: Backup.from_dict(body(text)),
    "from_yaml": lambda text: Backup.from_yaml(json.dumps(body(text))),
    "decode_list": lambda text: json_objects.decode_list(
        as_bytes({"kind": "BackupList", "items": [body("2026-01-01T00:00:00Z"), body(text)]}), BackupList
    ).items[1],
    "event": lambda text: (
        json_events.JSONEventDecoder(Backup).decode(as_bytes({"type": "ADDED", "object": body(text)})).object
    ),
}
READ = [
    "2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05.9999999Z",
    "2026-01-02T03:04:05.1234567Z",
    "2026-01-02T03:04:05.123456789+01:00",
    "9999-12-31T23:59:59.9999999Z",
    "2026-01-02 03:04:05Z",
    "2026-01-02t03:04:05z",
    "2026-01-02T03:04:05+0100",
    "2026-01-02T03:04:05,5Z",
    "2026-01-02T3:04:05Z",
    "2026-01-02T03:04:05+24:00",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-01:00",
]
REFUSED = [
    "0000-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "2026-01-02T03:04:05",
    "2026-01-02T03:04:05+25:00",
    "2026-02-30T03:04:05Z",
    "0001-01-01T00:00:00+24:00",
    "yesterday",
]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("text", READ)
def test_every_door_reads_what_parse_time_reads(door: str, text: str) -> None:
    """(E1, E13) Times are cut to microseconds, never rounded."""
    (window,) = DOORS[door](text).windows
    assert window.start == window.ends[0] == parse_time(text)
    assert window.note == "1.123456789"


@pytest.mark.parametrize("door", ["decode_into", "from_dict", "from_yaml", "event"])
@pytest.mark.parametrize("text", REFUSED)
def test_every_door_refuses_what_parse_time_refuses(door: str, text: str) -> None:
    """(E13) The object cannot be read; no other time is put in its place."""
    with pytest.raises(ValueError, match="RFC 3339"):
        parse_time(text)
    with pytest.raises(DecodeError, match=r"windows\[0\]\.start"):
        DOORS[door](text)


@pytest.mark.parametrize("text", READ)
def test_times_of_built_in_classes_are_read_alike(text: str) -> None:
    """(E13) msgspec refuses some of these; in responses it may round times that no API server in Go ever writes."""
    body = {"start": text, "ends": [text], "exact": text}
    for times in (Times.from_dict(body), json_objects.decode_into(as_bytes(body), Times)):
        if "56789" not in text and ".99999" not in text and "34567" not in text:
            assert times.start == times.ends[0] == times.exact == parse_time(text)
    assert Times.from_dict(body).start == parse_time(text)


@pytest.mark.parametrize("text", REFUSED)
def test_times_that_cannot_be_are_refused_by_built_in_classes(text: str) -> None:
    """(E13)"""
    for name in ("start", "exact"):
        with pytest.raises(DecodeError, match=name):
            json_objects.decode_into(as_bytes({name: text}), Times)


def test_documents_of_built_in_classes_are_cut_too() -> None:
    """(E1)"""
    text = "2026-01-02T03:04:05.9999999Z"
    meta = meta_v1.ObjectMeta.from_dict({"creationTimestamp": text})
    assert meta.creation_timestamp == parse_time(text)
    lease: Any = documents.decode(
        as_bytes({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": {"renewTime": text}})
    )
    assert lease.spec.renew_time == parse_time(text)


EAST, WEST = timezone(timedelta(hours=1)), timezone(timedelta(hours=-1))


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (datetime(1, 1, 1, tzinfo=EAST), "0001-01-01T00:00:00+01:00"),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=WEST), "9999-12-31T23:59:59-01:00"),
        (datetime(1, 1, 1, 1, tzinfo=EAST), "0001-01-01T00:00:00Z"),
    ],
)
def test_times_at_the_ends_of_the_calendar_are_written(time: datetime, text: str) -> None:
    """(E2) Never an OverflowError."""
    micro = text[:19] + ".000000" + text[19:]
    built = Times(start=time, ends=[time], exact=time)
    read = json_objects.decode_into(as_bytes({"start": text, "exact": text}), Times)
    draft = Times().draft()
    draft.start = draft.exact = time
    for times in (built, read, draft.finish().after):
        assert json.loads(documents.encode(times))["start"] == text
        assert json.loads(documents.encode(times))["exact"] == micro
        assert times.to_dict()["exact"] == micro
    assert built.start.astimezone(EAST) == time if time.year == 1 and built.start.tzinfo is UTC else built.start == time
    assert draft.finish().merge_patch() == {"start": text, "exact": micro}
    assert plain_values.to_data({"a": time}) == {"a": text}
