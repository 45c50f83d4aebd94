"""The alerts: their rules, what makes them fire and what does not, and their pages."""

import subprocess

import yaml
from conftest import ALERTS, HERE, KIT

UNIT_TESTS = HERE / "alerts.test.yml"
PARTS = ["What it means.", "What users see.", "How to check.", "What to do.", "How it ends."]
SEED = {
    "RustErrorRateHigh": "critical",
    "RustPerformanceRegression": "critical",
    "HighFallbackRate": "warning",
    "CacheMemoryHigh": "warning",
}
RUNBOOKS = "https://github.com/sark-policy/sark/blob/main/monitoring/runbooks"


def promtool(*arguments):
    done = subprocess.run(["promtool", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_rules_are_whole():
    assert f"{len(ALERTS)} rules found" in promtool("check", "rules", KIT / "alerts.yml")


def test_alerts_fire_and_do_not_fire_as_they_should():
    assert "SUCCESS" in promtool("test", "rules", UNIT_TESTS)


def test_each_alert_is_tested_both_ways():
    tested = [each for test in yaml.safe_load(UNIT_TESTS.read_text())["tests"] for each in test["alert_rule_test"]]
    for has_fired in (True, False):
        assert {each["alertname"] for each in tested if bool(each.get("exp_alerts")) == has_fired} == set(ALERTS)


def test_the_seeds_alerts_have_their_severity():
    assert {name: ALERTS[name]["labels"]["severity"] for name in SEED} == SEED
    assert {alert["labels"]["severity"] for alert in ALERTS.values()} == {"critical", "warning"}


def test_each_alert_says_what_to_do_and_has_its_page():
    for name, alert in ALERTS.items():
        assert set(alert["annotations"]) == {"summary", "action", "description", "runbook_url"}
        assert alert["annotations"]["runbook_url"] == f"{RUNBOOKS}/{name}.md"
        page = (KIT / "runbooks" / f"{name}.md").read_text()
        assert page.startswith(f"# {name}\n\n{alert['labels']['severity'].capitalize()}. ")
        places = [page.index(f"\n**{part}**") for part in PARTS]
        assert places == sorted(places), name
    assert {page.stem for page in (KIT / "runbooks").iterdir()} == set(ALERTS)


def test_the_readme_lists_each_alert():
    readme = (KIT / "README.md").read_text()
    for name, alert in ALERTS.items():
        assert f"| [{name}](runbooks/{name}.md) | {alert['labels']['severity']} |" in readme
