"""The decision log, and replay: of our own events, and of those that a real OPA writes."""

import gzip
import json
import multiprocessing
import os
import pathlib
import resource
import signal
import subprocess
import sys

import pytest

import sark
from conftest import DIFFERENT, POLICY, Opa, wait_for
from sark import replay

QUESTIONS = [
    ("data.authz.allow", {"role": "admin"}),
    ("data.authz.allow", {"role": "guest", "quote": '<"&\u2028>', "n": 1.0}),
    ("data.authz.half", {"n": 3}),
    ("data.authz.half", {"n": 1e21}),
    ("data.authz.half", {}),
    ("data.authz.broken", {"n": 1}),
    ("data.authz.time_passes", {}),
]


def ask(client, number=1):
    for _ in range(number):
        for policy, question in QUESTIONS:
            try:
                client.decide(policy, question)
            except sark.EvaluationError:
                pass


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_what_either_side_decided_is_replayed_without_a_difference(engine, opa, mode):
    log = sark.DecisionLog()
    client = sark.Client(engine, opa_url=opa.url, mode=mode, decision_log=log, logger=False)
    ask(client)
    log.close()
    events = list(log)
    side = {"local": "rust", "remote": "http"}[mode]
    assert [event["custom"].get("implementation") for event in events] == [side] * 7
    assert [event["path"] for event in events] == [policy.removeprefix("data.").replace(".", "/") for policy, _ in QUESTIONS]
    report = client.replay("\n".join(map(json.dumps, events)))
    assert (report["events"], report["equal"], report["differing"]) == (7, 6, 0), report
    assert report["skipped"] == {"erased": 0, "nondeterministic": 1, "failed": 0, "unreadable": 0}


def test_the_event_names_bundle_trace_and_fallback(engine, opa):
    log = sark.DecisionLog()
    engine.patch_data("/system/bundles", {"main": {"manifest": {"revision": "7"}}})
    flags = sark.Flags()
    flags.set_rollout("rust_opa", 100)
    client = sark.Client(engine, flags=flags, opa_url=opa.url, decision_log=log, logger=False)
    trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    decision = client.decide("data.authz.allow", {"role": "admin"}, traceparent=f"00-{trace}-{span}-01")
    event = log.next()
    assert (event["decision_id"], event["trace_id"], event["span_id"]) == (decision.id, trace, span)
    assert event["bundles"] == {"main": {"revision": "7"}}
    assert event["custom"] == {"implementation": "rust", "fallback": None, "cached": False, "revision": engine.revision}
    assert event["metrics"]["timer_server_handler_ns"] > 0
    # What this engine refuses for its size, the remote decides.
    small = sark.Engine(max_input_bytes=10)
    small.load_policy("authz", POLICY)
    client = sark.Client(small, flags=flags, opa_url=opa.url, decision_log=log, logger=False)
    client.decide("data.authz.allow", {"role": "admin"})
    assert log.next()["custom"] == {"implementation": "http", "fallback": "limit", "cached": False, "revision": ""}


def test_opas_own_log_is_replayed(tmp_path, engine):
    log = tmp_path / "opa.log"
    with log.open("wb") as output:
        opa = Opa(POLICY, "--set", "decision_logs.console=true", "--log-level", "info")
        # The arguments above let it log to its standard error: once more, into a file.
        opa.kill()
        opa.process = subprocess.Popen(opa.command, stdout=output, stderr=output)
        wait_for(lambda: opa.request("GET", "/health")[0] == 200)
        opa.put(POLICY)
        client = sark.Client(engine, opa_url=opa.url, mode="remote", logger=False)
        ask(client, 3)
        wait_for(lambda: log.read_text().count('"decision_id"') >= 21)
        opa.kill()
    events = [line for line in log.read_text().splitlines() if "decision_id" in line]
    report = client.replay("\n".join(events))
    assert (report["events"], report["equal"], report["differing"]) == (21, 18, 0), report
    assert report["skipped"]["nondeterministic"] == 3


