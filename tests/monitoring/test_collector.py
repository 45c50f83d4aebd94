"""sark's metrics in a registry of prometheus_client."""

import prometheus_client
import pytest
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics_of
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

import sark
import sark.prometheus


@pytest.fixture
def metrics():
    made = sark.Metrics()
    engine = sark.Engine(metrics=made)
    engine.load_policy("p", "package p\n\nx := 1\n\ny := 1\n\ny := 2")
    for _ in range(3):
        engine.evaluate("data.p.x")
    with pytest.raises(sark.EvaluationError):
        engine.evaluate("data.p.y")
    cache = sark.Cache(metrics=made)
    cache.set(b"k", b"v")
    cache.get(b"k")
    cache.get(b"none")
    flags = sark.Flags("memory:", metrics=made)
    flags.set_rollout('a "feature"\\\n', 12.5)
    yield made


def families(parsed):
    """All that a scraper keeps; the spelling of a bound does not matter."""
    return {family.name: (family.documentation, family.type, family.unit, samples(family)) for family in parsed}


def samples(family):
    def plain(labels):
        return {**labels, "le": float(labels["le"])} if "le" in labels else labels

    return sorted((sample.name, sorted(plain(sample.labels).items()), sample.value) for sample in family.samples)


def test_the_registry_shows_what_sark_renders(metrics):
    registry = prometheus_client.CollectorRegistry()
    registry.register(sark.prometheus.Collector(metrics))
    ours = families(parse_text(metrics.render()))
    assert families(parse_text(prometheus_client.generate_latest(registry).decode())) == ours
    assert ours["opa_evaluations"][3][1] == ("opa_evaluations_total", [("implementation", "rust")], 3.0)
    ours = families(parse_openmetrics(metrics.render_openmetrics()))
    assert families(parse_openmetrics(openmetrics_of(registry).decode())) == ours
    assert ours["opa_evaluation_duration_seconds"][1:3] == ("histogram", "seconds")
    assert registry.get_sample_value("feature_flag_rollout_percentage", {"feature": 'a "feature"\\\n'}) == 12.5


def test_both_formats_have_the_same_samples(metrics):
    plain, strict = families(parse_text(metrics.render())), families(parse_openmetrics(metrics.render_openmetrics()))
    assert plain.keys() == strict.keys() and len(plain) > 12
    assert {name: family[3] for name, family in plain.items()} == {name: family[3] for name, family in strict.items()}


def test_a_closed_object_fails_the_scrape(metrics):
    registry = prometheus_client.CollectorRegistry()
    registry.register(sark.prometheus.Collector(metrics))
    metrics.close()
    with pytest.raises(sark.Error):
        prometheus_client.generate_latest(registry)
