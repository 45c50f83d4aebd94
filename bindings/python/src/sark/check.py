"""What an engine would make of a source, for whoever deploys it:

    python -m sark.check SOURCE [--config JSON] [--json]

SOURCE is a path (a bundle, where it is a tar.gz, else a directory as `opa run` reads it) or a URL that `Engine.follow` takes. Lists the
policies that load and what they offer: each document, whether it is deterministic, what of OPA's builtins it needs that sark lacks
(the remote OPA decides it then), and what finding its rules costs. What does not load is named with OPA's error codes.

Ends with 0 where everything loads, with 1 where something does not, and with 2 where it cannot begin or the source cannot be read.
"""

import argparse
import json
import pathlib
import sys
from typing import Any

from sark.engine import Engine
from sark.error import CompilationError, Conflict, Error, InvalidArgument, Unavailable, Unsupported

_PATIENCE = 60.0
"""Seconds for a source to answer."""


def url_of(source: str) -> str:
    """The URL of a path; a URL stays as it is."""
    path = pathlib.Path(source)
    if not path.exists() and ":" in source:
        return source
    return f"bundle:{path}" if path.is_file() and path.suffix in (".gz", ".tgz") else f"dir:{path}"


def check(source: str, config: dict[str, Any] | None = None) -> dict[str, Any]:
    """The report: {"loads", "revision", "policies", "documents", "outside_calls", "error"}.

    Raises InvalidArgument and Unsupported for what is no source, and Unavailable for one that cannot be read.
    """
    with Engine() as engine:
        followed = engine.follow(url_of(source), logger=False, **(config or {}))
        report: dict[str, Any] = {"loads": True, "policies": [], "documents": [], "outside_calls": [], "error": None}
        try:
            followed.wait(0 if followed.status()["error"] else _PATIENCE)
        except Unavailable:
            raise
        except Error:
            status = followed.status()
            return report | {"loads": False, "revision": status["revision"], "error": status["error"]}
        status = followed.status()
        return report | engine.inspect() | {"revision": status["revision"], "outside_calls": status["outside_calls"]}


def _cost(index: dict[str, Any] | None) -> str:
    """What finding the rules of a document costs."""
    if index is None:
        return ""
    rules, always = index["rules"], index["always"]
    if rules < 2:
        return ""
    if always == rules:
        return f"{rules} rules, all looked at"
    by = ", ".join(index["by"])
    return f"{rules} rules, {always} looked at always; the others by {by}{' (hashed)' if index['hashed'] else ''}"


def _document(document: dict[str, Any]) -> str:
    notes = [_cost(document.get("index"))]
    if document.get("function"):
        notes.insert(0, "function")
    if document.get("nondeterministic"):
        notes.append(f"not deterministic, never cached: {', '.join(document['nondeterministic'])}")
    if document.get("network"):
        notes.append(f"REACHES OUTSIDE: {', '.join(document['network'])}")
    said = "; ".join(note for note in notes if note)
    return f"  {document['path']}" + (f"    {said}" if said else "")


def _problem(error: dict[str, Any]) -> list[str]:
    found = error.get("errors") or []
    if not found:
        return [f"  {error.get('code') or error['status']}: {error['message']}"]
    lines = []
    for finding in found:
        place = finding.get("location")
        where = f"{place['file']}:{place['row']}:{place['col']}: " if place else ""
        lines.append(f"  {where}{finding['code']}: {finding['message']}")
    return lines


def _number(things: list[Any], one: str, several: str) -> str:
    return f"{len(things):,} {one if len(things) == 1 else several}"


def show(report: dict[str, Any]) -> str:
    """The report for a person."""
    if not report["loads"]:
        return "\n".join(["Does not load; nothing of it would be in force:", *_problem(report["error"])])
    policies, documents = report["policies"], report["documents"]
    revision = f", revision {report['revision']}" if report["revision"] else ""
    lines = [f"{_number(policies, 'policy loads', 'policies load')}{revision}."]
    lines += [f"  {policy['name']}    package {policy['package']}, Rego {policy['rego_version']}" for policy in policies]
    lines += [f"{_number(documents, 'document', 'documents')}:", *map(_document, documents)]
    if report["outside_calls"]:
        lines.append("Calls that reach outside; without allow_net a client has the remote OPA decide what comes to one:")
        lines += [f"  {call['policy']}:{call['row']}:{call['col']}: {call['builtin']}" for call in report["outside_calls"]]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="python -m sark.check", description="What an engine would make of a source of policies.")
    parser.add_argument("source", help="a path, or a URL that Engine.follow takes")
    parser.add_argument("--config", type=json.loads, default={}, help="settings of the source, a JSON object (docs/sources.md)")
    parser.add_argument("--json", action="store_true", help="the whole report as JSON")
    given = parser.parse_args(arguments)
    try:
        report = check(given.source, given.config)
    except (InvalidArgument, Unsupported, Unavailable, Conflict, TypeError) as problem:
        print(f"sark.check: {problem}", file=sys.stderr)
        return 2
    except CompilationError as problem:
        print(f"sark.check: {problem}", file=sys.stderr)
        return 1
    print(json.dumps(report) if given.json else show(report))
    return 0 if report["loads"] else 1


if __name__ == "__main__":
    sys.exit(main())
