"""`make demo`: run two replicas of createPorts through kills and stops, and check everything that they wrote.

The demo starts `kubeloop serve` (or with `--server real` etcd and kube-apiserver), two replicas of the controller, and
two drivers that create, change and delete 300 pods. Meanwhile it kills the leader (SIGKILL), stops it for longer than
its lease (SIGSTOP, SIGCONT), kills and restarts the API server, and ends the leader gracefully (SIGTERM). A replica
that ends is started again. The lease lasts 5 s instead of the usual 15 s, so that the demo does not wait for minutes.

It checks each version of pods and ledger that its watches see, which may miss some around the kill of the API server,
and compares the state within 15 s of the last write. The exit status is 0
only if every line of the table holds.
"""

import argparse
import asyncio
import contextlib
import shutil
import signal
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import kubeloop
from kubeloop import testing

from .controller import NAME, NAMESPACE
from .history import History, inconsistencies
from .judge import EventTotals, Verdict, count_events, judge
from .observed import LOST
from .program import Program, SupervisedReplica, eventually
from .table import Result, show_table

PODS = 300
PAUSE = 1.2  # the longest pause of a driver between two writes of a pod, in seconds
WORK = 1.5  # seconds for which each new leader may work before the next fault
SETTLE = 15.0  # seconds from the last write until everything must agree
TIMES = ("--lease-duration", "5", "--renew-deadline", "3", "--retry-period", "0.5")


