"""sark's metrics in the registry of `prometheus_client`, beside those of the application.

    import prometheus_client, sark, sark.prometheus

    metrics = sark.Metrics()
    prometheus_client.REGISTRY.register(sark.prometheus.Collector(metrics))

Workers that fork share a directory instead of prometheus_client's multiprocess mode: `sark.Metrics("/run/gateway/metrics")`. What this
collector gives is of all of them already, so register it with the registry of each scrape, beside `MultiProcessCollector`.
"""

from collections.abc import Iterator
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector as _Collector
from prometheus_client.utils import floatToGoString

from sark.metrics import Metrics

_KINDS = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily}


class Collector(_Collector):
    """What a `Metrics` has, at each scrape. Threads may share it."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        return map(_family, self._metrics.gather())


def _family(family: dict[str, Any]) -> Metric:
    head: dict[str, Any] = {
        "name": family["name"], "documentation": family["help"], "labels": family["labels"] or (), "unit": family["unit"] or "",
    }  # fmt: skip
    if family["type"] == "histogram":
        histogram = HistogramMetricFamily(**head)
        for sample in family["samples"]:
            buckets = [(floatToGoString(bound), count) for bound, count in sample["buckets"]]
            histogram.add_metric(sample["labels"], [*buckets, ("+Inf", sample["count"])], sample["sum"])
        return histogram
    made = _KINDS[family["type"]](**head)
    for sample in family["samples"]:
        made.add_metric(sample["labels"], sample["value"])
    return made
