"""The guard: a dial that goes back by itself."""

import pytest

import sark
from conftest import DIFFERENT, POLICY, counted, heard, wait_for

FEATURE = "rust_opa"
ADMIN = {"role": "admin"}


@pytest.fixture
def flags(metrics):
    made = sark.Flags(metrics=metrics)
    made.set_rollout(FEATURE, 100)
    return made


def guarded(engine, url, flags, **options):
    return sark.Client(engine, flags=flags, opa_url=url, guard_window=10.0, logger=False, **options)


def test_a_rule_that_differs_is_found_by_shadow_and_rolled_back_once(engine, opa, flags, metrics):
    opa.put(DIFFERENT)
    client = guarded(engine, opa.url, flags, shadow_rate=100.0, guard_differing=3, metrics=metrics)
    for _ in range(50):
        client.decide("data.authz.allow", ADMIN, user="u")
    wait_for(lambda: flags.rollout(FEATURE) == 0)
    (change, _first) = flags.history(FEATURE)
    assert change["who"] == "sark guard" and "differed from the remote's" in change["why"] and change["from"] == 100
    told = heard(client, "guard_rolled_back")
    assert told["level"] == "error" and told["fields"]["feature"] == FEATURE
    decision = client.decide("data.authz.allow", ADMIN, user="u")
    assert (decision.implementation, decision.allowed) == ("http", False)
    assert counted(metrics, f'feature_flag_rollout_percentage{{feature="{FEATURE}"}}') == 0
    wait_for(lambda: client.status()["shadow"]["waiting"] == 0)
    flags.set_rollout(FEATURE, 100)
    assert client.status()["guard"]["rollbacks"] == 1


def test_failing_decisions_roll_back(opa, flags):
    engine = sark.Engine()
    engine.load_policy("authz", "package authz\n\nallow := true\n\nallow := false")
    client = guarded(engine, opa.url, flags, guard_error_rate=5.0, guard_min_decisions=20)
    for _ in range(40):
        decision = client.decide("data.authz.allow", ADMIN, user="u")
        assert (decision.allowed, decision.implementation) == (True, "http"), "the remote decides all along"
    wait_for(lambda: flags.rollout(FEATURE) == 0)
    assert "local decisions failed within 10 s" in flags.history(FEATURE)[0]["why"]


def test_slow_decisions_roll_back(opa, flags):
    engine = sark.Engine()
    # It asks for the input: what follows from data alone is slow once.
    engine.load_policy("authz", POLICY + "\nslow := count([x | some x in numbers.range(1, 20000)]) if input\n")
    client = guarded(engine, opa.url, flags, guard_p95=0.0005, guard_min_decisions=20)
    for _ in range(25):
        client.decide("data.authz.slow", ADMIN, user="u")
    wait_for(lambda: flags.rollout(FEATURE) == 0)
    assert "95th percentile" in flags.history(FEATURE)[0]["why"]


def test_never_onto_an_open_breaker(opa, flags):
    engine = sark.Engine()
    engine.load_policy("authz", "package authz\n\nallow := true\n\nallow := false")
    opa.kill()
    client = guarded(engine, opa.url, flags, guard_error_rate=5.0, guard_min_decisions=20)
    for _ in range(40):
        with pytest.raises(sark.EvaluationError):
            client.decide("data.authz.allow", ADMIN, user="u")
    assert client.status()["breaker"]["state"] != "closed"
    assert heard(client, "guard_withheld")["level"] == "error"
    assert flags.rollout(FEATURE) == 100 and client.status()["guard"]["withheld"]


def test_what_goes_well_stays(engine, opa, flags):
    client = guarded(engine, opa.url, flags, shadow_rate=100.0, guard_differing=1, guard_error_rate=1.0, guard_p95=1.0)
    for _ in range(200):
        assert client.decide("data.authz.allow", ADMIN, user="u").implementation == "rust"
    wait_for(lambda: client.status()["shadow"]["waiting"] == 0)
    guard = client.status()["guard"]
    assert flags.rollout(FEATURE) == 100 and guard["decisions"] == 200 and guard["errors"] == guard["differing"] == 0
    assert 0 < guard["p95_seconds"] < 1