class Demo:
    """The run of the demo: its processes, the faults, and the result."""

    def __init__(self, server: "testing.ControlPlane | testing.ServerProcess", folder: Path) -> None:
        self.server = server
        self.log = folder / "programs.log"
        start = {"kubeconfig": server.kubeconfig, "log": self.log}
        self.replicas = [SupervisedReplica(name, *TIMES, say=self.say, **start) for name in ("A", "B")]
        self.drivers = [
            Program(
                "examples.create_ports.driver",
                *("--name", name, "--pods", str(PODS // 2), "--pause", str(PAUSE)),
                **start,
            )
            for name in ("a", "b")
        ]
        self.names: dict[str, str] = {}  # of replicas, by the identity of each of their processes
        self.faults: Counter[str] = Counter()
        self.began = time.monotonic()

    def clock(self) -> float:
        return time.monotonic() - self.began

    def say(self, text: str) -> None:
        print(f"[{self.clock():5.1f} s] {text}", flush=True)

    def total(self, name: str) -> int:
        return sum(number for replica in self.replicas for number in replica.each(name))

    async def run(self) -> bool:
        async with kubeloop.Clientset(kubeloop.load_config(self.server.kubeconfig)) as clientset:
            self.history = History(clientset, time.time() - self.clock())
            async with self.history:
                supervisors = [asyncio.create_task(replica.supervise(LOST)) for replica in self.replicas]
                progress = asyncio.create_task(self.show_progress())
                try:
                    await self.leader()
                    for driver in self.drivers:
                        await driver.start()
                    await self.cause_faults()
                    codes = [await driver.wait() for driver in self.drivers]
                finally:
                    progress.cancel()
                if any(codes):
                    raise RuntimeError(f"a driver ended with {codes}; see {self.log}")
                written = self.clock()
                self.say("last write done; comparing")
                verdict = await self.settled(clientset, time.monotonic() + SETTLE)
                took = self.clock() - written
                unhealthy = [fault for replica in self.replicas for fault in await probe(replica)]
                for replica in self.replicas:
                    replica.is_closing = True
                    replica.end(signal.SIGTERM)
                for supervisor in supervisors:
                    await supervisor
                return self.result(verdict, took, unhealthy, await self.events(clientset))

    async def leader(self) -> SupervisedReplica:
        """Wait for a leader and its first report, and return its replica."""

        def is_known(identity: str) -> bool:
            return any(replica.identity == identity for replica in self.replicas)

        await eventually(lambda: self.history.leader and is_known(self.history.leader))
        identity = self.history.leader
        leader = next(replica for replica in self.replicas if replica.identity == identity)
        if identity not in self.names:
            self.names[identity] = leader.name
            self.say(f"replica {leader.name} leads")
            await asyncio.sleep(WORK)
        return leader

    async def cause_faults(self) -> None:
        await self.until(0.1)
        await self.kill_leader()
        await self.until(0.3)
        await self.stop_leader()
        await self.until(0.55)
        await self.kill_api_server()
        await self.until(0.8)
        await self.end_leader()

    async def until(self, share: float) -> None:
        """Wait until the drivers have finished a share of the pods, one replica leads, and both are ready."""
        while sum(driver.number("finished") for driver in self.drivers) < share * PODS:
            for driver in self.drivers:
                if driver.process is not None and driver.process.returncode not in (None, 0):
                    raise RuntimeError(f"a driver ended with {driver.process.returncode}; see {self.log}")
            await asyncio.sleep(0.05)
        await self.leader()
        await eventually(lambda: all(replica.number("health_port") for replica in self.replicas))

    async def kill_leader(self) -> None:
        leader = await self.leader()
        self.say(f"SIGKILL to the leader, {leader.name}")
        leader.end(signal.SIGKILL)
        self.history.end_term(self.clock(), "SIGKILL")
        self.faults["leader killed"] += 1
        await self.leader()

    async def stop_leader(self) -> None:
        leader = await self.leader()
        identity = leader.identity
        self.say(f"SIGSTOP to the leader, {leader.name}")
        leader.send(signal.SIGSTOP)
        self.history.end_term(self.clock(), "SIGSTOP, SIGCONT later")
        self.faults["leader stopped"] += 1
        await self.leader()
        self.say(f"SIGCONT to {leader.name}, which believes that it leads")
        leader.send(signal.SIGCONT)
        with contextlib.suppress(TimeoutError):  # it lives on if it was stopped before it knew that it led
            await eventually(lambda: leader.has_ended(identity), timeout=10)

    async def end_leader(self) -> None:
        leader = await self.leader()
        identity = leader.identity
        self.say(f"SIGTERM to the leader, {leader.name}")
        self.history.terms[-1].reason = "SIGTERM"
        leader.end(signal.SIGTERM)
        self.faults["leader ended"] += 1
        await eventually(lambda: self.history.leader != identity)
        await self.leader()

    async def kill_api_server(self) -> None:
        self.say("SIGKILL to the API server")
        self.history.outage = (self.clock(), float("inf"))
        await self.server.kill("kube-apiserver")
        await asyncio.sleep(1)
        await self.server.restart("kube-apiserver")
        self.history.outage = (self.history.outage[0], self.clock())
        await self.history.reconnect()
        await eventually(lambda: self.history.terms[-1].renewed > self.history.outage[1])
        await self.leader()
        self.faults["API server killed"] += 1
        self.say("the API server is back")

    async def show_progress(self) -> None:
        while True:
            totals: Counter[str] = Counter()
            for driver in self.drivers:
                totals.update({name: int(number) for name, number in driver.latest.items()})
            self.say(
                f"{totals['finished']:3}/{PODS} pods   {totals['created']} created  {totals['changed']} changed  "
                f"{totals['deleted']} deleted  {totals['retried']} retried   {self.total('reconciles')} reconciles  "
                f"leader: {self.names.get(self.history.leader, 'none')}"
            )
            await asyncio.sleep(1)

    async def settled(self, clientset: kubeloop.Clientset, deadline: float) -> Verdict:
        """Return the first verdict without faults, or the last verdict before the deadline."""
        while True:
            pods = await clientset.core_v1.pods().list()
            ledger = await clientset.core_v1.config_maps(NAMESPACE).get_or_none(NAME)
            stores = {replica.name: await replica.store() for replica in self.replicas}
            verdict = judge(pods, dict(ledger.data) if ledger else {}, stores)
            if not any(verdict.faults.values()) or time.monotonic() > deadline:
                return verdict
            await asyncio.sleep(0.25)

    async def events(self, clientset: kubeloop.Clientset) -> EventTotals:
        return count_events([event async for event in clientset.events_v1.events("default").iterate()], NAME)

    def result(self, verdict: Verdict, took: float, unhealthy: list[str], events: EventTotals) -> bool:
        found = inconsistencies(self.history.versions, self.history.gaps)
        result = Result(verdict, self.history.terms, self.names)
        result.line("no port was booked twice at any time", found.double)
        result.line("no leader wrote after the next one's first write", found.late)
        result.line("both replicas are live and ready, by their probes", unhealthy)
        written = self.total("written")
        lost = [f"{written} writes, of which the server shows at most {events.writes}"] * (written > events.writes)
        result.line("the events that the replicas wrote are on the server", lost if events.objects else ["no event"])
        late = [f"after {took:.1f} s"] * (took > SETTLE)
        result.line(f"all of it within {SETTLE:.0f} s of the last write ({took:.1f} s)", late)
        ends = [fault for replica in self.replicas for fault in replica.faults]
        result.line("each replica ended as it should: by SIGTERM with 0, without its lease with 75", ends)
        numbers = {
            "pods, requesting ports": f"{verdict.live} / {verdict.asking}",
            "ports booked": verdict.booked,
            "versions checked": f"{found.checked} of {found.versions} seen; the rest around the kill of the API server",
            "reconciles": self.total("reconciles"),
            "events": f"{events.objects}, of which {events.series} are series; "
            f"{written} requests reported, {self.total('dropped')} events dropped",
            "informers' relists": self.total("relists"),
            "informers' lag": f"at most {max(n for replica in self.replicas for n in replica.each('lag_ms'))} ms",
            "informers' backlog": f"at most {max(n for r in self.replicas for n in r.each('backlog'))} changes",
            "seconds": f"{self.clock():.1f}",
            "faults": ", ".join(f"{name} {times}" for name, times in self.faults.items()),
            "restarts of replicas": sum(len(replica.ends) - 1 for replica in self.replicas),
        }
        return show_table(result, numbers, self.log)

    async def close(self) -> None:
        for replica in self.replicas:
            replica.is_closing = True
        for program in (*self.replicas, *self.drivers):
            await program.kill()


async def probe(replica: SupervisedReplica) -> list[str]:
    """Return which probes of a replica fail."""

    def status(path: str) -> int:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{replica.number('health_port')}{path}", timeout=5
            ) as response:
                code: int = response.status
                return code
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    found = {path: await asyncio.to_thread(status, path) for path in ("/livez", "/readyz")}
    return [f"{replica.name}: {path} has status {code}" for path, code in found.items() if code != 200]


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", choices=("python", "real"), default="python", help="which API server to use")
    options = parser.parse_args()
    print(f"createPorts: two replicas during failures. Starting the API server ({options.server}) …", flush=True)
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
