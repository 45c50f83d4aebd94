"""Decide a log of decisions again, and say where the answers part:

    python -m sark.replay LOG --policies SOURCE

LOG has events of OPA's decision log, sark's or OPA's own: a file of JSON lines, gzipped or not ("-" is the standard input). SOURCE has
the policies and data to decide by: a directory as `opa run` reads it, a bundle (tar.gz), or a URL that `Engine.follow` takes.

Ends with 0 where every comparable decision is the same, with 1 where one differs, and with 2 where it cannot begin or the log cannot be read.
"""

import argparse
import gzip
import json
import sys
import time
from collections.abc import Iterable, Iterator
from typing import IO, Any

from sark.check import url_of
from sark.client import Client
from sark.engine import Engine
from sark.error import Error

_BATCH_BYTES = 1 << 20
_SKIPPED = ("erased", "nondeterministic", "failed", "unreadable")


class Report:
    """What came of a replay, in all its parts."""

    def __init__(self) -> None:
        self.events = self.equal = self.differing = 0
        self.skipped = dict.fromkeys(_SKIPPED, 0)
        self.differences: list[dict[str, Any]] = []

    def add(self, part: dict[str, Any]) -> None:
        self.events += part["events"]
        self.equal += part["equal"]
        self.differing += part["differing"]
        for reason in _SKIPPED:
            self.skipped[reason] += part["skipped"][reason]
        self.differences += part["differences"][: max(0, 100 - len(self.differences))]

    def __str__(self) -> str:
        skipped = ", ".join(f"{number:,} {reason}" for reason, number in self.skipped.items() if number)
        return f"{self.events:,} decisions: {self.equal:,} equal, {self.differing:,} differ" + (f" (skipped: {skipped})" if skipped else "")


def replay(client: Client, lines: Iterable[bytes]) -> Iterator[Report]:
    """Replay lines in parts; the report so far after each part."""
    report, batch, size = Report(), [], 0
    for line in lines:
        batch.append(line)
        size += len(line)
        if size >= _BATCH_BYTES:
            report.add(client.replay(b"\n".join(batch)))
            batch, size = [], 0
            yield report
    report.add(client.replay(b"\n".join(batch)))
    yield report


def load(engine: Engine, source: str) -> None:
    """Load the policies and data of a source, as they are now."""
    engine.follow(url_of(source), logger=False).wait()
    if not engine.policy_names():
        raise ValueError(f"{source}: no policies (*.rego) there")


def _open(log: str) -> IO[bytes]:
    if log == "-":
        return sys.stdin.buffer
    file = open(log, "rb")  # noqa: SIM115 - it is read to its end, and the process ends then
    is_gzip = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return gzip.open(file) if is_gzip else file  # type: ignore[return-value]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sark.replay", description="Decide a log of decisions again, and say where the answers part.")
    parser.add_argument("log", help='a file of JSON lines in the format of OPA\'s decision log, gzipped or not; "-" for the standard input')
    parser.add_argument("--policies", required=True, help="a directory, a bundle, or a URL that Engine.follow takes")
    given = parser.parse_args(arguments)
    try:
        engine = Engine()
        load(engine, given.policies)
        lines = _open(given.log)
    except (OSError, ValueError, Error) as problem:
        print(problem, file=sys.stderr)
        return 2
    try:
        return _show(replay(Client(engine), lines))
    except (OSError, EOFError) as problem:
        # A gzip that was cut or is none inside.
        print(f"{given.log}: {problem}", file=sys.stderr)
        return 2


def _show(reports: Iterator[Report]) -> int:
    start, is_terminal = time.monotonic(), sys.stderr.isatty()
    shown, last, report = 0, start, Report()
    for report in reports:
        for difference in report.differences[shown:]:
            print(json.dumps(difference, ensure_ascii=False))
        shown = len(report.differences)
        if time.monotonic() - last >= 1:
            last = time.monotonic()
            rate = report.events / (last - start)
            print(f"{report} … {rate:,.0f}/s", end="\r" if is_terminal else "\n", file=sys.stderr, flush=True)
    print(report)
    return 1 if report.differing else 0


if __name__ == "__main__":
    raise SystemExit(main())
