"""A directory of metrics that processes share: forks, kills, a full disk."""

import os
import resource
import signal
import threading

import pytest

import sark

POLICY = "package p\n\nallow if input.n >= 0"
DECISIONS = 'opa_evaluations_total{implementation="rust"}'
NO_FILE = 'sark_metrics_errors_total{kind="file"}'
LIVE = 'sark_metrics_files{state="live"}'
CACHED = "rust_cache_size_entries"


class Process:
    """What a process that decides has."""

    def __init__(self, folder):
        self.folder = folder
        self.metrics = sark.Metrics(folder)
        self.engine = sark.Engine(metrics=self.metrics)
        self.engine.load_policy("p", POLICY)
        self.cache = sark.Cache(metrics=self.metrics)

    def decide(self, times):
        for number in range(times):
            self.engine.evaluate("p", {"n": number})

    def value(self, sample):
        return of(self.metrics.render(), sample)


def of(text, sample):
    (line,) = [line for line in text.splitlines() if line.startswith(f"{sample} ")]
    return float(line.rpartition(" ")[2])


def fork(body):
    """Runs `body` in a child, which then ends by force: no exit handler, no destructor."""
    child = os.fork()
    if child == 0:
        try:
            body()
        except BaseException as problem:  # noqa: BLE001
            os.write(2, repr(problem).encode())
            os._exit(1)
        os.kill(os.getpid(), signal.SIGKILL)
    return child


def join(child):
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, status


@pytest.fixture
def process(tmp_path):
    return Process(tmp_path / "metrics")


def test_what_a_killed_child_counted_stays_and_its_gauges_go(process):
    process.cache.set(b"k", b"v")
    process.decide(3)
    told, tell = os.pipe()

    def body():
        process.cache.set(b"own", b"v")
        process.decide(5)
        assert (process.value(DECISIONS), process.value(CACHED), process.value(LIVE)) == (8, 1 + 2, 2)
        os.write(tell, b".")
        signal.pause()

    child = fork(body)
    os.read(told, 1)
    assert (process.value(DECISIONS), process.value(CACHED), process.value(LIVE)) == (8, 3, 2)
    os.kill(child, signal.SIGKILL)
    join(child)
    for _ in range(3):
        assert (process.value(DECISIONS), process.value(CACHED), process.value(LIVE)) == (8, 1, 1)
    assert len(os.listdir(process.folder)) == 3


def test_a_child_starts_with_the_sizes_of_the_fork_and_no_counts(process):
    for number in range(4):
        process.cache.set(b"%d" % number, b"v")
    (told, tell), (started, start) = os.pipe(), os.pipe()

    def body():
        os.write(start, b".")
        os.read(told, 1)
        # The parent's cache is another by now.
        process.cache.clear()
        assert process.value(CACHED) == 10
        process.decide(1)

    child = fork(body)
    os.read(started, 1)
    for number in range(6):
        process.cache.set(b"more %d" % number, b"v")
    process.decide(2)
    os.write(tell, b".")
    join(child)
    assert (process.value(DECISIONS), process.value(CACHED)) == (3, 10)


def test_generations_of_forks_under_load_add_up(process):
    stop = threading.Event()

    def scrape():
        last = 0
        while not stop.is_set():
            now = process.value(DECISIONS)
            assert now >= last
            last = now

    def name_features():
        flags, number = sark.Flags("memory:", metrics=process.metrics), 0
        while not stop.is_set():
            flags.set_rollout(f"feature {number % 200}", number % 100)
            number += 1

    threads = [threading.Thread(target=each) for each in (scrape, scrape, name_features)]
    for thread in threads:
        thread.start()

    def grandchild():
        process.decide(10)
        assert process.value(DECISIONS) >= 10

    def body():
        process.decide(10)
        join(fork(grandchild))
        process.decide(10)

    for _ in range(30):
        join(fork(body))
        process.decide(10)
    stop.set()
    for thread in threads:
        thread.join()
    assert process.value(DECISIONS) == 30 * 40
    assert process.value(NO_FILE) == 0
    assert len(os.listdir(process.folder)) == 3


def test_a_full_disk_fails_at_the_start_and_leaves_nothing(tmp_path):
    (tmp_path / "metrics").mkdir()

    def body():
        # Files end where the disk would: a write beyond is an error, of which Python ignores the signal.
        resource.setrlimit(resource.RLIMIT_FSIZE, (32 << 10, resource.RLIM_INFINITY))
        with pytest.raises(sark.Unavailable):
            sark.Metrics(tmp_path / "metrics")

    join(fork(body))
    assert os.listdir(tmp_path / "metrics") == ["lock"]


def test_a_child_that_can_make_no_file_counts_in_its_parents(process):
    process.cache.set(b"k", b"v")

    def body():
        resource.setrlimit(resource.RLIMIT_FSIZE, (32 << 10, resource.RLIM_INFINITY))
        process.decide(5)
        process.cache.set(b"own", b"v")
        assert (process.value(DECISIONS), process.value(NO_FILE), process.value(CACHED)) == (5, 1, 2)

    join(fork(body))
    process.decide(1)
    assert (process.value(DECISIONS), process.value(NO_FILE), process.value(CACHED), process.value(LIVE)) == (6, 1, 1, 1)


def test_descriptors_that_a_daemon_closes_are_missed_by_nobody(process):
    """As daemons do: all are closed, and their numbers go to other files."""

    def body():
        os.closerange(3, 256)
        others = [os.open(process.folder.parent / f"other{number}", os.O_RDWR | os.O_CREAT) for number in range(64)]
        process.decide(5)
        features = sark.Flags("memory:", metrics=process.metrics)
        for number in range(1000):
            features.set_rollout(f"feature {number}", 1)
        assert process.value(DECISIONS) == 5
        assert all(os.fstat(other).st_size == 0 for other in others)

    join(fork(body))
    assert process.value(DECISIONS) == 5


def test_a_directory_that_cannot_be_used_is_unavailable(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "missing" / "metrics"):
        with pytest.raises(sark.Unavailable, match="metrics in "):
            sark.Metrics(path)
    for path in ("", "a\0b"):
        with pytest.raises(sark.InvalidArgument, match="directory"):
            sark.Metrics(path)
