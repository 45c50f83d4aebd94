"""What faults get: the right decision, or a clear error within the deadline. Never an allow that nobody gave."""

import contextlib
import multiprocessing
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

import sark
from conftest import POLICY, Opa, Proxy, counted, free_port, wait_for

FEATURE = "rust_opa"
DEADLINE = 0.5
SLACK = 2.0
"""What a busy machine may add to a deadline."""

CLEAR = (sark.Unavailable, sark.LimitExceeded, sark.SerializationError, sark.EvaluationError)


def half(metrics=None):
    """A dial at 50 %."""
    flags = sark.Flags(metrics=metrics)
    flags.set_rollout(FEATURE, 50)
    return flags


def drive(client, flags, users=60):
    """Decides for many users, admins and guests; gives how many got a decision and how many an error."""
    decided = failed = 0
    for number in range(users):
        user, role = f"user-{number}", ("admin", "guest")[number % 3 % 2]
        is_local = flags.is_enabled(FEATURE, user)
        start = time.monotonic()
        try:
            decision = client.decide("data.authz.allow", {"role": role}, user=user)
        except CLEAR as error:
            assert not is_local, f"a local decision failed: {error}"
            failed += 1
        else:
            assert decision.allowed == (role == "admin"), "a wrong decision"
            decided += 1
        assert time.monotonic() - start < DEADLINE + SLACK
    return decided, failed


class Babbler:
    """A server that answers whatever is asked with the same bytes."""

    def __init__(self, answer):
        self.answer, self.socket = answer, socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(self.answer)

    def close(self):
        self.socket.close()


@pytest.mark.parametrize(
    "fail",
    [
        lambda proxy: proxy.switch(False),
        lambda proxy: proxy.fail("latency", latency=3000),
        lambda proxy: proxy.fail("reset_peer", timeout=0),
        lambda proxy: proxy.fail("timeout", timeout=0),
        lambda proxy: proxy.fail("limit_data", bytes=60),
    ],
    ids=["down", "slow", "resetting", "silent", "half an answer"],
)
def test_an_opa_that_fails(engine, proxy, metrics, fail):
    flags = half()
    client = sark.Client(engine, flags=flags, opa_url=proxy.url, timeout=DEADLINE, metrics=metrics)
    assert drive(client, flags) == (60, 0)
    fail(proxy)
    decided, failed = drive(client, flags)
    assert failed > 0 and decided + failed == 60
    assert client.status()["breaker"]["state"] == "open"
    start = time.monotonic()
    drive(client, flags)
    assert time.monotonic() - start < 3 * DEADLINE + SLACK, "an open breaker costs nothing, but for those that try"
    proxy.ask("POST", "/reset")

    def heals():
        drive(client, flags, 10)
        return client.status()["breaker"]["state"] == "closed"

    wait_for(heals)
    assert drive(client, flags) == (60, 0)
    assert counted(metrics, f'sark_breaker_state{{remote="127.0.0.1:{proxy.port}"}}') == 0


@pytest.mark.parametrize(
    "answer",
    [
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\ngarbage",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue",
        b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"result": true}',
        b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"result":true',
        b'HTTP/1.1 500 No\r\nContent-Length: 16\r\n\r\n{"result": true}',
        b'HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 16\r\n\r\n{"result": true}',
        b'HTTP/1.1 201 Created\r\nContent-Length: 16\r\n\r\n{"result": true}',
        b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n[{"result": true}]',
        b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + b"[" * 20,
        b"",
    ],
)
def test_an_answer_that_is_none_is_no_allow(engine, answer):
    server = Babbler(answer)
    client = sark.Client(engine, opa_url=server.url, mode="remote", timeout=DEADLINE)
    for _ in range(8):
        with pytest.raises(CLEAR):
            client.decide("data.authz.allow", {"role": "admin"})
    server.close()


