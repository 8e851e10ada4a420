"""`make demo`: run createPorts on an API server through kills and restarts, and check the state of the server.

The demo starts `kubeloop serve` (or with `--server real` etcd and kube-apiserver), the controller in a separate
process, and two drivers that create, change and delete 300 pods. Meanwhile it kills (SIGKILL) and restarts the API
server once and the controller once. Within 15 s of the last write it compares pods, ledger, annotations and the
informer's store. The exit status is 0 only if every line of the table holds.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import kubeloop
from kubeloop import testing
from kubeloop.models import core_v1

from .controller import COUNT, LEDGER, NAMESPACE, PORTS

PODS = 300
SETTLE = 15.0  # seconds from the last write until everything must agree
ROOT = Path(__file__).resolve().parents[2]


class Program:
    """A Python module in a separate process; `latest` is the last JSON line that the process printed."""

    def __init__(self, *arguments: str, kubeconfig: Path, log: Path) -> None:
        self.arguments = arguments
        self.kubeconfig = kubeconfig
        self.log = log
        self.latest: dict[str, int] = {}
        self.store: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *self.arguments,
                cwd=ROOT,
                env=os.environ | {"KUBECONFIG": str(self.kubeconfig)},
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=1 << 24,
            )
        self.reader = asyncio.create_task(self._read())

    async def until_it_reports(self) -> None:
        while not self.latest:
            if self.process.returncode is not None:
                raise RuntimeError(f"{self.arguments[0]} ended with {self.process.returncode}; see {self.log}")
            await asyncio.sleep(0.05)

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            said = json.loads(line)
            if "store" in said:
                self.store.put_nowait(said["store"])
            else:
                self.latest = said

    async def end(self, number: signal.Signals) -> int:
        """Send a signal, wait for the end of the process, and return its exit status."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await self.wait()

    async def wait(self) -> int:
        code = await self.process.wait()
        await self.reader
        return code


@dataclass
class Verdict:
    """The result of the comparison; `faults` is empty if everything agrees."""

    live: int = 0
    asking: int = 0
    booked: int = 0
    faults: dict[str, list[str]] = field(default_factory=dict[str, list[str]])


CHECKS = {
    "served": "each existing pod has the ports that it requests",
    "freed": "no deleted pod holds a port",
    "agree": "ledger = annotations",
    "double": "no port is booked twice",
    "store": "informer's store = a fresh LIST",
}


def judge(pods: core_v1.PodList, ledger: dict[str, str], store: dict[str, str]) -> Verdict:
    """Compare the state of the server with itself and with the store of the controller."""
    verdict = Verdict(live=len(pods.items), booked=len(ledger), faults={check: [] for check in CHECKS})
    faults = verdict.faults
    owners = {f"{kubeloop.object_key(pod)}/{pod.metadata.uid}": pod for pod in pods.items}
    by_owner: dict[str, set[str]] = {}
    for port, owner in ledger.items():
        by_owner.setdefault(owner, set()).add(port)
        if owner not in owners:
            faults["freed"].append(f"{port} is held by {owner}")

    shown: Counter[str] = Counter()
    for owner, pod in owners.items():
        wanted = int(pod.metadata.annotations.get(COUNT, "0"))
        ports = [port for port in pod.metadata.annotations.get(PORTS, "").split(",") if port]
        verdict.asking += wanted > 0
        shown.update(ports)
        if len(ports) != wanted:
            faults["served"].append(f"{kubeloop.object_key(pod)} wants {wanted}, has {len(ports)}")
        if set(ports) != by_owner.get(owner, set()):
            faults["agree"].append(f"{kubeloop.object_key(pod)}: {ports} against {sorted(by_owner.get(owner, ()))}")
    faults["double"] = [f"{port} is in {times} annotations" for port, times in shown.items() if times > 1]

    listed = {kubeloop.object_key(pod): pod.metadata.resource_version for pod in pods.items}
    faults["store"] = [name for name in sorted(listed.keys() | store.keys()) if listed.get(name) != store.get(name)]
    return verdict


