"""The dashboard: Grafana's own schema, and PromQL that asks for what the library exports."""

import itertools
import json
import re
import subprocess

import pytest
import yaml
from conftest import ALERTS, DASHBOARD, KIT, OUT, PANELS, expressions
from promql import groupings, selectors
from test_alerts import promtool

OF_PROMETHEUS = {"job", "instance"}
"""Labels that a scrape adds."""

ALL = [*expressions(), *((name, alert["expr"]) for name, alert in ALERTS.items())]


def test_it_is_as_grafanas_schema_has_it():
    done = subprocess.run([OUT / "monitoring-schema", KIT / "grafana" / "sark.json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_panels_have_names_of_their_own_and_no_two_lie_on_one_place():
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    squares = [
        (x, y)
        for at in (panel["gridPos"] for panel in panels)
        for x, y in itertools.product(range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"]))
    ]
    assert len(set(squares)) == len(squares) and max(x for x, _ in squares) < 24


def test_everything_asks_the_data_source_that_is_chosen():
    kind, *others = DASHBOARD["templating"]["list"]
    assert (kind["type"], kind["query"]) == ("datasource", "prometheus")
    asked = [each["datasource"] for each in [*others, *PANELS, *(target for panel in PANELS for target in panel["targets"])]]
    assert {json.dumps(each) for each in asked} == {json.dumps({"type": "prometheus", "uid": "${datasource}"})}


def test_all_of_it_is_promql(tmp_path):
    rules = [{"record": f"panel:{at}", "expr": expression} for at, (_, expression) in enumerate(expressions())]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", tmp_path / "rules.yml")


@pytest.mark.parametrize(("name", "expression"), ALL, ids=[name for name, _ in ALL])
def test_metrics_labels_and_values_are_exported(name, expression, app):
    exported = app.metrics()
    assert selectors(expression), name
    labels = set(OF_PROMETHEUS)
    for metric, matchers in selectors(expression):
        assert metric in exported, name
        labels |= {label for sample in exported[metric] for label in sample}
        for label, operator, value in matchers:
            if label not in OF_PROMETHEUS:
                assert operator in ("=", "=~"), name
                there = {sample.get(label) for sample in exported[metric]}
                assert set(value.split("|")) <= there, f"{metric} has no {label} {value}"
    assert groupings(expression) <= labels, name


def test_variables_ask_for_metrics_that_are_exported(app):
    for variable in DASHBOARD["templating"]["list"][1:]:
        metric = re.match(r"label_values\((\w+)", variable["query"]["query"])[1]
        assert metric in app.metrics()


def test_each_exported_metric_has_a_panel_and_a_line_in_the_readme(app):
    shown = {metric for _, expression in expressions() for metric, _ in selectors(expression)}
    exported = set(app.metrics())
    histograms = {name.removesuffix("_bucket") for name in exported if name.endswith("_bucket")}
    parts = {f"{name}_{part}" for name in histograms for part in ("bucket", "count", "sum")}
    missing = (exported - parts - shown) | {name for name in histograms if f"{name}_bucket" not in shown}
    assert not missing, "give it a panel in monitoring/grafana/sark.json"
    readme = (KIT / "README.md").read_text()
    assert not [name for name in (exported - parts) | histograms if f"`{name}`" not in readme]
