"""A server with the kinds that tests of apply sets need: it applies, lists by label, and deletes by uid.

It does what matters for sets: uids and resource versions, versions as preconditions, applies that change nothing, and
responses with metadata alone. `fault` is called with each request, and its result, unless None, is the response;
`late_fault` likewise, after the request was carried out.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from kubeloop.clients.applyset.apply_set import ApplySet
from kubeloop.clients.applyset.applyset_format import PART_OF
from kubeloop.clients.applyset.prune_plan import AppliedMember
from kubeloop.clients.applyset.prune_result import PruneResult
from kubeloop.clients.clientset import Clientset
from kubeloop.config.config import Config
from kubeloop.discovery.rest_mapping import RESTMapping
from kubeloop.errors import NoMatch, StatusDetails
from kubeloop.meta.gvk import GroupKind, GroupVersionKind, GroupVersionResource
from kubeloop.models import meta_v1
from kubeloop.wire.patch import APPLY_PATCH
from kubeloop.wire.request import Request
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport, error_status, query

__all__ = ["KINDS", "FakeMapper", "Run", "World", "mapping_of"]

_SERVED = {
    "ConfigMap": ("", "v1", "configmaps", True),
    "Secret": ("", "v1", "secrets", True),
    "Service": ("", "v1", "services", True),
    "Namespace": ("", "v1", "namespaces", False),
    "Endpoints": ("", "v1", "endpoints", True),
    "Deployment.apps": ("apps", "v1", "deployments", True),
    "ClusterRole.rbac.authorization.k8s.io": ("rbac.authorization.k8s.io", "v1", "clusterroles", False),
    "CustomResourceDefinition.apiextensions.k8s.io": (
        "apiextensions.k8s.io", "v1", "customresourcedefinitions", False,
    ),
    "Widget.example.com": ("example.com", "v1", "widgets", True),
    "Fleet.example.com": ("example.com", "v1", "fleets", False),
}  # fmt: skip

Fault = Callable[[Request], "ScriptedResponse | Exception | None"]


def mapping_of(kind: str) -> RESTMapping:
    """Return the resource of a kind, such as `Deployment.apps`."""
    group, version, plural, namespaced = _SERVED[kind]
    return RESTMapping(
        GroupKind.parse(kind).with_version(version), GroupVersionResource(group, version, plural), namespaced
    )


KINDS = {GroupKind.parse(kind): mapping_of(kind) for kind in _SERVED}


class FakeTable:
    """The kinds that a mapper has found."""

    def __init__(self, find: Callable[[str], RESTMapping]) -> None:
        self._find = find

    def mapping(self, kind: GroupVersionKind) -> RESTMapping:
        return self._find(str(kind.group_kind))


class FakeMapper:
    """Finds the kinds of the world, except those in `missing`; `failing` are kinds whose group cannot be read.

    `stale` are versions of kinds in which they are found until the mapper asks the server again.
    """

    def __init__(self) -> None:
        self.missing: set[str] = set()
        self.stale: dict[str, str] = {}
        self.failing: dict[str, Exception] = {}

    async def mapping(self, kind: GroupKind | GroupVersionKind, /) -> RESTMapping:
        return self._found(str(kind.group_kind if isinstance(kind, GroupVersionKind) else kind))

    def invalidate(self) -> None:
        self.stale.clear()

    async def table(self) -> FakeTable:
        return FakeTable(self._found)

    async def resolve(self, text: str, /) -> RESTMapping:
        for kind, mapping in KINDS.items():
            resource = mapping.resource
            if text in (resource.resource, f"{resource.resource}.{resource.group}", kind.kind.lower()):
                return self._found(str(kind))
        return self._found(text)

    def _found(self, kind: str) -> RESTMapping:
        if kind in self.failing:
            raise self.failing[kind]
        if kind in self.missing or kind not in _SERVED:
            raise NoMatch(StatusDetails(code=404, reason="NotFound", message=f"the server has no kind {kind}"))
        mapping = mapping_of(kind)
        if kind not in self.stale:
            return mapping
        version = self.stale[kind]
        resource = mapping.resource
        old = GroupVersionResource(resource.group, version, resource.resource)
        return RESTMapping(mapping.kind.group_kind.with_version(version), old, mapping.namespaced)


def split(obj: str) -> tuple[str, str, str]:
    """Return the kind, name and namespace in a text such as `ConfigMap web/shop` or `Namespace web`."""
    kind, _, key = obj.partition(" ")
    namespace, _, name = key.rpartition("/")
    return kind, name, namespace


class _Clientset(Clientset):
    """A Clientset with the mapper of the world."""

    fake_mapper: FakeMapper

    @property
    def mapper(self) -> Any:  # the part of a RESTMapper that sets need
        return self.fake_mapper


class World:
    """The objects of the server, by path, and a client for it."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.mapper = FakeMapper()
        self.fault: Fault | None = None
        self.late_fault: Fault | None = None
        self.deleted: list[str] = []
        self._version = 0
        self.transport = ScriptedTransport(self._respond)
        self.clientset = _Clientset(Config(host="https://server"), transport=self.transport, random=random.Random(7))
        self.clientset.fake_mapper = self.mapper

    @property
    def sent(self) -> list[str]:
        """The requests: method and path, without the prefix of the API."""
        return [f"{each.method} {self.short(each.path)}" for each in self.transport.requests]

    @staticmethod
    def short(path: str) -> str:
        """Return a path without the prefix of the API: `a/configmaps/x`."""
        parts = path.split("/")[2 if path.startswith("/api/") else 3 :]
        parts = parts[1:] if parts[0].startswith("v") else parts
        return "/".join(parts[1:] if parts[0] == "namespaces" and len(parts) > 2 else parts)

    def names(self) -> set[str]:
        """Return what exists: `a/configmaps/x`."""
        return {self.short(path) for path in self.objects}

    def put(self, kind: str, name: str, namespace: str = "", **metadata: Any) -> dict[str, Any]:
        """Store an object, and return it."""
        path = self.path(kind, name, namespace)
        found = GroupKind.parse(kind)
        body = {
            "apiVersion": str(mapping_of(kind).group_version),
            "kind": found.kind,
            "metadata": {"name": name, **({"namespace": namespace} if namespace else {}), **metadata},
        }
        return self._store(path, body)

    def path(self, kind: str, name: str, namespace: str = "") -> str:
        """Return the path of an object."""
        mapping = mapping_of(kind)
        within = f"/namespaces/{namespace}" if namespace else ""
        return f"{mapping.group_version.api_prefix}{within}/{mapping.resource.resource}/{name}"

    def metadata(self, obj: str) -> dict[str, Any]:
        """Return the metadata of an object, such as `ConfigMap web/shop`, to read or to change."""
        metadata: dict[str, Any] = self.objects[self.path(*split(obj))]["metadata"]
        return metadata

    def annotate(self, obj: str, annotation: str, value: str) -> None:
        """Change an annotation, as another client would."""
        path = self.path(*split(obj))
        annotations = {**self.objects[path]["metadata"]["annotations"], annotation: value}
        self._store(path, {**self.objects[path], "metadata": {"annotations": annotations}})

    def _store(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self._version += 1
        old = self.objects.get(path)
        metadata = {
            **(old["metadata"] if old else {"uid": f"uid-{self._version}"}),
            **body["metadata"],
            "resourceVersion": str(self._version),
        }
        self.objects[path] = {**body, "metadata": metadata}
        return self.objects[path]

    def _respond(self, request: Request) -> ScriptedResponse | Exception:
        if self.fault is not None and (response := self.fault(request)) is not None:
            return response
        response = self._carry_out(request)
        if self.late_fault is not None and (late := self.late_fault(request)) is not None:
            return late
        return response

    def _carry_out(self, request: Request) -> ScriptedResponse:
        path, parameters = request.path, query(request)
        is_whole = "as=PartialObjectMetadata" not in dict(request.headers).get("Accept", "")
        if request.method == "PATCH":
            body = json.loads(request.body or b"{}")
            return self._apply(path, body, is_dry_run="dryRun" in parameters, is_whole=is_whole)
        if path not in self.objects:
            is_collection = path.rpartition("/")[2] in {each.resource.resource for each in KINDS.values()}
            return self._list(path, parameters.get("labelSelector", "")) if is_collection else self._absent(path)
        if request.method == "GET":
            return _response(self.objects[path], is_whole=is_whole)
        return self._delete(path, json.loads(request.body or b"{}"))

    def _apply(self, path: str, body: dict[str, Any], *, is_dry_run: bool, is_whole: bool) -> ScriptedResponse:
        old = self.objects.get(path)
        wanted = body["metadata"].pop("resourceVersion", None)
        if old is not None and wanted not in (None, old["metadata"]["resourceVersion"]):
            return error_status(
                409, "Conflict", "the object has been modified", details={"name": path.rsplit("/", maxsplit=1)[-1]}
            )
        if is_dry_run:
            new = {**body, "metadata": {**body["metadata"], "uid": "not-stored"}}
            return _response(old or new, is_whole=is_whole)
        is_same = old is not None and all(
            old["metadata"].get(name) == value for name, value in body["metadata"].items()
        )
        if old is None or not is_same:
            return _response(self._store(path, body), is_whole=is_whole, code=201 if old is None else 200)
        return _response(old, is_whole=is_whole)

    def _list(self, path: str, selector: str) -> ScriptedResponse:
        name, _, value = selector.partition("=")
        items = [
            _metadata(obj)
            for key, obj in sorted(self.objects.items())
            if key.rpartition("/")[0] == path and (not name or obj["metadata"].get("labels", {}).get(name) == value)
        ]
        head = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"}
        return ScriptedResponse.of({**head, "metadata": {"resourceVersion": str(self._version)}, "items": items})

    def _delete(self, path: str, options: dict[str, Any]) -> ScriptedResponse:
        uid = options.get("preconditions", {}).get("uid")
        if uid not in (None, self.objects[path]["metadata"]["uid"]):
            return error_status(409, "Conflict", "the UID in the precondition is another one")
        if "dryRun" not in options:
            self.deleted.append(self.short(path))
            del self.objects[path]
            if path.startswith("/api/v1/namespaces/") and path.count("/") == 4:
                for each in [one for one in self.objects if one.startswith(f"{path}/")]:
                    self.deleted.append(self.short(each))
                    del self.objects[each]
        return ScriptedResponse.of({"kind": "Status", "apiVersion": "v1", "status": "Success"})

    @staticmethod
    def _absent(path: str) -> ScriptedResponse:
        parts = path.split("/")
        return error_status(404, "NotFound", f"{parts[-1]} not found", details={"name": parts[-1], "kind": parts[-2]})


def _response(obj: dict[str, Any], *, is_whole: bool, code: int = 200) -> ScriptedResponse:
    return ScriptedResponse.of(obj if is_whole else _metadata(obj), code)


def _metadata(obj: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


class Run:
    """One run on a set, with the steps in the order of `apply_manifests`: widen, apply all, prune.

    Args:
        world: The server.
        namespace: The namespace of the parent.
        reference: The parent.
        dry_run: Whether nothing is stored.
        arriving: Kinds whose definitions are applied first.
        before_prune: Called after everything was applied.
        forget_uids: Whether the responses of applies had no uids.
        options: Arguments of `prune`.
    """

    def __init__(
        self,
        world: World,
        namespace: str | None,
        *,
        reference: str = "configmaps/shop",
        dry_run: bool = False,
        arriving: Sequence[str] = (),
        before_prune: Callable[[], None] | None = None,
        forget_uids: bool = False,
        **options: Any,
    ) -> None:
        self._world = world
        self._open = (reference, namespace, dry_run)
        self._arriving = [GroupKind.parse(kind) for kind in arriving]
        self._before_prune = before_prune
        self._forget_uids = forget_uids
        self._options = options

    async def widen(self, *objects: str) -> ApplySet:
        """Open the set, and make its parent cover these objects, such as `ConfigMap a/x`."""
        reference, namespace, dry_run = self._open
        rest, mapper = self._world.clientset.rest, self._world.mapper
        applyset = await ApplySet.open(rest, reference, namespace=namespace, mapper=mapper, dry_run=dry_run)
        members = [(GroupKind.parse(kind), namespace) for kind, _, namespace in map(split, objects)]
        await applyset.widen(members, arriving=self._arriving)
        return applyset

    async def of(self, *objects: str) -> list[PruneResult]:
        """Run the steps with these objects; an apply that fails raises, and nothing is pruned."""
        applyset = await self.widen(*objects)
        applied = [await self._apply(applyset, *split(each)) for each in objects]
        if self._before_prune is not None:
            self._before_prune()
        results: list[PruneResult] = []
        options: dict[str, Any] = {"report": results.append, **self._options}
        await applyset.prune(applied, rank_of=lambda kind: 0 if kind.kind == "Namespace" else 1, **options)
        return results

    async def _apply(self, applyset: ApplySet, kind: str, name: str, namespace: str) -> AppliedMember:
        mapping = mapping_of(kind)
        place = {"name": name, **({"namespace": namespace} if namespace else {})}
        body = {
            "apiVersion": str(mapping.group_version),
            "kind": mapping.kind.kind,
            "metadata": {**place, "labels": {PART_OF: applyset.id}},
        }
        _, _, dry_run = self._open
        found = await self._world.clientset.rest.patch(
            self._world.path(kind, name, namespace),
            body=body,
            content_type=APPLY_PATCH,
            into=meta_v1.PartialObjectMetadata,
            params={"fieldManager": "test", "dryRun": "All" if dry_run else None},
        )
        uid = "" if self._forget_uids else found.metadata.uid
        return AppliedMember(mapping.kind.group_kind, mapping.resource.resource, namespace, name, uid)
