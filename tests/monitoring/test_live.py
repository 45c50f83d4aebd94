"""A real Prometheus scrapes a real process: the panels have something to show, and alerts fire. These tests go in their order."""

import pytest
from conftest import ALERTS, expressions, wait_for

# Speed is nothing that a test asserts.
BUT_SPEED = set(ALERTS) - {"RustPerformanceRegression"}


def test_the_target_is_up(prometheus):
    wait_for(lambda: [sample["value"][1] for sample in prometheus.query("up")] == ["1"])
    (target,) = prometheus.ask("targets", state="active")["activeTargets"]
    assert (target["labels"]["job"], target["lastError"]) == ("gateway", "")


def test_each_panel_has_something_to_show(prometheus):
    def has_numbers(expression):
        return any(sample["value"][1] != "NaN" for sample in prometheus.query(expression))

    for name, expression in expressions():
        assert wait_for(lambda expression=expression: has_numbers(expression)), name


def test_it_counts_both_sides_and_equal_answers(prometheus):
    def counting(metric):
        return wait_for(lambda: prometheus.query(f"sum(rate({metric}[10s])) > 0"))

    for metric in (
        'opa_evaluations_total{implementation="rust"}', 'opa_evaluations_total{implementation="http"}',
        'sark_shadow_comparisons_total{outcome="equal"}', 'cache_operations_total{operation="get"}',
        'feature_flag_assignments_total{implementation="http"}', "sark_flag_users_missing_total",
    ):  # fmt: skip
        assert counting(metric)


@pytest.mark.parametrize("name", ALERTS)
def test_what_an_alert_compares_is_there(name, prometheus):
    compared, sign, _ = ALERTS[name]["expr"].rpartition(">")
    assert sign and wait_for(lambda: prometheus.query(compared))


def test_a_process_that_is_well_raises_no_alert(prometheus):
    states = wait_for(lambda: len(found := prometheus.alerts()) == len(ALERTS) and found)
    assert {name: states[name] for name in BUT_SPEED} == dict.fromkeys(BUT_SPEED, "inactive")


def test_errors_fallbacks_and_differing_answers_raise_theirs(prometheus, app):
    app.fail()
    wanted = {"RustErrorRateHigh", "HighFallbackRate", "ShadowAnswersDiffer"}
    wait_for(lambda: {name for name in wanted if prometheus.alerts().get(name) == "firing"} == wanted)
    assert prometheus.alerts()["RemoteBreakerOpen"] == "inactive"


def test_a_dead_remote_raises_the_breakers(prometheus, opa):
    opa.kill()
    wait_for(lambda: prometheus.alerts()["RemoteBreakerOpen"] == "firing")
    (alert,) = [each for each in prometheus.ask("alerts")["alerts"] if each["labels"]["alertname"] == "RemoteBreakerOpen"]
    assert alert["labels"]["remote"] in alert["annotations"]["description"]
    assert (alert["labels"]["job"], alert["labels"]["severity"]) == ("gateway", "critical")
