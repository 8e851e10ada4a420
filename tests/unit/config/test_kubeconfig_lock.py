"""client-go's lock files: who waits for them, for how long, and that only their owner removes them."""

import asyncio
import fcntl
import os

import pytest

from kubeloop.config.kubeconfig_lock import locked_kubeconfigs
from kubeloop.errors import ConfigError
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from tests.support.unprivileged import read_only


@in_virtual_time
async def test_the_lock_files_exist_in_the_block_only(tmp_path):
    paths = [str(tmp_path / "b"), str(tmp_path / "a")]
    async with locked_kubeconfigs(paths):
        assert sorted(os.listdir(tmp_path)) == ["a.lock", "b.lock"]
    assert os.listdir(tmp_path) == []


@in_virtual_time
async def test_the_lock_files_are_removed_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError):
        async with locked_kubeconfigs([str(tmp_path / "a")]):
            raise ZeroDivisionError
    assert os.listdir(tmp_path) == []


@in_virtual_time
async def test_a_lock_that_was_left_behind_is_named_and_not_removed(tmp_path):
    (tmp_path / "b.lock").touch()
    with pytest.raises(ConfigError, match="timed out after 5 s") as caught:
        async with locked_kubeconfigs([str(tmp_path / "a"), str(tmp_path / "b")]):
            pytest.fail("the block must not run")
    assert str(caught.value).startswith(str(tmp_path / "b.lock"))
    assert os.listdir(tmp_path) == ["b.lock"]
    assert elapsed() == pytest.approx(5, abs=0.1)


@in_virtual_time
async def test_a_lock_that_is_released_in_time_is_waited_for(tmp_path):
    lock = tmp_path / "a.lock"
    lock.touch()
    asyncio.get_running_loop().call_later(2, lock.unlink)
    async with locked_kubeconfigs([str(tmp_path / "a")]):
        assert 2 <= elapsed() < 2.1


@in_virtual_time
async def test_a_wait_that_is_cancelled_removes_the_locks_that_it_holds(tmp_path):
    (tmp_path / "b.lock").touch()

    async def lock_both():
        async with locked_kubeconfigs([str(tmp_path / "a"), str(tmp_path / "b")]):
            pass

    task = asyncio.create_task(lock_both())
    await asyncio.sleep(1)
    assert sorted(os.listdir(tmp_path)) == ["a.lock", "b.lock"]
    task.cancel()
    await asyncio.wait([task])
    assert os.listdir(tmp_path) == ["b.lock"]


@in_virtual_time
async def test_one_file_under_two_names_is_locked_once(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    async with locked_kubeconfigs([str(tmp_path / "a"), f"{tmp_path}/./a", str(tmp_path / "link" / "a")]):
        assert sorted(os.listdir(tmp_path)) == ["a.lock", "link"]


@in_virtual_time
async def test_a_link_is_locked_beside_the_link_and_beside_its_target(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    async with locked_kubeconfigs([str(tmp_path / "link")]):
        assert sorted(os.listdir(tmp_path)) == ["link", "link.lock", "target.lock"]


@in_virtual_time
async def test_a_missing_folder_is_not_created_and_not_an_error(tmp_path):
    async with locked_kubeconfigs([str(tmp_path / "missing" / "a")]):
        assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_not_locked(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()

    @in_virtual_time
    async def lock():
        async with locked_kubeconfigs([str(folder / "a")]):
            assert os.listdir(folder) == []

    with read_only(folder):
        lock()


@pytest.fixture
def protected(tmp_path):
    """A file in a folder that cannot be written, and a descriptor through which another program locks the file."""
    path = tmp_path / "folder" / "a"
    path.parent.mkdir()
    path.touch()
    with read_only(path.parent), path.open() as other:
        yield path, other.fileno()


@in_virtual_time
async def test_a_file_in_a_folder_that_cannot_be_written_is_locked_itself(protected):
    path, other = protected
    async with locked_kubeconfigs([str(path)]):
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


@in_virtual_time
async def test_a_locked_file_is_waited_for(protected):
    path, other = protected
    fcntl.flock(other, fcntl.LOCK_EX)
    asyncio.get_running_loop().call_later(2, fcntl.flock, other, fcntl.LOCK_UN)
    async with locked_kubeconfigs([str(path)]):
        assert 2 <= elapsed() < 2.1


@in_virtual_time
async def test_a_file_that_stays_locked_is_named(protected):
    path, other = protected
    fcntl.flock(other, fcntl.LOCK_EX)
    with pytest.raises(ConfigError, match="timed out after 5 s") as caught:
        async with locked_kubeconfigs([str(path)]):
            pytest.fail("the block must not run")
    assert str(caught.value).startswith(str(path))


@in_virtual_time
async def test_a_lock_that_was_removed_by_hand_is_no_error(tmp_path):
    async with locked_kubeconfigs([str(tmp_path / "a")]):
        (tmp_path / "a.lock").unlink()


@in_virtual_time
async def test_a_lock_file_that_cannot_be_created_is_named(tmp_path):
    path = str(tmp_path / ("n" * 252))
    with pytest.raises(ConfigError, match=r"\.lock: cannot create this lock file"):
        async with locked_kubeconfigs([path]):
            pytest.fail("the block must not run")
