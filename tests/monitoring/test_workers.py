"""Four workers of gunicorn, forked from a process that had made everything: whichever is scraped, it shows what all of them did."""

import collections
import concurrent.futures
import os
import pathlib
import signal
import subprocess
import sys
import urllib.request

import pytest
from conftest import HERE, Prometheus, Running, free_port, get, wait_for
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

WORKERS, SCRAPES, REQUESTS, MORE = 4, 20, 2000, 400

DECISIONS = ("opa_evaluations_total", (("implementation", "rust"),))
HITS = ("sark_cache_lookups_total", (("outcome", "hit"),))
LIVE = ("sark_metrics_files", (("state", "live"),))


class Gunicorn(Running):
    def __init__(self, folder):
        port = free_port()
        self.url, self.folder = f"http://127.0.0.1:{port}", folder / "metrics"
        # Threads, so that a scrape meets workers in the middle of their work.
        options = ["--preload", f"--workers={WORKERS}", "--threads=4", f"--bind=127.0.0.1:{port}", "--log-level=error", "--no-control-socket"]
        environment = {**os.environ, "METRICS": str(self.folder), "HOME": str(folder)}
        super().__init__(sys.executable, "-m", "gunicorn", *options, "gateway:app", cwd=HERE, env=environment)
        wait_for(lambda: get(f"{self.url}/metrics"))

    def workers(self):
        """The children that there are."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return {int(pid) for pid in children.split()}

    def decide(self, number):
        """The worker that answered."""
        pid, allowed = get(f"{self.url}/decide/{number}").split()
        assert allowed == "True"
        return int(pid)

    def send(self, numbers):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return collections.Counter(pool.map(self.decide, numbers))

    def scrape(self, accept="application/openmetrics-text"):
        """Samples by name and labels, read by Prometheus' own parser for Python, and which of them may not go back."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(f"{self.url}/metrics", headers={"Accept": accept}), timeout=30) as answer:
            text, kind = answer.read().decode(), answer.headers["Content-Type"]
        parse = parse_openmetrics if kind.startswith("application/openmetrics-text") else parse_text
        samples, growing = {}, set()
        for family in parse(text):
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                samples[key] = sample.value
                if family.type in ("counter", "histogram"):
                    growing.add(key)
        return samples, growing

    def kill(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            super().kill()


@pytest.fixture(scope="module")
def gunicorn(tmp_path_factory):
    server = Gunicorn(tmp_path_factory.mktemp("gunicorn"))
    yield server
    server.kill()


def not_smaller(last, now, growing):
    assert {key for key, value in last.items() if key in growing and not value <= now.get(key, -1)} == set()


def test_scrapes_under_load_never_go_back_and_end_at_what_was_sent(gunicorn):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        load = pool.submit(gunicorn.send, range(REQUESTS))
        last, seen = {}, []
        for number in range(SCRAPES):
            now, growing = gunicorn.scrape("application/openmetrics-text" if number % 2 else "text/plain")
            # The two formats spell some bounds differently.
            plain = {key: value for key, value in now.items() if not key[0].endswith("_bucket")}
            not_smaller(last, plain, growing)
            last = plain
            seen.append(now[DECISIONS])
        answered = load.result()
    assert len(answered) == WORKERS and answered.total() == REQUESTS, answered
    assert seen[0] < REQUESTS, "the load was over before the first scrape"
    for _ in range(SCRAPES):
        now, growing = gunicorn.scrape()
        not_smaller(last, now, growing)
        last = {key: value for key, value in now.items() if not key[0].endswith("_bucket")}
        assert (now[DECISIONS], now[HITS]) == (REQUESTS, REQUESTS)
        assert now["opa_evaluation_duration_seconds_bucket", (("implementation", "rust"), ("le", "+Inf"))] == REQUESTS
    # Each has its parent's cache and policies: sizes are added, of policies a process has as many as the one with most.
    assert now[LIVE] == WORKERS + 1
    assert now["rust_cache_size_entries", ()] == WORKERS + 1
    assert now["rust_opa_policies_loaded", ()] == 1


def test_a_worker_that_is_killed_takes_nothing_along(gunicorn):
    before, sent = gunicorn.workers(), REQUESTS
    for victim in sorted(before)[:2]:
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda victim=victim: len(now := gunicorn.workers()) == WORKERS and victim not in now)
        for _ in range(SCRAPES):
            assert gunicorn.scrape()[0][DECISIONS] == sent
        # Until the new one had its share.
        new = gunicorn.workers() - before
        answered = collections.Counter()
        while not new <= set(answered):
            answered += gunicorn.send(range(MORE))
            assert answered.total() < 50 * MORE
        sent += answered.total()
        now, _ = gunicorn.scrape()
        assert (now[DECISIONS], now[HITS], now[LIVE]) == (sent, sent, WORKERS + 1)
    # The files of those that ended were added up.
    assert len(list(gunicorn.folder.iterdir())) <= WORKERS + 3


def test_a_real_prometheus_takes_openmetrics(gunicorn, tmp_path):
    sent, _ = gunicorn.scrape()
    server = Prometheus(tmp_path, gunicorn.url.removeprefix("http://"))
    try:
        wait_for(lambda: [sample["value"][1] for sample in server.query("up")] == ["1"])
        (sample,) = wait_for(lambda: server.query('opa_evaluations_total{implementation="rust"}'))
        assert float(sample["value"][1]) == sent[DECISIONS]
        # Prometheus keeps units and types without the suffix of the samples.
        (metadata,) = wait_for(lambda: server.ask("metadata", metric="opa_evaluation_duration_seconds").values())
        assert (metadata[0]["type"], metadata[0]["unit"]) == ("histogram", "seconds")
        bounds = {each["metric"]["le"] for each in server.query('opa_evaluation_duration_seconds_bucket{implementation="rust"}')}
        assert {"1e-07", "1.0", "+Inf"} <= bounds
    finally:
        server.kill()
