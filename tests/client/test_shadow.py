"""Shadow: local decisions compared with the remote's, off the caller's path."""

import contextlib
import pathlib
import time

import pytest

import sark
from conftest import DIFFERENT, POLICY, counted, heard, wait_for

ADMIN = {"role": "admin", "password": "hunter2"}


def shadowing(engine, url, **options):
    options = {"mode": "local", "shadow_rate": 100.0, "logger": False} | options
    return sark.Client(engine, opa_url=url, **options)


def outcomes(client):
    return {name: count for name, count in client.status()["shadow"]["outcomes"].items() if count}


def compared(client, wanted):
    return wait_for(lambda: outcomes(client) == wanted) or outcomes(client)


def test_equal_answers_are_counted(engine, opa, metrics):
    client = shadowing(engine, opa.url, metrics=metrics)
    for question in (ADMIN, {"role": "guest"}, {"n": 3}, {"n": 1.0}):
        for policy in ("data.authz.allow", "data.authz.half", "data.authz.nothing"):
            assert client.decide(policy, question).implementation == "rust"
    assert compared(client, {"equal": 12})
    assert counted(metrics, 'sark_shadow_comparisons_total{outcome="equal"}') == 12
    assert counted(metrics, 'sark_shadow_comparisons_total{outcome="differing"}') == 0
    assert client.status()["shadow"]["differences"] == []


def test_a_differing_answer_is_counted_kept_and_told(engine, opa, metrics):
    opa.put(DIFFERENT)
    client = shadowing(engine, opa.url, metrics=metrics)
    decision = client.decide("data.authz.allow", ADMIN)
    assert decision.allowed
    assert compared(client, {"differing": 1})
    (difference,) = client.status()["shadow"]["differences"]
    assert difference["decision_id"] == decision.id and difference["policy"] == "data.authz.allow"
    assert (difference["local"], difference["remote"]) == ({"result": True}, {"result": False})
    assert difference["input"] is None and difference["revision"] == decision.revision
    told = heard(client, "shadow_differs")
    assert told["fields"] == {"policy": "data.authz.allow", "decision_id": decision.id} and told["level"] == "warning"
    assert counted(metrics, 'sark_shadow_comparisons_total{outcome="differing"}') == 1


def test_a_differing_answer_says_which_expressions_failed_here(engine, opa):
    opa.put('package authz\n\nallow := true\n')
    engine.load_policy("authz", 'package authz\n\nallow if {\n\tsome role in input.roles\n\trole == "admin"\n\tinput.password != "hunter2"\n}\n')
    client = shadowing(engine, opa.url)
    client.decide("data.authz.allow", {"roles": ["admin", "guest"], "password": "hunter2"})
    assert compared(client, {"differing": 1})
    (difference,) = client.status()["shadow"]["differences"]
    assert difference["local"] == {"undefined": True}
    # The policies' text, in the order of the evaluation, and nothing of the input.
    assert difference["fails"] == ['authz:6 neq(__local3__, "hunter2")', 'authz:5 role = "admin"']


def test_kept_inputs_and_results_are_masked(engine, opa):
    opa.put(DIFFERENT)
    client = shadowing(engine, opa.url, shadow_keep_inputs=True)
    client.set_mask(["/input/password", "/result/allow"])
    client.decide("authz", ADMIN)
    assert compared(client, {"nondeterministic": 1}), "the whole package reads the clock"
    client.decide("data.authz.allow", ADMIN)
    assert compared(client, {"nondeterministic": 1, "differing": 1})
    (difference,) = client.status()["shadow"]["differences"]
    assert difference["input"] == {"role": "admin"}
    assert "hunter2" not in str(client.status())
    with pytest.raises(sark.InvalidArgument, match="/input"):
        client.set_mask(["password"])


def test_undefined_and_errors_are_compared(engine, opa):
    client = shadowing(engine, opa.url)
    opa.put(POLICY + "\nonly_there := 1\n\nfails := 1\n\nfails := input.n\n")
    engine.load_policy("authz", POLICY + "\nfails := 1\n")
    client.decide("data.authz.only_there", {})
    client.decide("data.authz.fails", {"n": 2})
    assert compared(client, {"differing": 2})
    by_policy = {d["policy"]: (d["local"], d["remote"]) for d in client.status()["shadow"]["differences"]}
    assert by_policy["data.authz.only_there"] == ({"undefined": True}, {"result": 1})
    assert by_policy["data.authz.fails"][0] == {"result": 1} and "error" in by_policy["data.authz.fails"][1]


def test_numbers_are_compared_by_their_text(opa):
    engine = sark.Engine()
    engine.load_policy("authz", "package authz\n\nx := 1.0")
    opa.put("package authz\n\nx := 1")
    client = shadowing(engine, opa.url)
    client.decide("data.authz.x", {})
    assert compared(client, {"differing": 1})


def test_a_remote_without_bundles_has_no_revision_to_differ_by(engine, opa):
    opa.put(DIFFERENT)
    engine.set_data({"system": {"bundles": {"b": {"manifest": {"revision": "2"}}}}})
    client = shadowing(engine, opa.url)
    client.decide("data.authz.allow", ADMIN)
    assert compared(client, {"differing": 1})


def test_policies_that_were_replaced_meanwhile_are_no_differences(engine, opa, proxy):
    proxy.fail("latency", latency=300)
    opa.put(DIFFERENT)
    client = shadowing(engine, proxy.url)
    client.decide("data.authz.allow", ADMIN)
    engine.load_policy("authz", DIFFERENT)
    assert compared(client, {"revision": 1})


def test_a_slow_remote_costs_the_caller_nothing_and_drops_are_counted(engine, proxy, metrics):
    proxy.fail("latency", latency=200)
    client = shadowing(engine, proxy.url, shadow_max_waiting=8, metrics=metrics)
    start = time.monotonic()
    for _ in range(200):
        client.decide("data.authz.allow", ADMIN)
    assert time.monotonic() - start < 5, "200 answers of the remote take 40 s"
    status = client.status()["shadow"]
    assert status["dropped"] >= 150 and counted(metrics, "sark_shadow_dropped_total") == status["dropped"]
    assert status["waiting"] <= 8


def test_a_dead_remote_is_counted_as_failed(engine, opa):
    opa.kill()
    client = shadowing(engine, opa.url)
    for _ in range(10):
        assert client.decide("data.authz.allow", ADMIN).allowed
    assert compared(client, {"failed": 10})


def test_the_rate_is_kept(engine, opa):
    client = shadowing(engine, opa.url, shadow_rate=10.0, shadow_max_waiting=100_000)
    for _ in range(2000):
        client.decide("data.authz.allow", ADMIN)
    wait_for(lambda: client.status()["shadow"]["waiting"] == 0)
    # Binomial: 200 of 2,000 expected; five standard deviations are 67.
    assert 133 <= sum(outcomes(client).values()) <= 267


def test_a_closed_client_ends_its_thread(engine, opa):
    def threads():
        """Those of clients, other tests' included."""
        found = set()
        for path in pathlib.Path("/proc/self/task").glob("*/comm"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if path.read_text() == "sark-client\n":
                    found.add(path.parent.name)
        return found

    before = threads()
    client = shadowing(engine, opa.url)
    client.decide("data.authz.allow", ADMIN)
    assert compared(client, {"equal": 1})
    # Threads of other tests may end meanwhile.
    own = threads() - before
    assert own
    client.close()
    wait_for(lambda: not own & threads())