def run(*arguments):
    done = subprocess.run([sys.executable, "-m", "sark.replay", *map(str, arguments)], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_a_log_in_a_file_is_replayed_from_the_command_line(tmp_path, engine):
    path = tmp_path / "log"
    log = sark.DecisionLog(f"file:{path}")
    ask(sark.Client(engine, decision_log=log), 100)
    log.close()
    assert len(lines(path)) == 700
    assert os.stat(path).st_mode & 0o777 == 0o600
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "authz.rego").write_text(POLICY)
    (policies / "authz_test.rego").write_text("package authz\n\nthis is no Rego")
    assert run(path, "--policies", policies) == (0, "700 decisions: 600 equal, 0 differ (skipped: 100 nondeterministic)\n", "")
    (policies / "authz.rego").write_text(DIFFERENT)
    zipped = tmp_path / "log.gz"
    zipped.write_bytes(gzip.compress(path.read_bytes()))
    code, output, _ = run(zipped, "--policies", policies)
    *differences, last = output.splitlines()
    assert (code, last) == (1, "700 decisions: 500 equal, 100 differ (skipped: 100 nondeterministic)")
    assert len(differences) == 100 and json.loads(differences[0])["local"] == {"result": False}
    cut = tmp_path / "cut.gz"
    cut.write_bytes(zipped.read_bytes()[:-20])
    (tmp_path / "array").mkdir()
    (tmp_path / "array" / "p.rego").write_text(POLICY)
    (tmp_path / "array" / "data.json").write_text("[1]")
    for log, by, named in [
        (tmp_path / "none", policies, "none"),
        (path, tmp_path / "nowhere", "nowhere"),
        (path, tmp_path / "array", "must be of type object"),
        (cut, policies, "cut.gz"),
    ]:
        code, _, problem = run(log, "--policies", by)
        assert code == 2 and named in problem and "Traceback" not in problem, problem


def test_data_is_loaded_by_the_directory_that_it_stands_in(tmp_path, engine):
    (tmp_path / "teams" / "red").mkdir(parents=True)
    (tmp_path / "teams" / "authz.rego").write_text(POLICY.replace("package authz", "package other"))
    (tmp_path / "data.json").write_text('{"top": 1, "teams": {"blue": 2}}')
    (tmp_path / "teams" / "red" / "data.json").write_text('{"size": 3}')
    replay.load(engine, pathlib.Path(tmp_path))
    assert engine.evaluate("data.top") == 1
    assert engine.evaluate("data.other.allow", {"role": "admin"}) is True
    assert engine.evaluate("data.teams") == {"blue": 2, "red": {"size": 3}}


def in_a_worker(client, number):
    for _ in range(number):
        client.decide("data.authz.allow", {"role": "admin", "pid": os.getpid()})


def test_forked_workers_share_a_file_and_lose_nothing(tmp_path, engine):
    path = tmp_path / "log"
    log = sark.DecisionLog(f"file:{path}?max_bytes=200000&keep=100")
    client = sark.Client(engine, decision_log=log)
    in_a_worker(client, 50)

    def work():
        in_a_worker(client, 500)
        log.close()
        # As a worker of gunicorn ends: without Python's own clearing up.
        os._exit(0)

    workers = [multiprocessing.get_context("fork").Process(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    in_a_worker(client, 450)
    for worker in workers:
        worker.join(30)
        assert worker.exitcode == 0
    log.close()
    files = [path, *tmp_path.glob("log.*")]
    assert len(files) > 3
    events = [event for file in files for event in lines(file)]
    assert len({event["decision_id"] for event in events}) == len(events) == 2500
    assert len({event["labels"]["id"] for event in events}) == 5
    pids = [event["input"]["pid"] for event in events]
    assert sorted(map(pids.count, set(pids))) == [500] * 5


def test_a_full_disk_leaves_whole_lines_and_is_said(tmp_path, engine):
    path = tmp_path / "log"

    def work():
        # The disk's end, for this process.
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        log = sark.DecisionLog(f"file:{path}")
        client = sark.Client(engine, decision_log=log)
        in_a_worker(client, 1000)
        wait_for(lambda: log.status()["failing"])
        assert client.decide("data.authz.allow", {"role": "admin"}).allowed
        log.close()
        status = log.status()
        assert status["dropped"] > 0 and status["events"] + status["dropped"] == 1001, status
        assert len(lines(path)) == status["events"]
        os._exit(0)

    worker = multiprocessing.get_context("fork").Process(target=work)
    worker.start()
    worker.join(30)
    assert worker.exitcode == 0
    assert path.stat().st_size <= 20_000


def test_an_unread_queue_costs_its_bound_and_no_decision(engine):
    log = sark.DecisionLog(max_waiting=100)
    client = sark.Client(engine, decision_log=log)
    for _ in range(1000):
        assert client.decide("data.authz.allow", {"role": "admin"}).allowed
    status = log.status()
    assert (status["waiting"], status["dropped"]) == (100, 900)
