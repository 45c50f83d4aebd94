"""The store in a file: shared by processes, whole whatever happens to the disk."""

import fcntl
import gc
import json
import os
import pathlib
import resource
import subprocess
import sys

import pytest
import sark
from conftest import percentages, print_how_soon_seen, wait_for


@pytest.fixture
def path(tmp_path):
    return tmp_path / "flags.json"


def content(path):
    return json.loads(path.read_text())


def test_what_is_written_is_plain_json_and_read_again(path, flags):
    flags(f"file:{path}").set_rollout("rust_opa", 12.5, who="ops", why="a trial")
    written = content(path)
    assert written["sark_flags"] == 1
    assert written["features"] == {"rust_opa": {"percentage": 12.5, "formula": 1}}
    again = flags(f"file://{path}")
    assert percentages(again) == {"rust_opa": 12.5}
    assert [(each["who"], each["why"]) for each in again.history()] == [("ops", "a trial")]
    assert {each.name for each in path.parent.iterdir()} == {"flags.json", "flags.json.lock"}


def test_a_relative_path_means_the_directory_of_the_start(path, flags, monkeypatch):
    monkeypatch.chdir(path.parent)
    ours = flags("file:flags.json")
    monkeypatch.chdir("/")
    ours.set_rollout("f", 1)
    assert path.exists()


def test_processes_share_it(path, flags, other):
    ours, others = flags(f"file:{path}"), other(f"file:{path}")
    ours.set_rollout("f", 40)
    wait_for(lambda: others("rollout", "f") == 40)
    others("set_rollout", "f", 50)
    wait_for(lambda: ours.rollout("f") == 50)
    assert others("enabled", "f", 2000) == [ours.is_enabled("f", f"user{number}") for number in range(2000)]


def test_how_soon_another_process_sees_a_change(path, flags, other, capsys):
    print_how_soon_seen("a file", flags(f"file:{path}"), other(f"file:{path}"), capsys)


def test_writers_at_the_same_time_lose_nothing(path, other):
    others = [other(f"file:{path}") for _ in range(3)]
    for each in others:
        each.send("set_many", "f", 60)
    assert [each.answer() for each in others] == [60, 60, 60]
    history = others[0]("history")
    assert len(history) == 180
    for newer, older in zip(history, history[1:], strict=False):
        assert newer["from"] == older["to"]


@pytest.mark.parametrize(
    "bad",
    [
        '{"sark_flags": 1, "features": {"f": {"perc',
        "",
        "feature=25",
        "[]",
        '{"features": {"f": {"percentage": 99, "formula": 1}}}',
        '{"sark_flags": 2, "features": {}}',
        '{"sark_flags": 1, "features": {"f": {"percentage": 101, "formula": 1}}}',
        '{"sark_flags": 1, "features": {"f": {"percentage": "25"}}}',
        '{"sark_flags": 1, "features": []}',
        "\x00" * 4096,
    ],
)
def test_a_torn_or_foreign_file_keeps_the_last_good_state(path, flags, logger, bad):
    ours = flags(f"file:{path}")
    ours.set_rollout("f", 30)
    good = path.read_text()
    path.write_text(bad)
    wait_for(lambda: ours.status()["problem"])
    assert ours.rollout("f") == 30
    with pytest.raises(sark.Unavailable):
        ours.set_rollout("f", 40)
    assert path.read_text() == bad, "what is not ours is not overwritten"
    wait_for(lambda: logger.has("The last known percentages hold"))
    path.write_text(good.replace("30", "35"))
    wait_for(lambda: ours.rollout("f") == 35 and not ours.status()["problem"])


def test_a_file_that_is_torn_at_the_start_is_no_percentage(path, flags):
    path.write_text('{"sark_flags": 1')
    ours = flags(f"file:{path}")
    assert not ours.is_enabled("f", "user")
    assert ours.status()["problem"] and not ours.status()["known"]


def test_a_file_that_vanishes_is_an_accident(path, flags, logger):
    ours = flags(f"file:{path}")
    ours.set_rollout("a", 10)
    ours.set_rollout("b", 20)
    path.unlink()
    wait_for(lambda: ours.status()["emptied"])
    assert percentages(ours) == {"a": 10, "b": 20}
    wait_for(lambda: logger.has("lost its contents"))
    ours.set_rollout("a", 11)
    assert set(content(path)["features"]) == {"a", "b"}
    assert not ours.status()["emptied"]