def test_an_answer_of_ten_megabytes(engine, opa):
    opa.put_data("big", "x" * 10_000_000)
    client = sark.Client(engine, opa_url=opa.url, mode="remote", max_answer_bytes=1 << 20)
    with pytest.raises(sark.LimitExceeded, match="larger than 1048576 bytes"):
        client.decide("data.big", {})
    assert client.decide("data.authz.allow", {"role": "admin"}).allowed
    assert client.status()["breaker"]["failures"] == 0, "an answer that is larger than is wanted is an answer"
    patient = sark.Client(engine, opa_url=opa.url, mode="remote")
    assert len(patient.decide("data.big", {}).result) == 10_000_000


def test_an_opa_whose_policy_fails_is_not_away(engine, opa):
    opa.put("package p\n\nx := 1\n\nx := input.n", "p")
    client = sark.Client(engine, opa_url=opa.url, mode="remote")
    for _ in range(10):
        with pytest.raises(sark.EvaluationError, match="500 internal_error"):
            client.decide("data.p.x", {"n": 2})
    assert client.status()["breaker"]["state"] == "closed"


@pytest.mark.parametrize("result", ["{}", '{"allow": false}', '{"allowed": false}', '"true"', "1", "null", "undefined"])
@pytest.mark.parametrize("mode", ["local", "remote"])
def test_results_that_do_not_allow(opa, mode, result):
    policy = "package authz\n" if result == "undefined" else f"package authz\n\nx := {result}"
    engine = sark.Engine()
    engine.load_policy("authz", policy)
    opa.put(policy)
    client = sark.Client(engine, opa_url=opa.url, mode=mode)
    decision = client.decide("data.authz.x", {})
    assert not decision.allowed and not decision


def test_one_policy_that_fails_here_goes_to_the_remote_and_others_stay(opa, metrics):
    engine = sark.Engine(metrics=metrics)
    engine.load_policy("broken", "package broken\n\nallow := true\n\nallow := false")
    engine.load_policy("authz", POLICY)
    opa.put('package broken\n\nallow if input.role == "admin"', "broken")
    client = sark.Client(engine, opa_url=opa.url, metrics=metrics, logger=False)
    for number in range(20):
        role = ("admin", "guest")[number % 2]
        broken, fine = (client.decide(f"data.{package}.allow", {"role": role}) for package in ("broken", "authz"))
        assert (broken.allowed, broken.implementation, broken.fallback) == (role == "admin", "http", "evaluation")
        assert (fine.allowed, fine.implementation, fine.fallback) == (role == "admin", "rust", "")
    assert counted(metrics, "opa_rust_fallback_total") == 20
    assert counted(metrics, 'opa_rust_errors_total{error_type="evaluation"}') == 20


