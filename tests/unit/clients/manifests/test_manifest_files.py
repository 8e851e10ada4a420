"""Which files a path means, and what errors of their documents say."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import pytest

import kubeloop
from kubeloop.models import core_v1

NAMED = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}}}\n"


def named(name: str) -> str:
    return NAMED.format(name)


def names(objects: object) -> list[str]:
    return [obj.metadata.name for obj in objects]  # type: ignore[attr-defined]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.yaml", "a.yml", "c.json", "z.txt", "README.md", "0.YAML"):
        (tmp_path / name).write_text(named(name[0]))
    for name in ("aa", "bb.yaml"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "in.yaml").write_text(named(f"in-{name[:2]}"))
    return tmp_path


def test_a_folder_is_read_in_the_order_of_its_names_without_other_files(folder: Path) -> None:
    assert names(kubeloop.load_manifests(folder)) == ["a", "b", "c"]


def test_folders_within_a_folder_are_read_in_their_place_on_request(folder: Path) -> None:
    assert names(kubeloop.load_manifests(folder, recursive=True)) == ["a", "in-aa", "b", "in-bb", "c"]


def test_a_named_file_may_have_any_name_and_paths_keep_their_order(folder: Path) -> None:
    assert names(kubeloop.load_manifests(str(folder / "z.txt"), folder / "aa", folder / "b.yaml")) == [
        "z",
        "in-aa",
        "b",
    ]


def test_links_to_files_are_read_and_links_to_folders_are_not(folder: Path, tmp_path: Path) -> None:
    links = tmp_path / "links"
    links.mkdir()
    (links / "one.yaml").symlink_to(folder / "b.yaml")
    (links / "folder.yaml").symlink_to(folder / "aa")
    assert names(kubeloop.load_manifests(links, recursive=True)) == ["b"]
    (tmp_path / "link").symlink_to(folder / "aa")
    assert names(kubeloop.load_manifests(tmp_path / "link")) == ["in-aa"]


def test_lists_are_unfolded_and_lists_in_lists(tmp_path: Path) -> None:
    inner = {"apiVersion": "v1", "kind": "List", "items": [json.loads(json.dumps(_map("b"))), _custom("c")]}
    documents = [
        {"apiVersion": "v1", "kind": "List", "items": [_map("a"), inner]},
        {"apiVersion": "v1", "kind": "ConfigMapList", "items": [{"metadata": {"name": "d"}, "colour": "red"}]},
        {"apiVersion": "example.com/v1", "kind": "BackupList", "items": [{"metadata": {"name": "e"}}, _custom("f")]},
        {"apiVersion": "v1", "kind": "List", "items": []},
        {"apiVersion": "v1", "kind": "List"},
    ]
    file = tmp_path / "lists.json"
    file.write_text("\n".join(json.dumps(each) for each in documents))
    found = kubeloop.load_manifests(file)
    assert names(found) == ["a", "b", "c", "d", "e", "f"]
    assert [type(obj) for obj in found[:3]] == [core_v1.ConfigMap, core_v1.ConfigMap, kubeloop.Unstructured]
    assert found[3].to_dict()["colour"] == "red"
    assert [(obj.api_version, obj.kind) for obj in found[4:]] == [("example.com/v1", "Backup")] * 2


def test_an_error_names_the_file_the_document_and_its_line(tmp_path: Path) -> None:
    file = tmp_path / "web.yaml"
    file.write_text(f"{named('a')}---\n# nothing\n---\n\n{named('b')}data: 3\n")
    with pytest.raises(kubeloop.DecodeError) as caught:
        kubeloop.load_manifests(file)
    assert str(caught.value).startswith(f"{file}: document 2, line 8: ConfigMap b: data: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "document 2: YAML: line 6, column 1"),
        ("a: &x [*x]", "document 2: YAML: line 5"),
        ("- 1", "document 2, line 5: expected an object with apiVersion and kind, got list"),
        ("7", "document 2, line 5: expected an object with apiVersion and kind, got int"),
        ("{apiVersion: v1}", "document 2, line 5: expected an object with apiVersion and kind"),
        ("{apiVersion: v1, kind: List, items: [3]}", "document 2, line 5: item 0 of List"),
        ("{apiVersion: v1, kind: ConfigMapList, items: [{data: 3}]}", "document 2, line 5: "),
        ("{apiVersion: e.io/v1, kind: AList, items: [x]}", "document 2, line 5: item 0 of AList: expected an object"),
    ],
)
def test_errors_of_every_kind_name_their_document(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "web.yaml"
    file.write_text(f"{named('a')}---\n{text}\n")
    with pytest.raises(kubeloop.DecodeError) as caught:
        kubeloop.load_manifests(file)
    assert str(caught.value).startswith(f"{file}: {said}")


def test_an_error_notes_the_other_files_that_cannot_be_read(folder: Path) -> None:
    for name in ("a.yml", "c.json"):
        (folder / name).write_text("{")
    with pytest.raises(kubeloop.DecodeError) as caught:
        kubeloop.load_manifests(folder)
    assert str(folder / "a.yml") in str(caught.value)
    [note] = caught.value.__notes__
    assert str(folder / "c.json") in note


def test_empty_files_and_byte_order_marks_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("# nothing\n---\n")
    (tmp_path / "b.yaml").write_bytes(codecs.BOM_UTF8 + named("b").encode())
    (tmp_path / "c.yaml").write_bytes(codecs.BOM_UTF16_LE + named("c").encode("utf-16-le"))
    (tmp_path / "d.yaml").write_bytes(b"")
    assert names(kubeloop.load_manifests(tmp_path)) == ["b", "c"]


def test_missing_files_and_folders_without_files_are_errors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        kubeloop.load_manifests(tmp_path / "absent.yaml")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.yaml").write_text(named("a"))
    with pytest.raises(FileNotFoundError, match="recursive=True"):
        kubeloop.load_manifests(tmp_path)
    with pytest.raises(TypeError, match="needs the path"):
        kubeloop.load_manifests()


def test_the_time_to_load_grows_with_the_size_only(tmp_path: Path) -> None:
    # Counted in documents, not in seconds: a quadratic reader would not end with this many.
    file = tmp_path / "many.json"
    file.write_text("\n".join(json.dumps(_map(f"m{number}")) for number in range(20_000)))
    assert len(kubeloop.load_manifests(file)) == 20_000


def test_a_file_of_50_megabytes_is_loaded(tmp_path: Path) -> None:
    data = "".join(f"  k{number}: {'v' * 90}\n" for number in range(1000))
    file = tmp_path / "large.yaml"
    file.write_text(
        "---\n".join(
            f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m{number}}}\ndata:\n{data}" for number in range(520)
        )
    )
    assert file.stat().st_size > 50_000_000
    found = kubeloop.load_manifests(file)
    assert len(found) == 520
    assert found[-1].to_dict()["data"]["k999"] == "v" * 90


def _map(name: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


def _custom(name: str) -> dict[str, object]:
    return {"apiVersion": "example.com/v1", "kind": "Backup", "metadata": {"name": name}}


def test_a_document_that_is_nested_too_deeply_names_its_file(tmp_path: Path) -> None:
    text = f"{named('a')}---\napiVersion: x/v1\nkind: Thing\nmetadata: {{name: b}}\nx: {'[' * 30_000}{']' * 30_000}\n"
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(kubeloop.DecodeError, match=r"a\.yaml: document 2: YAML: line 8, column \d+: nested too deeply"):
        kubeloop.load_manifests(tmp_path)


def test_a_named_object_of_a_kind_that_ends_in_list_is_no_list(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("apiVersion: x/v1\nkind: AllowList\nmetadata: {name: a}\nitems: []\n")
    [found] = kubeloop.load_manifests(tmp_path)
    assert (found.kind, found.metadata.name) == ("AllowList", "a")
