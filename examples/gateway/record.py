#!/usr/bin/env python3
"""Write down what OPA itself decided about the gateway's requests, compactly and in text.

Usage: record.py WORK_DIR OPA_DECISIONS RECORD

WORK_DIR has the data and the requests (generate.py), OPA_DECISIONS OPA's answer to each of them, a line each. The record holds
each distinct decision once, with its number of requests; then the requests' decisions in order, two digits in base 36 each.
"""

import hashlib
import pathlib
import sys

POLICIES = pathlib.Path(__file__).resolve().parent / "policies"
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
A_LINE = 60


def question(work):
    """A digest of all that the decisions depend on."""
    digest = hashlib.sha256()
    for file in [*sorted(POLICIES.glob("*.rego")), work / "data.json", work / "requests.jsonl"]:
        digest.update(f"{file.name} {file.stat().st_size}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def write(record, work, decisions):
    distinct = {}
    for decision in decisions:
        distinct[decision] = distinct.get(decision, 0) + 1
    if len(distinct) > len(DIGITS) ** 2:
        sys.exit(f"record.py: {len(distinct)} distinct decisions are more than two digits can number")
    numbers = {decision: DIGITS[number // len(DIGITS)] + DIGITS[number % len(DIGITS)] for number, decision in enumerate(distinct)}
    lines = ["OPA's decisions about the gateway's requests; written by `make record-opa`", f"question {question(work)}"]
    lines += [f"{numbers[decision]} {count} {decision}" for decision, count in distinct.items()]
    lines.append("")
    for start in range(0, len(decisions), A_LINE):
        lines.append("".join(numbers[decision] for decision in decisions[start : start + A_LINE]))
    record.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def read(record):
    """The digest of the question, and the decisions."""
    head, _, body = record.read_text(encoding="utf-8").partition("\n\n")
    _, asked, *rows = head.splitlines()
    decisions = {number: decision for number, _, decision in (row.split(" ", 2) for row in rows)}
    numbers = body.replace("\n", "")
    return asked.removeprefix("question "), [decisions[numbers[at : at + 2]] for at in range(0, len(numbers), 2)]


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    work, decisions, record = map(pathlib.Path, sys.argv[1:])
    write(record, work, decisions.read_text(encoding="utf-8").splitlines())
    _, again = read(record)
    print(f"{len(again)} decisions of OPA in {record}")


if __name__ == "__main__":
    main()