class Demo:
    """The run of the demo: its processes, the kills, and the result."""

    def __init__(self, server: "testing.ControlPlane | testing.ServerProcess", folder: Path) -> None:
        self.server = server
        start = {"kubeconfig": server.kubeconfig, "log": folder / "programs.log"}
        self.controller = Program("examples.create_ports.observed", **start)
        self.drivers = [
            Program("examples.create_ports.driver", "--name", name, "--pods", str(PODS // 2), **start)
            for name in ("a", "b")
        ]
        self.log = start["log"]
        self.restarts: Counter[str] = Counter()
        self.earlier: list[dict[str, int]] = []
        self.began = time.monotonic()

    @property
    def finished(self) -> int:
        return sum(driver.latest.get("finished", 0) for driver in self.drivers)

    @property
    def reconciles(self) -> int:
        return sum(self.of_each_run("reconciles"))

    def of_each_run(self, number: str) -> list[int]:
        """Return a number of the controller: what each of its processes reported last."""
        return [run.get(number, 0) for run in (*self.earlier, self.controller.latest)]

    def say(self, text: str) -> None:
        print(f"[{time.monotonic() - self.began:5.1f} s] {text}", flush=True)

    async def run(self) -> bool:
        await self.controller.start()
        async with asyncio.TaskGroup() as group:
            for driver in self.drivers:
                await driver.start()
            progress = group.create_task(self.show_progress())
            await self.until(0.3)
            await self.kill_api_server()
            await self.until(0.65)
            await self.kill_controller()
            codes = [await driver.wait() for driver in self.drivers]
            progress.cancel()
        written = time.monotonic()
        if any(codes):
            raise RuntimeError(f"a driver ended with {codes}; see {self.log}")
        self.say("last write done; comparing")
        verdict = await self.settled(written + SETTLE)
        took = time.monotonic() - written
        code = await self.controller.end(signal.SIGTERM)
        return self.show_table(verdict, took, code)

    async def until(self, share: float) -> None:
        while self.finished < share * PODS:
            for program in (self.controller, *self.drivers):
                if program.process.returncode not in (None, 0):
                    raise RuntimeError(
                        f"{program.arguments[0]} ended with {program.process.returncode}; see {self.log}"
                    )
            await asyncio.sleep(0.05)

    async def kill_api_server(self) -> None:
        self.say("SIGKILL to the API server")
        await self.server.kill("kube-apiserver")
        await asyncio.sleep(1)
        await self.server.restart("kube-apiserver")
        self.restarts["API server"] += 1
        self.say("the API server is back")

    async def kill_controller(self) -> None:
        self.say("SIGKILL to the controller")
        await self.controller.end(signal.SIGKILL)
        self.earlier.append(self.controller.latest)
        self.controller.latest = {}
        await asyncio.sleep(1)
        await self.controller.start()
        await self.controller.until_it_reports()  # it knows its signals then
        self.restarts["controller"] += 1
        self.say("the controller is back")

    async def show_progress(self) -> None:
        while True:
            totals: Counter[str] = Counter()
            for driver in self.drivers:
                totals.update(driver.latest)
            self.say(
                f"{totals['finished']:3}/{PODS} pods   {totals['created']} created  {totals['changed']} changed  "
                f"{totals['deleted']} deleted  {totals['retried']} retried   {self.reconciles} reconciles"
            )
            await asyncio.sleep(1)

    async def settled(self, deadline: float) -> Verdict:
        """Return the first verdict without faults, or the last verdict before the deadline."""
        async with kubeloop.Clientset(kubeloop.load_config(self.server.kubeconfig)) as clientset:
            while True:
                pods = await clientset.core_v1.pods().list()
                try:
                    ledger = dict((await clientset.core_v1.config_maps(NAMESPACE).get(LEDGER)).data)
                except kubeloop.NotFound:
                    ledger = {}
                self.controller.process.send_signal(signal.SIGUSR1)
                try:
                    store = await asyncio.wait_for(self.controller.store.get(), 5)
                except TimeoutError:
                    store = {}
                verdict = judge(pods, ledger, store)
                if not any(verdict.faults.values()) or time.monotonic() > deadline:
                    return verdict
                await asyncio.sleep(0.25)

    def show_table(self, verdict: Verdict, took: float, code: int) -> bool:
        in_time = took <= SETTLE
        rows = [(text, not verdict.faults[check], verdict.faults[check][:3]) for check, text in CHECKS.items()]
        rows.append((f"all of it within {SETTLE:.0f} s of the last write ({took:.1f} s)", in_time, []))
        rows.append(("the controller ends cleanly on SIGTERM", code == 0, []))
        good = all(ok for _, ok, _ in rows)
        print()
        for text, ok, examples in rows:
            print(f"  {'ok  ' if ok else 'FAIL'}  {text}")
            for example in examples:
                print(f"          {example}")
        print()
        for name, value in (
            ("pods, requesting ports", f"{verdict.live} / {verdict.asking}"),
            ("ports booked", verdict.booked),
            ("reconciles", self.reconciles),
            ("informer's relists", sum(self.of_each_run("relists"))),
            ("informer's lag", f"at most {max(self.of_each_run('lag_ms'))} ms"),
            ("informer's backlog", f"at most {max(self.of_each_run('backlog'))} changes"),
            ("seconds", f"{time.monotonic() - self.began:.1f}"),
            ("restarts", ", ".join(f"{name} {times}" for name, times in self.restarts.items())),
        ):
            print(f"  {name:<24}{value}")
        print(f"\n{'Every line holds.' if good else f'Not every line holds; see {self.log}.'}", flush=True)
        return good

    async def close(self) -> None:
        for program in (self.controller, *self.drivers):
            if hasattr(program, "process"):
                await program.end(signal.SIGKILL)


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", choices=("python", "real"), default="python", help="which API server to use")
    options = parser.parse_args()
    print(f"createPorts: a controller during failures. Starting the API server ({options.server}) …", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="create-ports-"))
    good = False
    try:
        async with testing.ControlPlane() if options.server == "real" else testing.ServerProcess() as server:
            demo = Demo(server, folder)
            demo.say(f"the API server {server.url} is up; logs of the programs: {demo.log}")
            try:
                good = await demo.run()
            finally:
                await demo.close()
    finally:
        if good:  # the logs are for those who have to find out why
            shutil.rmtree(folder)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
