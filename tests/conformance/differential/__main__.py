"""`python -m tests.conformance.differential run | record | fuzz`: drive the servers; see README.md."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import kubeloop
from kubeloop.testing import APIServer, ControlPlane
from kubeloop.transport import Transport, open_transport
from kubeloop.wire.request import Request

from .comparison import Comparison
from .explained import explanation
from .fuzz import fuzz
from .kinds import KINDS
from .sequence import NAMESPACES, VERBS, Sequence, load_templates
from .servers import Reply, send
from .steps import Known, Step, in_json

TEMPLATES = Path(__file__).parent / "templates.json"
_WATCHES_TOGETHER = 8


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.differential", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("record", help="write the objects with their defaults, from the real server")
    run = commands.add_parser("run", help="send the same requests to both servers and compare the responses")
    run.add_argument("--requests", type=int, default=500)
    run.add_argument("--seed", type=int, default=1)
    run.add_argument("--verbose", action="store_true", help="show each difference with its step")
    run.add_argument("--self", action="store_true", help="compare the real server with itself, to check this test")
    changed = commands.add_parser("fuzz", help="send changed requests to the server in Python alone")
    changed.add_argument("--seconds", type=float, default=600)
    changed.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.command == "record":
        asyncio.run(record())
        return 0
    if arguments.command == "fuzz":
        return fuzz(arguments.seconds, arguments.seed)
    return asyncio.run(
        compare(arguments.requests, arguments.seed, verbose=arguments.verbose, against_real=arguments.self)
    )


async def record() -> None:
    """Create the smallest object of each kind on the real server, and write what it has made of it."""
    templates: dict[str, Any] = {}
    async with ControlPlane() as plane, AsyncExitStack() as stack:
        transport = await _opened(stack, kubeloop.load_config(plane.kubeconfig))
        for plan in KINDS:
            metadata = {"name": "x", "namespace": "default"} if plan.is_namespaced else {"name": "x"}
            obj = {"kind": plan.kind, "apiVersion": plan.group_version, "metadata": metadata, **plan.smallest}
            if plan.kind == "Event":
                obj["involvedObject"] = {"namespace": "default", "kind": "Pod", "name": "x"}
            reply = await send(transport, _post(f"{plan.collection('default')}?dryRun=All", obj), is_watch=False)
            if reply.code != 201:
                raise RuntimeError(f"{plan.kind}: {reply.body}")
            templates[plan.kind] = {
                name: value for name, value in reply.body.items() if name not in ("metadata", "status")
            }
            if plan.kind == "Job":  # generated from the uid
                for name in ("selector",):
                    templates["Job"]["spec"].pop(name, None)
                templates["Job"]["spec"]["template"]["metadata"] = {}
            if plan.kind == "Service":
                for name in ("clusterIP", "clusterIPs"):
                    templates["Service"]["spec"].pop(name, None)
    TEMPLATES.write_text(json.dumps(templates, indent=1, sort_keys=True) + "\n")


async def compare(requests: int, seed: int, *, verbose: bool, against_real: bool = False) -> int:
    """Drive both servers; print the differences and what was covered. Return the exit status."""
    sequence = Sequence(seed, load_templates())
    comparison, found, causes = Comparison(), Counter[str](), Counter[str]()
    done, succeeded = Counter[tuple[str, str, str]](), Counter[tuple[str, str, str]]()
    examples: dict[str, str] = {}
    async with ControlPlane() as plane, AsyncExitStack() as stack:
        real = await _opened(stack, kubeloop.load_config(plane.kubeconfig))
        if against_real:
            other_plane = await stack.enter_async_context(ControlPlane())
            ours: Transport = await _opened(stack, kubeloop.load_config(other_plane.kubeconfig))
        else:
            ours = APIServer(controllers=()).transport()
        known_real, known_ours = Known(), Known()
        known_real.first_version, known_ours.first_version = await _prepare(real), await _prepare(ours)
        comparison.versions.first = known_real.first_version, known_ours.first_version

        async def drive(number: int, step: Step) -> None:
            one, other = await asyncio.gather(
                send(real, step.request(known_real), is_watch=step.is_watch),
                send(ours, step.request(known_ours), is_watch=step.is_watch),
            )
            done[step.cell] += 1
            succeeded[step.cell] += one.code < 300
            for difference in comparison.differences(
                one, other, is_at_least="resourceVersion" in step.query(known_real)
            ):
                explained = explanation(step, difference)
                (causes if explained else found)[explained or f"{step.cell[0]} {difference}"] += 1
                if not explained and (verbose or difference not in examples):
                    examples[difference] = _example(number, step, known_real, one, other)
                    if verbose:
                        print(f"{difference}\n    {examples[difference]}", flush=True)
            await _follow(step, real, ours, known_real, known_ours, one, other)

        watches: list[tuple[int, Step]] = []  # a watch takes a second and changes nothing, so they run together
        for number in range(requests):
            step = sequence.next(known_real)
            if step.is_watch:
                watches.append((number, step))
            else:
                await drive(number, step)
            if len(watches) == _WATCHES_TOGETHER or number == requests - 1:
                await asyncio.gather(*(drive(*each) for each in watches))
                watches.clear()
    _report(found, causes, examples, done, succeeded)
    return 1 if found or len(causes) > 20 else 0


async def _opened(stack: AsyncExitStack, config: kubeloop.Config) -> Transport:
    transport = open_transport(config)
    stack.push_async_callback(transport.close)
    return transport


def _post(target: str, obj: object) -> Request:
    return Request("POST", target, {"Accept": "application/json", "Content-Type": "application/json"}, in_json(obj))


async def _prepare(server: Transport) -> int:
    """Create the namespaces, and return the newest version of the server."""
    version = 0
    for name in NAMESPACES:
        namespace = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}}
        reply = await send(server, _post("/api/v1/namespaces", namespace), is_watch=False)
        assert reply.code == 201, reply
        version = int(reply.body["metadata"]["resourceVersion"])
    return version


async def _follow(
    step: Step, real: Transport, ours: Transport, known_real: Known, known_ours: Known, one: Reply, other: Reply
) -> None:
    """Learn from the responses. After a write, read the object from both servers, so that both go on from the same."""
    if one.code < 300 and not step.is_watch and other.code < 300:
        known_real.learn(step.plan, one.body)
        known_ours.learn(step.plan, other.body)
        _note_versions(known_real, known_ours, one.body, other.body)
    if step.method == "GET":
        return
    if step.method == "POST" and step.plan.kind == "PersistentVolumeClaim" and one.code == other.code == 201:
        await _settle(step, real, ours, one, other)
    gone = [key for key in known_real.objects if key[0] == step.plan.kind]
    for key in gone:
        del known_real.objects[key]
        known_ours.objects.pop(key, None)
    collection = Request("GET", step.plan.collection(""), {"Accept": "application/json"})
    lists = [(await send(server, collection, is_watch=False)).body for server in (real, ours)]
    items = [{_key(step, item): item for item in each.get("items", [])} for each in lists]
    for place in sorted(items[0].keys() & items[1].keys()):
        for known, each in ((known_real, items[0]), (known_ours, items[1])):
            known.keep(step.plan, {"kind": step.plan.kind, "apiVersion": step.plan.group_version, **each[place]})
        _note_versions(known_real, known_ours, items[0][place], items[1][place])
    for server, mine, others in ((real, items[0], items[1]), (ours, items[1], items[0])):
        for namespace, name in mine.keys() - others.keys():
            if step.plan.is_namespaced and namespace not in NAMESPACES:
                continue
            await _remove(server, f"{step.plan.collection(namespace)}/{name}")


async def _settle(step: Step, real: Transport, ours: Transport, one: Reply, other: Reply) -> None:
    """Change a PersistentVolumeClaim that was created.

    The real server stores the first write after the creation even if it changes nothing that can be seen.
    """
    for server, reply in ((real, one), (ours, other)):
        metadata = reply.body["metadata"]
        path = f"{step.plan.collection(metadata['namespace'])}/{metadata['name']}"
        headers = {"Content-Type": "application/merge-patch+json", "User-Agent": "differential"}
        body = b'{"metadata":{"annotations":{"example.com/settled":"yes"}}}'
        await send(server, Request("PATCH", path, headers, body), is_watch=False)


def _note_versions(known_real: Known, known_ours: Known, one: Any, other: Any) -> None:
    """Note the versions of two bodies, so that the same places of both lists have versions of the same moment."""
    texts = [each.get("metadata", {}).get("resourceVersion", "") for each in (one, other) if isinstance(each, dict)]
    if len(texts) < 2 or not all(text.isdigit() for text in texts) or texts[0] in known_real.versions[-40:]:
        return
    if int(texts[0]) > known_real.first_version and int(texts[1]) > known_ours.first_version:
        known_real.versions.append(texts[0])
        known_ours.versions.append(texts[1])


def _key(step: Step, item: Any) -> tuple[str, str]:
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]


async def _remove(server: Transport, path: str) -> None:
    patch = Request(
        "PATCH", path, {"Content-Type": "application/merge-patch+json"}, b'{"metadata":{"finalizers":null}}'
    )
    await send(server, patch, is_watch=False)
    body = b'{"gracePeriodSeconds":0,"propagationPolicy":"Background"}'
    headers = {"Content-Type": "application/json"}
    await send(server, Request("DELETE", path, headers, body), is_watch=False)


def _example(number: int, step: Step, known: Known, one: Reply, other: Reply) -> str:
    request = step.request(known)
    body = b"" if request.body is None else request.body
    return (
        f"step {number}: {request.method} {request.target} {body[:600].decode(errors='replace')}\n"
        f"        real {one.code} {str(one.body or one.events)[:700]}\n"
        f"        ours {other.code} {str(other.body or other.events)[:700]}"
    )


def _report(
    found: Counter[str], causes: Counter[str], examples: dict[str, str],
    done: Counter[tuple[str, str, str]], succeeded: Counter[tuple[str, str, str]],
) -> None:  # fmt: skip
    verbs = list(dict.fromkeys(" ".join(cell[1:]).strip() for cell in sorted(done)))
    print(f"{'':24}" + "".join(f"{verb:>18}" for verb in verbs))
    for plan in KINDS:
        row = [(plan.kind, *[*verb.split(" "), ""][:2]) for verb in verbs]
        cells = [f"{succeeded[cell]}/{done[cell]}" for cell in row]  # type: ignore[index]
        print(f"{plan.kind:24}" + "".join(f"{cell:>18}" for cell in cells))
    asked = [(done[plan.kind, *verb], plan.kind, " ".join(verb).strip()) for plan in KINDS for verb in VERBS]
    print("\nthe least requests of one kind, verb and type of patch: {} ({} {})".format(*min(asked)))
    total = sum(done.values())
    print(f"\n{total} requests, {100 * sum(succeeded.values()) // max(1, total)} % succeeded")
    print(f"{sum(causes.values())} explained differences of {len(causes)} kinds:")
    for cause, count in causes.most_common():
        print(f"  {count:5}  {cause}")
    print(f"{sum(found.values())} unexplained differences of {len(found)} kinds:")
    for difference, count in found.most_common(80):
        print(f"  {count:5}  {difference}")
    for difference, example in list(examples.items())[:40]:
        print(f"\n{difference}\n    {example}")


if __name__ == "__main__":
    sys.exit(main())
