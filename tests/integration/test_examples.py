"""Each numbered example runs on the real server, has under 60 lines, and prints what it should; also README's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.markdown import printed, programs
from tools.newcomer import TASKS

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"

SAYS = {
    "01_list_pods": ["the first page has 2 pods, more follow", "default/list-2: Pending, on no node yet"],
    "02_watch": ["ADDED    watched {'a': '1'}", "MODIFIED watched {'a': '2'}", "DELETED"],
    "03_edit": ["3 replicas of registry.example/web:2", "patch: {'spec': {'paused': True}}", "scaled to 5"],
    "04_informer": ["default/informed: {'color': 'blue'}; team blue has 1", "default/informed was deleted"],
    "05_dynamic": ["Deployment dynamic: 1 replica", "image: registry.example/web:1", "replicas: 2 paused: False"],
    "06_discovery": ["Kubernetes v1.37", "deployments ", "deployments/scale"],
    "07_rest": ["default: Active", "healthy: ok", "404 NotFound: pods nobody"],
    "08_custom_resource": ["the server's default keeps 7", "3 workers", "paused: True, exclude: ('/tmp',)"],
}


def run(program: list[str], kubeconfig: Path) -> str:
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "PYTHONWARNINGS": "error", "PYTHONASYNCIODEBUG": "1"}
    done = subprocess.run(
        [sys.executable, *program], env=environment, cwd=ROOT, text=True, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_is_known_here():
    known = sorted([*SAYS, *TASKS])  # the tasks need objects: test_newcomer runs them
    assert sorted(path.stem for path in EXAMPLES.glob("[0-9]*.py")) == known


@pytest.mark.parametrize("name", SAYS)
def test_an_example_runs_and_says_what_it_should(name: str, kubeconfig: Path):
    said = run([f"examples/{name}.py"], kubeconfig)
    for text in SAYS[name]:
        assert text in said


@pytest.mark.parametrize("name", [*SAYS, *TASKS])
def test_an_example_is_short(name: str):
    assert len((EXAMPLES / f"{name}.py").read_text().splitlines()) < 60


def test_the_controller_is_short():
    assert len((EXAMPLES / "create_ports/controller.py").read_text().splitlines()) < 170


def test_the_readme_s_programs_run(kubeconfig: Path):
    readme = ROOT / "README.md"
    paint, controller = programs(readme)["paint.py"], programs(readme)["controller.py"]
    expected = printed(readme, "paint.py")
    said = run(["-c", paint], kubeconfig).splitlines()
    assert [line for line in said if line in expected] == expected  # there may be namespaces of other tests
    controller = controller.replace("port=8081", "port=0")  # this machine may use the port
    assert re.fullmatch(r"default/kubernetes: [\d.]+, 1 port\n", run(["-c", controller], kubeconfig))


def test_the_page_on_custom_resources_runs(kubeconfig: Path):
    program, *_ = re.findall(r"```python\n(.*?)```", (ROOT / "docs/how-to/custom-resources.md").read_text(), flags=re.S)
    install = "import asyncio, kubeloop, runpy\nexample = runpy.run_path('examples/08_custom_resource.py')\n"
    install += "async def prepare():\n    async with kubeloop.Clientset(kubeloop.load_config()) as clientset:\n"
    install += "        await example['install'](clientset)\nasyncio.run(prepare())\n"
    said = run(["-c", "import sys; sys.path.insert(0, 'examples')\n" + install + program], kubeconfig)
    assert said == "weekly 0 3 * * 0\n"


def test_the_informer_that_is_built_by_hand_runs(kubeconfig: Path):
    page = (ROOT / "docs/how-to/informers.md").read_text()
    (program,) = re.findall(r'```python title="by_hand.py"\n(.*?)```', page, flags=re.S)
    assert run(["-c", program], kubeconfig) == "added default/kubernetes\ntype ClusterIP\n"


def test_the_deletion_of_a_pod_takes_the_steps_that_the_page_shows(kubeconfig: Path):
    page = ROOT / "docs/explanation/informers.md"
    program = programs(page)["pod_deletion.py"]
    assert run(["-c", program], kubeconfig).splitlines() == printed(page, "pod_deletion.py")
