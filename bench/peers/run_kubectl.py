"""kubectl, which is a process per command; `BENCH_KUBECTL` has its path and first arguments."""

import os
import subprocess
import tempfile
import time

import measure


def _run(home, kubeconfig, *arguments):
    """Run kubectl in an empty home, so that it has no caches; return the resources that it used."""
    environment = {"HOME": home, "KUBECONFIG": kubeconfig, "KUBERC": "off"}
    command = [*os.environ["BENCH_KUBECTL"].split("\n"), *arguments]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, f"{' '.join(arguments)}: exit status {os.waitstatus_to_exitcode(status)}"
    return usage


def apply(commands, file):
    """Apply a file; kubectl's parsing and start cannot be told apart from the rest."""
    applying = measure.Applying(commands)
    with open(file) as text:
        documents = text.read().count("\nkind: ")
    with tempfile.TemporaryDirectory() as home:
        began = time.perf_counter()
        usage = _run(home, applying.kubeconfig, "apply", "--server-side", "--field-manager=bench", "-f", file)
        wall = (time.perf_counter() - began) * 1e6 / documents
    whole = (usage.ru_utime + usage.ru_stime) * 1e6 / documents
    applying.report(documents, whole, usage.ru_maxrss * 1024, wall=wall)


def wait(commands, count, delay):
    waiting = measure.Waiting(commands, count, delay)
    used = 0.0
    with tempfile.TemporaryDirectory() as home:
        for name in waiting.pods():
            usage = _run(home, waiting.kubeconfig, "wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")
            used += usage.ru_utime + usage.ru_stime
    waiting.end(used)


if __name__ == "__main__":
    measure.main(apply=apply, wait=wait)
