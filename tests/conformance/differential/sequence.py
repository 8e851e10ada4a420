"""The sequences: which request comes next, from a seed and from what the servers hold."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

from .kinds import KINDS, KindPlan
from .steps import Known, Step, in_json
from .unusual import unusual_step

__all__ = ["NAMESPACES", "PATCH_TYPES", "VERBS", "Sequence", "load_templates"]

Object = dict[str, Any]
NAMESPACES = ("diff-a", "diff-b")
_NAMES = ("n0", "n1", "n2", "n3")
_NOTHING: Mapping[str, str] = {}
_LABELS: tuple[Object, ...] = ({"color": "red"}, {"color": "blue"}, {"color": "red", "size": "l"}, {})
_SELECTORS = ("color=red", "color!=red", "color in (red,blue)", "size", "!size", "color=red,size=l")

PATCH_TYPES = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}

VERBS = (
    ("create", ""), ("get", ""), ("list", ""), ("watch", ""), ("update", ""), ("patch", "json"), ("patch", "merge"),
    ("patch", "strategic"), ("delete", ""), ("deletecollection", ""),
)  # fmt: skip


def load_templates() -> dict[str, Object]:
    """Return the recorded objects with every default written out, by kind."""
    return json.loads((Path(__file__).parent / "templates.json").read_text())  # type: ignore[no-any-return]


def _owners(random: Random) -> list[Object]:
    """Return owner references: one, one twice, or two controllers, which is refused."""
    owner: Object = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": "n0",
        "uid": "0c1d2e3f-0000-0000-0000-000000000000",
    }
    other = {**owner, "uid": "1c1d2e3f-0000-0000-0000-000000000000", "controller": True}
    return random.choice(([owner], [other], [owner, other], [owner, owner], [other, {**other, "uid": "u"}]))


class Sequence:
    """Chooses one step after the other; the cells that were covered least come first.

    Args:
        seed: The seed of all choices.
        templates: The objects with their defaults, by kind.
    """

    def __init__(self, seed: int, templates: Mapping[str, Object]) -> None:
        self.random = Random(seed)
        self.templates = templates
        self.planned: Counter[tuple[str, str, str]] = Counter()
        self._plans = {plan.kind: plan for plan in KINDS}

    def next(self, known: Known) -> Step:
        """Return the next step.

        Args:
            known: What is known of one of the two servers, which should hold the same.
        """
        random = self.random
        cells = [(plan.kind, *verb) for plan in random.sample(KINDS, 3) for verb in VERBS]
        cell = min(cells, key=lambda each: (self.planned[each], random.random()))
        if random.random() < 0.35:  # objects must exist for most verbs
            cell = (cell[0], "create", "")
        plan = self._plans[cell[0]]
        is_unusual = random.random() < 0.12
        if not is_unusual:
            self.planned[cell] += 1
        namespace = random.choice(NAMESPACES) if plan.is_namespaced else ""
        held = [key[2] for key in known.objects if key[:2] == (plan.kind, namespace) and key[2] in _NAMES]
        name = random.choice(held) if held and random.random() < 0.9 else random.choice(_NAMES)
        if cell[1] == "create" and len(held) < len(_NAMES) and random.random() < 0.7:
            name = random.choice([each for each in _NAMES if each not in held])
        if is_unusual:
            return unusual_step(plan, namespace, name, random, self.new_object)
        if cell[1] == "patch":
            return self._patch(plan, namespace, name, cell[2])
        maker: Callable[[KindPlan, str, str], Step] = getattr(self, f"_{cell[1]}")
        return maker(plan, namespace, name)

    def _step(
        self, plan: KindPlan, verb: tuple[str, str], method: str, path: str,
        query: Mapping[str, str] | Callable[[Known], Mapping[str, str]] = _NOTHING,
        body: Callable[[Known], bytes | None] = lambda _: None, headers: Mapping[str, str] = _NOTHING,
    ) -> Step:  # fmt: skip
        ask = query if callable(query) else lambda _: query
        return Step((plan.kind, *verb), plan, method, path, ask, body, headers, verb[0] == "watch")

    # Reads.

    def _accept(self) -> dict[str, str]:
        forms = ("Table", "PartialObjectMetadata")
        chosen = self.random.random()
        if chosen < 0.06:
            return {"Accept": f"application/json;as={self.random.choice(forms)};g=meta.k8s.io;v=v1"}
        if chosen < 0.09:
            return {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}
        if chosen < 0.11:
            return {"Accept": "text/nonsense"}
        return {}

    def _get(self, plan: KindPlan, namespace: str, name: str) -> Step:
        back, how = self.random.randrange(8), self.random.random()
        path = f"{plan.collection(namespace)}/{name}"
        if plan.status_change and how > 0.9:
            path += "/status"

        def query(known: Known) -> Mapping[str, str]:
            if how < 0.1:
                return {"resourceVersion": "0"}
            if how < 0.2:
                return {"resourceVersion": known.version(back)}
            if how < 0.24:
                return {"resourceVersion": "abc"}
            return {}

        return self._step(plan, ("get", ""), "GET", path, query, headers=self._accept())

    def _selection(self, plan: KindPlan) -> dict[str, str]:
        chosen = self.random.random()
        if chosen < 0.3:
            return {"labelSelector": self.random.choice(_SELECTORS)}
        if chosen < 0.4:
            fields = (*plan.field_selectors, "metadata.name=n1", "metadata.name!=n1", "metadata.namespace=diff-a")
            return {"fieldSelector": self.random.choice(fields)}
        if chosen < 0.43:
            return {"fieldSelector": "spec.nonsense=1"}
        if chosen < 0.46:
            return {"labelSelector": "a in b ("}
        return {}

    def _range(self, plan: KindPlan, namespace: str) -> str:
        """Return the namespace of a list or a watch, or `""` for all; the real server writes Events of its own."""
        return namespace if self.random.random() < 0.75 or plan.kind == "Event" else ""

    def _list(self, plan: KindPlan, namespace: str, name: str) -> Step:
        random = self.random
        where = self._range(plan, namespace)
        selection, back, how = self._selection(plan), random.randrange(12), random.random()
        limit, exact = random.choice(("", "", "1", "2", "500")), random.choice(("", "Exact", "NotOlderThan"))

        def query(known: Known) -> Mapping[str, str]:
            asked = dict(selection)
            if limit:
                asked["limit"] = limit
            if how < 0.12:
                asked["resourceVersion"] = "0"
            elif how < 0.4:
                asked["resourceVersion"] = known.version(back)
            elif how < 0.55 and known.token():
                asked["continue"] = known.token()
                return asked
            elif how < 0.58:
                asked["resourceVersion"] = "nonsense"
            elif how < 0.60:
                asked["continue"] = "nonsense"
            if exact and how < 0.7:
                asked["resourceVersionMatch"] = exact
            return asked

        return self._step(plan, ("list", ""), "GET", plan.collection(where), query, headers=self._accept())

    def _watch(self, plan: KindPlan, namespace: str, name: str) -> Step:
        random = self.random
        where = self._range(plan, namespace)
        selection, back, how = self._selection(plan), random.randrange(20), random.random()

        def query(known: Known) -> Mapping[str, str]:
            asked = {**selection, "watch": "true", "timeoutSeconds": "1"}
            if how < 0.6:
                asked["resourceVersion"] = known.version(back)
            elif how < 0.75:
                asked["resourceVersion"] = "0"
            elif how < 0.78:
                asked["resourceVersion"] = "nonsense"
            elif how < 0.9:
                asked |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan",
                          "allowWatchBookmarks": "true"}  # fmt: skip
            elif how < 0.93:
                asked |= {"sendInitialEvents": "true"}
            if how > 0.5:
                asked["allowWatchBookmarks"] = "true"
            return asked

        return self._step(plan, ("watch", ""), "GET", plan.collection(where), query)

    # Writes.

    def _options(self) -> dict[str, str]:
        chosen = self.random.random()
        if chosen < 0.06:
            return {"dryRun": "All"}
        if chosen < 0.08:
            return {"dryRun": "Some"}
        if chosen < 0.16:
            return {"fieldValidation": self.random.choice(("Strict", "Warn", "Ignore"))}
        if chosen < 0.18:
            return {"fieldManager": "differential"}
        return {}

    def new_object(self, plan: KindPlan, namespace: str, name: str, random: Random) -> Object:
        """Return a valid object with its defaults, which is new."""
        obj: Object = copy.deepcopy(self.templates[plan.kind])
        obj["metadata"] = {"name": name, "labels": dict(random.choice(_LABELS))}
        if plan.is_namespaced:
            obj["metadata"]["namespace"] = namespace
        if plan.kind == "Event":
            obj["involvedObject"] = {"kind": "Pod", "namespace": namespace, "name": "n0"}
        if plan.kind == "PersistentVolumeClaim":  # of an admission plugin
            obj["metadata"]["finalizers"] = ["kubernetes.io/pvc-protection"]
        if plan.kind == "Job":  # one without labels gets those of its template
            obj["metadata"]["labels"]["keep"] = "x"
        if random.random() < 0.15:
            obj["metadata"].setdefault("finalizers", []).append("example.com/hold")
        if random.random() < 0.08:
            obj["metadata"]["ownerReferences"] = _owners(random)
        if random.random() < 0.15:
            obj["metadata"]["annotations"] = {"example.com/note": random.choice("ab")}
        return obj

    def _spoil(self, obj: Object, plan: KindPlan) -> Object | bytes:
        """Break a body in one of the ways in which clients do."""
        metadata = obj.setdefault("metadata", {})
        ways: list[Callable[[], Any]] = [
            lambda: metadata.update(labels={"color": "not a label!"}),
            lambda: metadata.update(labels={"/": "x"}),
            lambda: metadata.update(name="Not_A_Name"),
            lambda: metadata.update(namespace="elsewhere"),
            lambda: metadata.update(finalizers=["nothing"]),
            lambda: metadata.update(annotations={"bad key!": "x"}),
            lambda: obj.update(nonsense=1),
            lambda: obj.update(kind="Nonsense"),
            lambda: obj.update(apiVersion="nonsense/v9"),
            lambda: metadata.update(ownerReferences=[{"kind": "Pod", "apiVersion": "v1", "name": "", "uid": "u"}]),
            lambda: metadata.update(labels="text"),
            lambda: metadata.pop("name", None),
        ]
        self.random.choice(ways)()
        if self.random.random() < 0.1:
            return self.random.choice((b"", b"{", b"[]", b'"text"', b"null", in_json(obj)[:-1]))
        if self.random.random() < 0.1:
            return in_json(obj)[:-1] + b',"kind":"' + plan.kind.encode() + b'"}'
        return obj

    def _create(self, plan: KindPlan, namespace: str, name: str) -> Step:
        random = self.random
        obj: Object | bytes = self.new_object(plan, namespace, name, random)
        if random.random() < 0.12 and isinstance(obj, dict):
            obj = self._spoil(obj, plan)
        elif random.random() < 0.03 and isinstance(obj, dict):
            obj["metadata"]["resourceVersion"] = "1"
        body = obj if isinstance(obj, bytes) else in_json(obj)
        headers = {"Content-Type": "text/nonsense"} if random.random() < 0.02 else {}
        path = plan.collection(namespace)
        return self._step(plan, ("create", ""), "POST", path, self._options(), lambda _: body, headers)

    def _base(self, plan: KindPlan, namespace: str, name: str, known: Known) -> Object:
        held = known.objects.get((plan.kind, namespace, name))
        if held is not None:
            return copy.deepcopy(held)
        return self.new_object(plan, namespace, name, Random(name))

    def _update(self, plan: KindPlan, namespace: str, name: str) -> Step:
        random = self.random
        seed, how, is_status = random.random(), random.random(), plan.status_change and random.random() < 0.3
        back = random.randrange(1, 6)

        def body(known: Known) -> bytes:
            own = Random(seed)  # the same changes for both servers
            obj = self._base(plan, namespace, name, known)
            metadata = obj["metadata"]
            change = plan.status_change if is_status else plan.change
            if how < 0.75:
                metadata.setdefault("labels", {}) if own.random() < 0.5 else None
                assert change is not None
                if plan.kind == "PersistentVolumeClaim":
                    metadata.setdefault("labels", {})
                change(obj, own)
            elif how < 0.8:
                metadata["labels"] = {**own.choice(_LABELS), "keep": "x"}
            elif how < 0.84:
                metadata.pop("finalizers", None)
            elif how < 0.88:
                metadata["resourceVersion"] = known.version(back)
            elif how < 0.92:
                metadata.pop("resourceVersion", None)
            elif how < 0.94:
                metadata["uid"] = "00000000-0000-0000-0000-000000000000"
            elif how < 0.98:
                keep, self.random = self.random, own
                spoilt = self._spoil(obj, plan)
                self.random = keep
                return spoilt if isinstance(spoilt, bytes) else in_json(spoilt)
            return in_json(obj)

        path = f"{plan.collection(namespace)}/{name}{'/status' if is_status else ''}"
        return self._step(plan, ("update", ""), "PUT", path, self._options(), body)

    def _patch(self, plan: KindPlan, namespace: str, name: str, form: str) -> Step:
        random = self.random
        seed, how, is_status = random.random(), random.random(), plan.status_change and random.random() < 0.15

        def body(known: Known) -> bytes:
            own = Random(seed)
            before = self._base(plan, namespace, name, known)
            if how > 0.95:
                return own.choice((b"{", b"[]", b"{}", b'"x"', b"null", b'[{"op":"nonsense","path":"/a"}]'))
            if how > 0.9:
                patch: Any = {"metadata": own.choice((
                    {"name": "other"}, {"uid": "x"}, {"labels": {"a": "b c d!"}}, {"labels": 5},
                    {"resourceVersion": known.version(3)}, {"creationTimestamp": None}, {"finalizers": None},
                ))}  # fmt: skip
                return in_json([{"op": "add", "path": "/metadata/labels", "value": "x"}] if form == "json" else patch)
            if form == "strategic" and plan.strategic is not None and own.random() < 0.6:
                return in_json(plan.strategic(own))
            if how < 0.3 or plan.kind == "PersistentVolumeClaim":
                labels = {"color": own.choice(("red", "blue", None)), "size": own.choice(("l", None))}
                if form != "json":
                    return in_json({"metadata": {"labels": labels}})
                operations = [
                    {"op": "add", "path": "/metadata/labels", "value": {"color": labels["color"] or "red", "keep": "x"}}
                ]
                if own.random() < 0.3:
                    operations.append({"op": "test", "path": "/metadata/name", "value": own.choice((name, "other"))})
                if own.random() < 0.2:
                    operations.append({"op": "remove", "path": "/metadata/nothing"})
                return in_json(operations)
            after = copy.deepcopy(before)
            change = plan.status_change if is_status else plan.change
            assert change is not None
            change(after, own)
            members = {key: value for key, value in after.items() if before.get(key) != value}
            if form == "json":
                return in_json([{"op": "add", "path": f"/{key}", "value": value} for key, value in members.items()])
            return in_json(members)

        path = f"{plan.collection(namespace)}/{name}{'/status' if is_status else ''}"
        headers = {"Content-Type": PATCH_TYPES[form]}
        return self._step(plan, ("patch", form), "PATCH", path, self._options(), body, headers)

    def _delete(self, plan: KindPlan, namespace: str, name: str) -> Step:
        random = self.random
        how, back = random.random(), random.randrange(5)
        policy = random.choice(("Orphan", "Background", "Foreground"))

        def body(known: Known) -> bytes | None:
            options: Object = {"kind": "DeleteOptions", "apiVersion": "v1"}
            held = known.objects.get((plan.kind, namespace, name), {})
            if how < 0.3:
                return None
            if how < 0.5:
                options["propagationPolicy"] = policy
            elif how < 0.7:
                options["gracePeriodSeconds"] = 0
            elif how < 0.76:
                options["preconditions"] = {"uid": held.get("metadata", {}).get("uid", "x")}
            elif how < 0.8:
                options["preconditions"] = {"uid": "00000000-0000-0000-0000-000000000000"}
            elif how < 0.85:
                options["preconditions"] = {"resourceVersion": known.version(back)}
            elif how < 0.87:
                options["propagationPolicy"] = "Nonsense"
            elif how < 0.9:
                options["dryRun"] = ["All"]
            return in_json(options)

        path = f"{plan.collection(namespace)}/{name}"
        return self._step(plan, ("delete", ""), "DELETE", path, {}, body)

    def _deletecollection(self, plan: KindPlan, namespace: str, name: str) -> Step:
        selection = self._selection(plan)
        if not plan.is_namespaced or (not selection and self.random.random() < 0.6):
            selection = {
                "labelSelector": self.random.choice(("color=blue", "size", "color"))
            }  # the servers hold objects of their own
        query = {**selection, **({"gracePeriodSeconds": "0"} if self.random.random() < 0.5 else {})}
        return self._step(plan, ("deletecollection", ""), "DELETE", plan.collection(namespace), query)
