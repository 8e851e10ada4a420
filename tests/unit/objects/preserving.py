"""Classes as `kubeloop generate` writes them for CRDs that preserve unknown fields and have nullable fields."""

from __future__ import annotations

from kubeloop.models import meta_v1
from kubeloop.objects.model import (
    INT,
    MAP,
    NULL,
    NULLABLE,
    SEQ,
    STR,
    Any,
    Kind,
    KindList,
    Map,
    Model,
    NullSeq,
    Seq,
    Time,
)


class Address(Model):
    value: str = STR


class Status(Model, preserve=True):
    ready: bool | None = None
    addresses: Seq[Address] = SEQ


class Window(Model):
    start: Time | None = NULLABLE


class Spec(Model, rename={"not_null": "notNull", "max_size": "maxSize"}):
    host: str = STR
    size: int | None = NULLABLE
    max_size: int | None = NULLABLE
    needed: str | None = NULL
    window: Window | None = NULLABLE
    anything: Any = NULLABLE
    lists: NullSeq[str] = SEQ
    not_null: int | None = None


class Entry(
    Kind,
    api_version="example.com/v1",
    kind="Entry",
    resource="entries",
    namespaced=True,
    rename={"by_name": "byName"},
):
    metadata: meta_v1.ObjectMeta = meta_v1.ObjectMeta()
    spec: Spec | None = None
    status: Status | None = None
    by_name: Map[Status] = MAP
    history: Seq[Status] = SEQ


class EntryList(KindList, api_version="example.com/v1", kind="EntryList", item=Entry):
    metadata: meta_v1.ListMeta = meta_v1.ListMeta()
    items: NullSeq[Entry] = SEQ


class Open(Kind, api_version="example.com/v1", kind="Open", resource="opens", namespaced=True, preserve=True):
    """A class that preserves everything, as with the field at the root of a schema."""

    metadata: meta_v1.ObjectMeta = meta_v1.ObjectMeta()
    count: int = INT
