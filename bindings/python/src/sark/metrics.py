"""Counters and timings, as Prometheus reads them."""

import json
import os
from typing import Any

from sark import _calls
from sark._calls import lib
from sark._handle import Closable

TEXT = "text/plain; version=0.0.4; charset=utf-8"
"""The media type of `Metrics.render()`."""

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
"""The media type of `Metrics.render_openmetrics()`."""


class Metrics(Closable):
    """What the engines, caches, flags and clients that were given this object have done. Threads may share it.

    With a `directory`, processes share it, too: what each counts is in a file of its own there, and what any of them renders is of
    all, those that ended included. For workers that fork (gunicorn, uvicorn, multiprocessing) it may be made before the fork. The
    directory is made where there is none, belongs to one service on one machine, and takes 64 KiB for each process; `Unavailable`
    where it cannot be used.
    """

    __slots__ = ()

    def __init__(self, directory: str | os.PathLike[str] | None = None) -> None:
        made = ("sark_metrics", lib.sark_metrics_free)
        if directory is None:
            self._handle = _calls.create(lib.sark_metrics_new, *made, _calls.NULL)
        else:
            path = os.fspath(directory).encode()
            self._handle = _calls.create(lib.sark_metrics_new_shared, *made, path, len(path), _calls.NULL)

    def close(self) -> None:
        lib.sark_metrics_close(self._handle)

    def render(self) -> str:
        """Everything, in Prometheus' text format 0.0.4."""
        return (_calls.fetch(lib.sark_metrics_render, self._handle) or b"").decode()

    def render_openmetrics(self) -> str:
        """Everything, in OpenMetrics 1.0.0."""
        return (_calls.fetch(lib.sark_metrics_render_as, self._handle, lib.SARK_METRICS_OPENMETRICS) or b"").decode()

    def gather(self) -> list[dict[str, Any]]:
        """The families and their samples, for collectors: see `sark_metrics_gather` in sark.h for the members."""
        families: list[dict[str, Any]] = json.loads(_calls.fetch(lib.sark_metrics_gather, self._handle) or b"[]")
        return families