def test_a_feature_that_someone_takes_out_of_the_file_is_off(path, flags):
    ours = flags(f"file:{path}")
    ours.set_rollout("a", 10)
    ours.set_rollout("b", 20)
    rest = content(path)
    del rest["features"]["b"]
    path.write_text(json.dumps(rest))
    wait_for(lambda: percentages(ours) == {"a": 10})


@pytest.fixture
def full_disk(tmp_path):
    """A file system of a few pages, which the test fills."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], check=False, capture_output=True)
    if mounted.returncode != 0:
        yield None
        return
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_leaves_the_old_file_whole(full_disk, flags):
    if full_disk is None:
        pytest.skip("no file system may be mounted here; the next test stands in")
    path = full_disk / "flags.json"
    ours = flags(f"file:{path}")
    ours.set_rollout("f", 30)
    with (full_disk / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError, match="No space left"):
        while True:
            filler.write(b"x" * 512)
    before = path.read_text()
    with pytest.raises(sark.Unavailable, match="No space left on device"):
        ours.set_rollout("f", 40, why="long " * 2000)
    assert path.read_text() == before and ours.rollout("f") == 30
    assert sorted(each.name for each in full_disk.iterdir()) == ["filler", "flags.json", "flags.json.lock"]
    (full_disk / "filler").unlink()
    ours.set_rollout("f", 50)
    assert content(path)["features"]["f"]["percentage"] == 50


def test_a_file_that_may_not_grow_is_left_whole(path, other):
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    others = other(f"file:{path}")
    others("set_rollout", "f", 30)
    before = path.read_text()
    resource.prlimit(others.process.pid, resource.RLIMIT_FSIZE, (len(before) // 2, limit[1]))
    failed = others("set_rollout", "f", 40)
    assert failed["error"] == "Unavailable" and "File too large" in failed["message"]
    assert path.read_text() == before and others("rollout", "f") == 30
    assert {each.name for each in path.parent.iterdir()} == {"flags.json", "flags.json.lock"}


def test_a_lock_that_is_not_let_go_is_an_error_not_a_hang(path, flags):
    ours = flags(f"file:{path}")
    ours.set_rollout("f", 30)
    with pathlib.Path(f"{path}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(sark.Unavailable, match="does not let go"):
            ours.set_rollout("f", 40)
    ours.set_rollout("f", 50)
    assert ours.rollout("f") == 50


def test_a_folder_that_does_not_exist_is_an_error_to_the_writer(tmp_path, flags):
    ours = flags(f"file:{tmp_path}/nowhere/flags.json")
    assert not ours.is_enabled("f", "user")
    with pytest.raises(sark.Unavailable, match="No such file or directory"):
        ours.set_rollout("f", 1)


@pytest.mark.parametrize("side", ["local", "remote"])
def test_the_environment_forces_a_side(path, other, side):
    others = other(f"file:{path}", environment={"SARK_FORCE": side})
    others("set_rollout", "f", 50)
    assert set(others("enabled", "f", 200)) == {side == "local"}
    assert others("status")["force"] == side
    others("force", None)
    assert set(others("enabled", "f", 200)) == {True, False}


def test_an_environment_that_names_no_side_is_refused():
    program = "import sark; sark.Flags('memory:')"
    failed = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"SARK_FORCE": "lokal"}, capture_output=True, text=True, check=False
    )
    assert failed.returncode != 0 and 'use "local" or "remote"' in failed.stderr


def test_what_happens_to_flags_that_only_a_client_has_is_logged(path, flags, logger):
    client = sark.Client(sark.Engine(), flags=sark.Flags(f"file:{path}", logger=logger), opa_url="http://127.0.0.1:1")
    gc.collect()
    flags(f"file:{path}").set_rollout("f", 5)
    wait_for(lambda: logger.has("The rollout of f is 5% now"))
    client.close()


def test_both_sides_of_a_fork_follow(path, flags):
    ours = flags(f"file:{path}")
    ours.set_rollout("f", 1)
    child = os.fork()
    if child == 0:
        ours.is_enabled("f", "user")
        ours.set_rollout("g", 7)
        wait_for(lambda: ours.rollout("f") == 2)
        os._exit(0)
    wait_for(lambda: ours.rollout("g") == 7)
    ours.set_rollout("f", 2)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
