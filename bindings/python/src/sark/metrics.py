"""Counters and timings, as Prometheus reads them."""

from sark import _calls
from sark._calls import lib
from sark._handle import Closable


class Metrics(Closable):
    """What the engines, caches, flags and clients that were given this object have done. Threads may share it."""

    __slots__ = ()

    def __init__(self) -> None:
        self._handle = _calls.create(lib.sark_metrics_new, "sark_metrics", lib.sark_metrics_free, _calls.NULL)

    def close(self) -> None:
        lib.sark_metrics_close(self._handle)

    def render(self) -> str:
        """Everything, in Prometheus' text format 0.0.4."""
        return (_calls.fetch(lib.sark_metrics_render, self._handle) or b"").decode()
