"""Decide a log of decisions again, and say where the answers part:

    python -m sark.replay LOG --policies PATH

LOG has events of OPA's decision log, sark's or OPA's own: a file of JSON lines, gzipped or not ("-" is the standard input). PATH holds
the policies (`*.rego`) and data (`data.json`, in the directory that is its path) to decide by. Nothing is asked over a network.

Ends with 0 where every comparable decision is the same, with 1 where one differs, and with 2 where it cannot begin or the log cannot be read.
"""

import argparse
import gzip
import json
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

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


def load(engine: Engine, path: Path) -> None:
    """Load the policies and data below a path."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    policies = {str(file): file.read_text() for file in files if file.suffix == ".rego" and not file.stem.endswith("_test")}
    if not policies:
        raise ValueError(f"{path}: no policies (*.rego) there")
    engine.load_policies(policies)
    for file in files:
        if file.name == "data.json":
            keys = file.parent.relative_to(path).parts if path.is_dir() else ()
            document = json.loads(file.read_bytes())
            if not keys and not isinstance(document, dict):
                raise ValueError(f"{file}: an object wanted")
            for key, value in document.items() if not keys else [(None, document)]:
                engine.patch_data("/" + "/".join([*keys, *([key] if key is not None else [])]), value)


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
    parser.add_argument("--policies", type=Path, required=True, help="a directory of *.rego and data.json files, or one policy")
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
