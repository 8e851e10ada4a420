"""Deterministic workload files, with the bytes that kube-apiserver writes; `CHECKSUMS` verifies that they are the same.

pods-N.json       a v1 PodList of N pods (about 9 KB each), items without kind and apiVersion
watch-N-E.jsonl   E lines of a watch over those pods: 70 % MODIFIED, 15 % ADDED, 15 % DELETED, a BOOKMARK every 500
pods-N-nulls.json, pods-N-ill-typed.json   the same list with nulls in every item; with one ill-typed item in 1,000
pods-N-metadata.json, watch-N-E-metadata.jsonl   the same list and watch with the metadata of the pods only
pod.json          one v1 Pod
"""

import hashlib
import json
from pathlib import Path

from .pods import Gen, go_json

CHECKSUMS = {
    "pods-1000.json": "32806087",
    "pods-10000.json": "2b33b792",
    "pods-10000-nulls.json": "589f41f3",
    "pods-10000-ill-typed.json": "c246a784",
    "watch-10000-20000.jsonl": "86147967",
}
HEAD = '{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"99000000"},"items":['
METADATA_HEAD = HEAD.replace("PodList", "PartialObjectMetadataList").replace('"v1"', '"meta.k8s.io/v1"')
EVENTS = 20_000
BOOKMARK_EVERY = 500


def ensure(folder: Path, size: int, *, watch: bool = False) -> None:
    """Write the files of this size unless they exist."""
    folder.mkdir(parents=True, exist_ok=True)
    needed = [folder / f"pods-{size}.json"] + [folder / f"watch-{size}-{EVENTS}.jsonl"] * watch
    if all(path.exists() for path in needed):
        return
    generator = Gen()
    pods = list(generator.pods(size))
    _write(needed[0], HEAD + ",".join(go_json(pod) for pod, _ in pods) + "]}\n")
    if watch:
        _write(needed[1], "".join(_events(generator, pods)))


def ensure_pod(folder: Path) -> None:
    """Write the single pod: the fourth of the list of 1,000."""
    if not (folder / "pod.json").exists():
        ensure(folder, 1000)
        pod = json.loads((folder / "pods-1000.json").read_text())["items"][3]
        _write(folder / "pod.json", go_json({"kind": "Pod", "apiVersion": "v1", **pod}) + "\n")


def ensure_variant(folder: Path, size: int, variant: str) -> None:
    """Write a variant of the list of pods, which has the same number of items."""
    path = folder / f"pods-{size}-{variant}.json"
    if not path.exists():
        ensure(folder, size)
        pods = json.loads((folder / f"pods-{size}.json").read_text())["items"]
        for number, pod in enumerate(pods):
            VARIANTS[variant](number, pod)
        _write(path, HEAD + ",".join(map(go_json, pods)) + "]}\n")


def ensure_metadata(folder: Path, size: int) -> None:
    """Write what a server sends to a client that asks for metadata only, unless the files exist."""
    pods = folder / f"pods-{size}.json"
    listed, watched = folder / f"pods-{size}-metadata.json", folder / f"watch-{size}-{EVENTS}-metadata.jsonl"
    if not listed.exists():
        items = (go_json(_metadata_of(pod)) for pod in json.loads(pods.read_text())["items"])
        _write(listed, METADATA_HEAD + ",".join(items) + "]}\n")
    if not watched.exists():
        with (folder / f"watch-{size}-{EVENTS}.jsonl").open() as lines:
            events = map(json.loads, lines)
            _write(
                watched,
                "".join(go_json({**event, "object": _metadata_of(event["object"])}) + "\n" for event in events),
            )


def _metadata_of(pod):
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": pod["metadata"]}


def _say_nulls(_number, pod):
    """Set lists without omitempty to null, as Go writes them if they are empty."""
    spec = pod["spec"]
    spec["initContainers"] = [*spec.get("initContainers", []), *spec["containers"]]
    spec["containers"] = None
    spec["volumes"].append({"name": "nothing", "projected": {"sources": None, "defaultMode": 420}})


def _be_ill_typed(number, pod):
    if number % 1000 == 500:
        pod["spec"]["nodeName"] = 5


VARIANTS = {"nulls": _say_nulls, "ill-typed": _be_ill_typed}


def _write(path: Path, text: str) -> None:
    data = text.encode()
    found, expected = hashlib.sha256(data).hexdigest(), CHECKSUMS.get(path.name, "")
    if not found.startswith(expected):
        raise AssertionError(f"{path.name}: checksum {found[:8]}, expected {expected}: not the workload of the figures")
    part = path.with_suffix(".part")
    part.write_bytes(data)
    part.rename(path)


def _events(generator, live):
    """Yield the lines of a watch: the changes of the pods, in order."""
    random = generator.r
    live = list(live)
    generator.rv = 99_000_000
    for number in range(EVENTS):
        if number and number % BOOKMARK_EVERY == 0:
            metadata = {"resourceVersion": generator.next_rv(), "creationTimestamp": None}
            empty = {
                "kind": "Pod",
                "apiVersion": "v1",
                "metadata": metadata,
                "spec": {"containers": None},
                "status": {},
            }
            yield go_json({"type": "BOOKMARK", "object": empty}) + "\n"
            continue
        chance = random.random()
        index = random.randrange(len(live))
        if chance < 0.70:
            (pod, _), kind = live[index], "MODIFIED"
            _flip(pod["status"], generator)
        elif chance < 0.85:
            app = random.choice(live)[1]
            pod, kind = generator.pod(app, random.randrange(max(3, len(live) // 30)), 1000 + number), "ADDED"
            live.append((pod, app))
        else:
            (pod, _), kind = live.pop(index), "DELETED"
        pod["metadata"]["resourceVersion"] = generator.next_rv()
        yield go_json({"type": kind, "object": {"kind": "Pod", "apiVersion": "v1", **pod}}) + "\n"


def _flip(status, generator):
    """Record another restart of a pod: a ready pod becomes unready, and an unready pod becomes ready."""
    status["containerStatuses"][0]["restartCount"] += 1
    conditions = status["conditions"]
    ready = conditions[2]["status"] == "True"
    now = generator.ts()
    for condition in conditions[2:4]:
        condition.update(status="False" if ready else "True", lastTransitionTime=now)
