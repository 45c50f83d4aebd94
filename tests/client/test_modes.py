"""Who decides: the dial, the local engine alone, the remote alone, or the remote first."""

import pytest

import sark
from conftest import POLICY, counted, free_port, heard, wait_for

ADMIN = {"role": "admin"}


def test_local_only_never_asks_the_remote(engine, opa):
    opa.kill()
    client = sark.Client(engine, opa_url=opa.url, mode="local")
    decision = client.decide("data.authz.allow", ADMIN)
    assert (decision.allowed, decision.implementation, decision.fallback) == (True, "rust", "")
    with pytest.raises(sark.SerializationError):
        client.decide_json("data.authz.allow", b"{")


def test_remote_only_never_asks_the_engine(opa):
    client = sark.Client(sark.Engine(), opa_url=opa.url, mode="remote")
    decision = client.decide("data.authz.allow", ADMIN)
    assert (decision.allowed, decision.implementation, decision.fallback) == (True, "http", "")
    assert decision.phases.remote > 0 and decision.phases.evaluate == 0
    opa.kill()
    with pytest.raises(sark.Unavailable):
        client.decide("data.authz.allow", ADMIN)


def test_remote_first_goes_on_without_the_remote(engine, opa, metrics):
    client = sark.Client(engine, opa_url=opa.url, mode="remote_first", metrics=metrics)
    assert client.decide("data.authz.allow", ADMIN).implementation == "http"
    opa.kill()
    for _ in range(20):
        decision = client.decide("data.authz.allow", ADMIN)
        assert (decision.allowed, decision.implementation, decision.fallback) == (True, "rust", "unavailable")
    assert client.decide("data.authz.allow", {"role": "guest"}).allowed is False
    assert client.status()["breaker"]["state"] == "open"
    assert counted(metrics, "sark_remote_fallback_total") == 21


def test_remote_first_takes_an_error_of_opa_for_an_answer(opa):
    engine = sark.Engine()
    engine.load_policy("p", "package p\n\nx := 1")
    opa.put("package p\n\nx := input.n\n\nx := input.m", "p")
    client = sark.Client(engine, opa_url=opa.url, mode="remote_first")
    with pytest.raises(sark.EvaluationError, match="conflict"):
        client.decide("data.p.x", {"n": 1, "m": 2})


def test_remote_first_stays_within_the_deadline(engine, proxy):
    proxy.fail("latency", latency=5000)
    client = sark.Client(engine, opa_url=proxy.url, mode="remote_first")
    decision = client.decide("data.authz.allow", ADMIN, timeout=0.4)
    assert (decision.allowed, decision.implementation, decision.fallback) == (True, "rust", "unavailable")
    assert decision.duration < 2


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"mode": "remote"}, "opa_url"),
        ({"mode": "remote_first"}, "opa_url"),
        ({"mode": "local", "opa_url": "http://127.0.0.1:1", "flags": True}, "flags"),
        ({"mode": "sometimes"}, "mode"),
        ({"shadow_rate": 1.0}, "shadow_rate"),
        ({"shadow_rate": 100.01, "opa_url": "http://127.0.0.1:1"}, "shadow_rate"),
        ({"shadow_rate": 0.001, "opa_url": "http://127.0.0.1:1"}, "shadow_rate"),
        ({"guard_window": 1.0, "opa_url": "http://127.0.0.1:1"}, "guard"),
        ({"guard_error_rate": 1.0, "opa_url": "http://127.0.0.1:1"}, "guard"),
        ({"guard_window": 1.0, "guard_error_rate": 1.0, "opa_url": "http://127.0.0.1:1"}, "flags"),
        ({"guard_window": 1.0, "guard_differing": 1, "opa_url": "http://127.0.0.1:1", "flags": True}, "shadow"),
    ],
)
def test_what_would_do_nothing_is_refused(engine, options, problem):
    if "flags" in options:
        options = options | {"flags": sark.Flags()}
    with pytest.raises(sark.InvalidArgument, match=problem):
        sark.Client(engine, **options)


def test_decisions_have_ids_and_phases(engine):
    client = sark.Client(engine, cache=sark.Cache())
    decisions = [client.decide("data.authz.half", {"n": n}) for n in (1, 2, 2)]
    assert len({decision.id for decision in decisions}) == 3
    assert [decision.cached for decision in decisions] == [False, False, True]
    assert decisions[0].phases.read > 0 and decisions[0].phases.evaluate > 0
    assert decisions[2].phases.read == decisions[2].phases.evaluate == 0


def test_a_fallback_is_told_without_the_input(opa, metrics):
    engine = sark.Engine()
    engine.load_policy("authz", POLICY + '\nconflict := 1\n\nconflict := 2 if input.secret == "hunter2"\n')
    opa.put(POLICY + "\nconflict := 3\n")
    client = sark.Client(engine, opa_url=opa.url, metrics=metrics, logger=False)
    decision = client.decide("data.authz.conflict", {"secret": "hunter2"})
    assert (decision.result, decision.implementation, decision.fallback) == (3, "http", "evaluation")
    told = heard(client, "fallback")
    assert told["level"] == "warning"
    assert told["fields"] == {
        "policy": "data.authz.conflict", "fallback": "evaluation", "code": "eval_conflict_error", "decision_id": decision.id,
    }
    assert "hunter2" not in str(told)
    assert counted(metrics, "opa_rust_fallback_total") == 1


def test_the_callers_logger_gets_fallbacks(opa, caplog):
    engine = sark.Engine()
    engine.load_policy("p", "package p\n\nx := 1\n\nx := input.n")
    client = sark.Client(engine, opa_url=opa.url)
    with caplog.at_level("WARNING", logger="sark"):
        assert client.decide("data.p.x", {"n": 2}).fallback == "evaluation"
        record = wait_for(lambda: next((record for record in caplog.records if record.name == "sark"), None))
    assert record.sark_event == "fallback" and record.sark_fields["policy"] == "data.p.x"


def test_a_name_that_nobody_knows_is_the_callers(engine):
    client = sark.Client(engine, opa_url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(sark.PolicyNotFound):
        client.decide("nobody", ADMIN)
