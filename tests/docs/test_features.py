"""The page that compares features names releases, and a test for each feature of kubeloop."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.markdown import ROOT
from tests.support.markdown_tables import tables
from tests.support.named_tests import fault_of

PAGE = ROOT / "docs" / "reference" / "features.md"
PEERS = ("lightkube", "kr8s", "kubernetes", "kubernetes_asyncio")
LINKED = re.compile(r'\[(yes|partial)\]\(([^)\s]+) "([^")]+)"\)(?:: (.+))?')
OTHERS = re.compile(r"(?:yes|no)(?:: .+)?|partial: .+")
UNLINKED = re.compile(r"not yet|no: .+")
PACKAGES_OF = re.compile(r"\(([^()]+)\)$")

PACKAGES = (
    "applyconfigurations",
    "discovery",
    "discovery/cached",
    "discovery/fake",
    "dynamic",
    "dynamic/dynamicinformer",
    "dynamic/dynamiclister",
    "dynamic/fake",
    "features",
    "gentype",
    "informers",
    "kubernetes",
    "kubernetes/scheme",
    "listers",
    "metadata",
    "metadata/fake",
    "metadata/metadatainformer",
    "metadata/metadatalister",
    "openapi",
    "openapi/cached",
    "openapi3",
    "pkg/apis/clientauthentication",
    "pkg/version",
    "plugin/pkg/client/auth/azure",
    "plugin/pkg/client/auth/exec",
    "plugin/pkg/client/auth/gcp",
    "plugin/pkg/client/auth/oidc",
    "rest",
    "rest/fake",
    "rest/watch",
    "restmapper",
    "scale",
    "scale/fake",
    "scale/scheme",
    "testing",
    "third_party/forked/golang/template",
    "tools/auth",
    "tools/auth/exec",
    "tools/cache",
    "tools/cache/synctrack",
    "tools/cache/testing",
    "tools/clientcmd",
    "tools/clientcmd/api",
    "tools/events",
    "tools/leaderelection",
    "tools/metrics",
    "tools/pager",
    "tools/portforward",
    "tools/record",
    "tools/reference",
    "tools/remotecommand",
    "tools/watch",
    "transport",
    "transport/spdy",
    "transport/websocket",
    "util/apply",
    "util/cert",
    "util/certificate",
    "util/certificate/csr",
    "util/connrotation",
    "util/consistencydetector",
    "util/csaupgrade",
    "util/exec",
    "util/flowcontrol",
    "util/homedir",
    "util/jsonpath",
    "util/keyutil",
    "util/retry",
    "util/testing",
    "util/watchlist",
    "util/workqueue",
)
"""The packages of client-go 0.37, without those that contain generated code or variants of another one."""


def version_in(file: Path, name: str) -> str:
    """Return the version that a file of requirements or a go.mod pins."""
    match = re.search(rf"^\s*{re.escape(name)}(?:==| v)(\S+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    assert match is not None, f"{file} pins no version of {name}"
    return match[1]


def expected_columns() -> tuple[str, ...]:
    """Return the names of the columns, with the versions that the benchmarks and the golden results use."""
    go = version_in(ROOT / "tests/conformance/golden/go/go.mod", "k8s.io/client-go").rpartition(".")[0]
    peers = (f"{peer} {version_in(ROOT / f'requirements/bench/{peer}.txt', peer.replace('_', '-'))}" for peer in PEERS)
    return ("system", "kubeloop", f"client-go {go}", *peers)


def faults(text: str, columns: tuple[str, ...]) -> list[str]:
    """Return what is wrong with the tables of a page, one line per fault."""
    found = tables(text)
    wrong = [f"expected the columns {columns}, got {table.columns}" for table in found if table.columns != columns]
    seen: set[str] = set()
    for row in (row for table in found if table.columns == columns for row in table.rows):
        if len(row.cells) != len(columns):
            wrong.append(f"line {row.line}: expected {len(columns)} cells, got {len(row.cells)}")
            continue
        system, ours, *others = row.cells
        if system in seen or not system:
            wrong.append(f"line {row.line}: expected another system, got {system!r}")
        seen.add(system)
        if fault := _fault_of_ours(ours):
            wrong.append(f"line {row.line}: {fault}")
        wrong += [
            f"line {row.line}: expected yes, no or partial with words, got {cell!r}"
            for cell in others
            if OTHERS.fullmatch(cell) is None
        ]
    if not seen:
        wrong.append("expected rows, got none")
    return wrong


def _fault_of_ours(cell: str) -> str | None:
    if UNLINKED.fullmatch(cell):
        return None
    linked = LINKED.fullmatch(cell)
    if linked is None:
        return f"expected a linked yes or partial, 'not yet', or 'no' with a reason, got {cell!r}"
    state, link, test, words = linked.groups()
    if state == "partial" and not words:
        return f"expected words after partial, got {cell!r}"
    target = (PAGE.parent / link).resolve()
    if not target.is_relative_to(ROOT):
        return f"expected a link to a test, got {link}"
    return fault_of(f"{target.relative_to(ROOT).as_posix()}::{test}", ROOT)


def test_each_feature_has_a_test_and_each_release_is_named() -> None:
    assert faults(PAGE.read_text(encoding="utf-8"), expected_columns()) == []


def packages_on(text: str) -> list[str]:
    """Return the packages in parentheses at the ends of the first cells."""
    systems = [row.cells[0] for table in tables(text) for row in table.rows]
    return [name for system in systems if (found := PACKAGES_OF.search(system)) for name in found[1].split(", ")]


def test_each_package_of_client_go_has_its_row() -> None:
    assert sorted(packages_on(PAGE.read_text(encoding="utf-8"))) == sorted(PACKAGES)


def test_packages_are_read_from_the_ends_of_the_first_cells() -> None:
    text = page_of("| a (of b) c (rest, tools/cache) | not yet | no: (util) |", "| d | not yet | no |")
    assert packages_on(text) == ["rest", "tools/cache"]


def test_the_page_is_linked() -> None:
    for page in ("README.md", "CONTRIBUTING.md"):
        assert "(docs/reference/features.md)" in (ROOT / page).read_text(encoding="utf-8")


def test_what_the_readme_calls_not_implemented_is_not_implemented_here() -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Not implemented yet\n")[1].split("\n## ")[0]
    lists = [each.partition(": ")[2] for each in " ".join(section.split()).split(" - ")[1:]]
    missing = [name.removeprefix("a ") for each in lists for name in each.split(", ")]
    rows = [line.split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    planned = [row[0] for row in rows if row[1] == "not yet"]

    assert len(missing) > 10
    assert [name for name in missing if not any(name in system for system in planned)] == []


COLUMNS = ("system", "kubeloop", "client-go 0.37")
THIS = '[yes](../../tests/docs/test_features.py "test_the_page_is_linked")'


def page_of(*rows: str) -> str:
    return "\n".join([f"| {' | '.join(COLUMNS)} |", "|---|---|---|", *rows, ""])


def test_accepts_each_kind_of_cell() -> None:
    rows = (
        f"| a | {THIS} | yes |",
        f"| b | {THIS.replace('yes', 'partial')}: reads only | partial: writes only |",
        "| c | not yet | no |",
        "| d | no: Go only | yes: `d` |",
    )
    assert faults(page_of(*rows), COLUMNS) == []


@pytest.mark.parametrize(("row", "fault"), [
    ("| a | yes | yes |", "line 3: expected a linked yes or partial, 'not yet', or 'no' with a reason, got 'yes'"),
    ("| a | no | yes |", "line 3: expected a linked yes or partial, 'not yet', or 'no' with a reason, got 'no'"),
    (f"| a | {THIS.replace('yes', 'partial')} | yes |", "line 3: expected words after partial, got "
     "'[partial](../../tests/docs/test_features.py \"test_the_page_is_linked\")'"),
    ('| a | [yes](../../tests/docs/test_features.py "test_a") | yes |',
     "line 3: the file has no such test: tests/docs/test_features.py::test_a"),
    ('| a | [yes](../../tests/docs/test_nowhere.py "test_a") | yes |',
     "line 3: the file does not exist: tests/docs/test_nowhere.py::test_a"),
    ('| a | [yes](../../../../elsewhere.py "test_a") | yes |',
     "line 3: expected a link to a test, got ../../../../elsewhere.py"),
    ("| a | not yet | perhaps |", "line 3: expected yes, no or partial with words, got 'perhaps'"),
    ("| a | not yet | partial |", "line 3: expected yes, no or partial with words, got 'partial'"),
    ("| a | not yet |", "line 3: expected 3 cells, got 2"),
    ("| | not yet | no |", "line 3: expected another system, got ''"),
])  # fmt: skip
def test_refuses_a_row(row: str, fault: str) -> None:
    assert fault in faults(page_of(row), COLUMNS)


def test_refuses_a_system_that_is_listed_twice() -> None:
    assert faults(page_of("| a | not yet | no |", "| a | not yet | no |"), COLUMNS) == [
        "line 4: expected another system, got 'a'"
    ]


def test_refuses_the_version_of_another_release() -> None:
    assert faults(page_of("| a | not yet | no |"), ("system", "kubeloop", "client-go 0.38")) == [
        f"expected the columns ('system', 'kubeloop', 'client-go 0.38'), got {COLUMNS}",
        "expected rows, got none",
    ]


def test_a_version_that_is_not_pinned_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("kr8s==1.0 \\\n")
    assert version_in(tmp_path / "a.txt", "kr8s") == "1.0"
    with pytest.raises(AssertionError, match="pins no version of lightkube"):
        version_in(tmp_path / "a.txt", "lightkube")
