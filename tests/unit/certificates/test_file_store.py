from __future__ import annotations

import os
import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kubeloop.certificates import CertificatePair, FileStore
from kubeloop.errors import CredentialError
from tests.support.managed import NOON, pair_of

A, B = pair_of(0, 100), pair_of(0, 200)
NAME_A, NAME_B = "app-2026-11-29-12-00-00.pem", "app-2026-11-29-12-00-01.pem"


class Clock:
    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time - timedelta(seconds=1)


def store(folder: Path, **files: Path) -> FileStore:
    return FileStore(folder, "app", now=Clock(), **files)


def write(path: Path, pair: CertificatePair) -> Path:
    path.write_bytes(pair.certificate + pair.key)
    return path


def update(to: FileStore, pair: CertificatePair) -> CertificatePair:
    return to.update(pair.certificate, pair.key)


def test_a_store_without_files_has_no_pair(tmp_path: Path) -> None:
    assert store(tmp_path).current() is None
    assert store(tmp_path / "missing").current() is None
    assert list(tmp_path.iterdir()) == []


def test_an_update_writes_a_file_and_a_link_to_it(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    kept = store(folder)
    assert update(kept, A) == A
    assert sorted(path.name for path in folder.iterdir()) == [NAME_A, "app-current.pem"]
    assert kept.current_path == folder / "app-current.pem"
    assert kept.current_path.readlink() == Path(NAME_A)
    assert kept.current() == A
    assert stat.S_IMODE((folder / NAME_A).stat().st_mode) == 0o600


def test_a_second_update_moves_the_link_and_keeps_the_first_file(tmp_path: Path) -> None:
    kept = store(tmp_path)
    update(kept, A)
    update(kept, B)
    assert kept.current_path.readlink() == Path(NAME_B)
    assert kept.current() == B
    assert (tmp_path / NAME_A).read_bytes() == A.certificate + A.key


def test_two_updates_in_one_second_replace_the_file(tmp_path: Path) -> None:
    kept = FileStore(tmp_path, "app", now=lambda: NOON)
    update(kept, A)
    update(kept, B)
    assert kept.current() == B
    assert sorted(path.name for path in tmp_path.iterdir()) == [NAME_A, "app-current.pem"]


def test_another_store_of_the_same_folder_reads_the_pair(tmp_path: Path) -> None:
    update(store(tmp_path), A)
    assert store(tmp_path).current() == A


def test_the_folder_can_be_moved(tmp_path: Path) -> None:
    update(store(tmp_path / "a"), A)
    (tmp_path / "a").rename(tmp_path / "b")
    assert store(tmp_path / "b").current() == A


def test_the_link_can_lead_anywhere(tmp_path: Path) -> None:
    # As client-go writes it: with an absolute path.
    target = write(tmp_path / "kubelet.pem", A)
    (tmp_path / "certs").mkdir()
    (tmp_path / "certs" / "app-current.pem").symlink_to(target)
    kept = store(tmp_path / "certs")
    assert kept.current() == A
    update(kept, B)
    assert kept.current() == B
    assert target.read_bytes() == A.certificate + A.key


def test_a_current_pair_can_be_a_file_and_is_never_replaced(tmp_path: Path) -> None:
    write(tmp_path / "app-current.pem", A)
    kept = store(tmp_path)
    assert kept.current() == A
    with pytest.raises(CredentialError, match=r"expected a symbolic link, got a file: .*/app-current\.pem"):
        update(kept, B)
    assert kept.current() == A
    assert [path.name for path in tmp_path.iterdir()] == ["app-current.pem"]


def test_a_file_in_place_of_the_second_link_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "app-updated.pem", A)
    for call in (store(tmp_path).current, lambda: update(store(tmp_path), B)):
        with pytest.raises(CredentialError, match=r"expected a symbolic link, got a file: .*/app-updated\.pem"):
            call()


def test_an_interrupted_update_is_completed(tmp_path: Path) -> None:
    write(tmp_path / NAME_A, A)
    (tmp_path / "app-updated.pem").symlink_to(NAME_A)
    kept = store(tmp_path)
    assert kept.current() == A
    assert kept.current_path.readlink() == Path(NAME_A)
    assert not os.path.lexists(tmp_path / "app-updated.pem")


def test_a_second_link_that_a_crash_left_is_replaced(tmp_path: Path) -> None:
    kept = store(tmp_path)
    update(kept, A)
    (tmp_path / "app-updated.pem").symlink_to("nowhere.pem")
    assert kept.current() == A
    update(kept, B)
    assert kept.current() == B
    assert not os.path.lexists(tmp_path / "app-updated.pem")


def test_a_link_that_leads_nowhere_counts_as_missing(tmp_path: Path) -> None:
    (tmp_path / "app-current.pem").symlink_to("nowhere.pem")
    kept = store(tmp_path)
    assert kept.current() is None
    update(kept, A)
    assert kept.current() == A


def pair_files(folder: Path, name: str, pair: CertificatePair) -> dict[str, Path]:
    files = {"cert_file": folder / f"{name}.crt", "key_file": folder / f"{name}.key"}
    files["cert_file"].write_bytes(pair.certificate)
    files["key_file"].write_bytes(pair.key)
    return files


def test_without_a_current_pair_separate_files_are_read(tmp_path: Path) -> None:
    pair_files(tmp_path, "app", A)
    assert store(tmp_path).current() == A
    given = pair_files(tmp_path, "given", B)
    assert store(tmp_path, **given).current() == B
    update(store(tmp_path, **given), A)
    assert store(tmp_path, **given).current() == A
    assert given["cert_file"].read_bytes() == B.certificate


def test_a_certificate_without_its_key_counts_as_missing(tmp_path: Path) -> None:
    given = pair_files(tmp_path, "given", A)
    given["key_file"].unlink()
    assert store(tmp_path, **given).current() is None


@pytest.mark.parametrize("content", [b"", b"text", A.certificate, A.key, A.certificate + B.key])
def test_a_broken_pair_is_an_error_with_the_name_of_the_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "app-current.pem").write_bytes(content)
    with pytest.raises(CredentialError, match=r"/app-current\.pem: ") as caught:
        store(tmp_path).current()
    assert "PRIVATE KEY-----" not in str(caught.value)


def test_broken_separate_files_are_an_error_with_both_names(tmp_path: Path) -> None:
    given = pair_files(tmp_path, "given", A)
    given["key_file"].write_bytes(B.key)
    with pytest.raises(CredentialError, match=r"/given\.crt and .*/given\.key: the key does not belong"):
        store(tmp_path, **given).current()


@pytest.mark.parametrize(("certificate", "key"), [(b"", A.key), (A.certificate, b""), (A.certificate, B.key)])
def test_a_broken_pair_is_not_stored(tmp_path: Path, certificate: bytes, key: bytes) -> None:
    kept = store(tmp_path)
    update(kept, A)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(CredentialError):
        kept.update(certificate, key)
    assert sorted(tmp_path.iterdir()) == before
    assert kept.current() == A


@pytest.mark.parametrize("prefix", ["", "a/b", "/a", "a/"])
def test_a_prefix_that_is_no_part_of_a_file_name_is_refused(tmp_path: Path, prefix: str) -> None:
    with pytest.raises(ValueError, match="expected a prefix of file names"):
        FileStore(tmp_path, prefix)


def test_half_a_pair_of_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="got only one of them"):
        FileStore(tmp_path, "app", cert_file=tmp_path / "a")


def test_the_repr_names_the_link(tmp_path: Path) -> None:
    assert repr(store(tmp_path)) == f"<FileStore {tmp_path}/app-current.pem>"