def test_fallbacks_are_capped(opa, proxy):
    engine = sark.Engine()
    engine.load_policy("broken", "package broken\n\nallow := true\n\nallow := false")
    opa.put("package broken\n\nallow := true", "broken")
    proxy.fail("latency", latency=400)
    client = sark.Client(engine, opa_url=proxy.url, max_concurrent_fallbacks=2, logger=False)
    outcomes = []

    def decide():
        try:
            outcomes.append(client.decide("data.broken.allow", {}).fallback)
        except sark.EvaluationError:
            outcomes.append("error")

    threads = [threading.Thread(target=decide) for _ in range(12)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(outcomes) == 12 and 2 <= outcomes.count("evaluation") < 12, outcomes


def test_policies_swapped_under_load_belong_to_one_revision(opa):
    engine = sark.Engine()

    def policy(number):
        return f"package authz\n\na := {number}\n\nb := {number}\n"

    revisions = {}
    update = engine.load_policy("authz", policy(0))
    revisions[update] = 0
    client = sark.Client(engine, cache=sark.Cache(), opa_url=opa.url)
    seen, problems, is_over = set(), [], threading.Event()

    def read():
        while not is_over.is_set():
            decision = client.decide("authz", {})
            if decision.result["a"] != decision.result["b"]:
                problems.append(decision)
            seen.add((decision.revision, decision.result["a"]))

    readers = [threading.Thread(target=read) for _ in range(4)]
    [reader.start() for reader in readers]
    for number in range(1, 101):
        revisions[engine.load_policy("authz", policy(number))] = number
        time.sleep(0.002)
    is_over.set()
    [reader.join() for reader in readers]
    assert problems == [] and len(seen) > 10
    assert all(revisions[revision] == number for revision, number in seen)


def test_redis_killed_and_restarted_under_load(engine, opa, tmp_path):
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]

    def start():
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

        def listens():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return True

        wait_for(listens)
        return process

    redis = start()
    flags = sark.Flags(f"redis://127.0.0.1:{port}", logger=False)
    flags.set_rollout(FEATURE, 100)
    client = sark.Client(engine, flags=flags, opa_url=opa.url)
    try:
        for phase in ("there", "killed", "restarted"):
            if phase == "killed":
                redis.kill()
                redis.wait()
            elif phase == "restarted":
                redis = start()
            deadline = time.monotonic() + 0.7
            while time.monotonic() < deadline:
                decision = client.decide("data.authz.allow", {"role": "admin"}, user="u")
                assert (decision.allowed, decision.implementation) == (True, "rust"), phase
    finally:
        redis.kill()
        redis.wait()


def test_forked_workers_decide_and_count(engine, opa, metrics):
    flags = half(metrics)
    client = sark.Client(engine, cache=sark.Cache(), flags=flags, opa_url=opa.url, metrics=metrics, shadow_rate=100.0)
    assert drive(client, flags) == (60, 0)

    def work(results):
        before = counted(metrics, f'feature_flag_assignments_total{{feature="{FEATURE}",implementation="rust"}}')
        outcome = drive(client, flags)
        flags.set_rollout(FEATURE, 100)
        client.decide("data.authz.allow", {"role": "guest"}, user="a new one")
        after = counted(metrics, f'feature_flag_assignments_total{{feature="{FEATURE}",implementation="rust"}}')
        results.put((outcome, after - before > 10, flags.rollout(FEATURE)))

    fork = multiprocessing.get_context("fork")
    results = fork.Queue()
    workers = [fork.Process(target=work, args=(results,)) for _ in range(4)]
    [worker.start() for worker in workers]
    answers = [results.get(timeout=60) for _ in workers]
    [worker.join(20) for worker in workers]
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert answers == [((60, 0), True, 100)] * 4
    assert drive(client, flags) == (60, 0) and flags.rollout(FEATURE) == 50, "memory flags are a process's own"


def test_an_opa_that_is_paused_and_goes_on(engine, opa):
    client = sark.Client(engine, opa_url=opa.url, mode="remote", timeout=DEADLINE)
    assert client.decide("data.authz.allow", {"role": "admin"}).allowed
    os.kill(opa.process.pid, signal.SIGSTOP)
    start = time.monotonic()
    with pytest.raises(sark.LimitExceeded, match="did not answer within"):
        client.decide("data.authz.allow", {"role": "admin"})
    assert time.monotonic() - start < DEADLINE + SLACK
    os.kill(opa.process.pid, signal.SIGCONT)
    assert client.decide("data.authz.allow", {"role": "admin"}).allowed


def test_an_opa_that_is_restarted_behind_kept_connections(engine, toxiproxy, opa):
    proxy = Proxy(toxiproxy, opa.port)
    client = sark.Client(engine, opa_url=proxy.url, mode="remote")
    assert client.decide("data.authz.allow", {"role": "admin"}).allowed
    opa.kill()
    another = Opa()
    proxy.ask("POST", f"/proxies/{proxy.name}", {"upstream": f"127.0.0.1:{another.port}"})
    wait_for(lambda: works(client))
    another.kill()


def works(client):
    with contextlib.suppress(sark.Unavailable):
        return client.decide("data.authz.allow", {"role": "admin"}).allowed
