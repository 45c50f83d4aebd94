#!/usr/bin/env python3
"""Have several languages decide the same 10,000 requests with sark, and show that they and OPA agree.

Usage: demo.py --work DIR --opa RECORD --aci DIR --opa-aci FILE LANGUAGE=COMMAND...

  --work DIR        where the generated data, the requests and the decisions are written
  --opa RECORD      what OPA decided about the requests (record.py)
  --aci DIR         Azure's confidential container policy: api.rego, framework.rego, policy.rego, data.json, input.json
  --opa-aci FILE    OPA's own answer to data.framework.mount_overlay for it, as JSON
  LANGUAGE=COMMAND  a demo program, such as python='target/venv/bin/python examples/gateway/demo_python.py'

Each command is run as COMMAND POLICY_DIR DATA_JSON REQUESTS_JSONL ACI_DIR OUT_FILE. It writes one line a request to OUT_FILE
(the decision's JSON, "undefined", or "error STATUS"), and one JSON object to its standard output.
"""

import argparse
import json
import pathlib
import shlex
import subprocess
import sys
import time

import record

HERE = pathlib.Path(__file__).resolve().parent
POLICIES = HERE / "policies"
TIMEOUT_SECONDS = 300


def say(text):
    print(text, flush=True)


def fail(text):
    sys.stdout.flush()
    sys.exit(f"demo: {text}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--opa", required=True, type=pathlib.Path)
    parser.add_argument("--aci", required=True, type=pathlib.Path)
    parser.add_argument("--opa-aci", required=True, type=pathlib.Path)
    parser.add_argument("commands", nargs="+", metavar="LANGUAGE=COMMAND")
    arguments = parser.parse_args()
    arguments.commands = [command.partition("=")[::2] for command in arguments.commands]
    return arguments


def generate(work):
    subprocess.run([sys.executable, str(HERE / "generate.py"), str(work)], check=True)
    data = json.loads((work / "data.json").read_text(encoding="utf-8"))
    requests = (work / "requests.jsonl").read_text(encoding="utf-8").splitlines()
    say(f"generated {len(data['users'])} users, {len(data['tools'])} tools, {len(requests)} requests")
    return requests


def run(language, command, arguments):
    """Run one language's program; its summary and its decisions."""
    output = arguments.work / f"decisions.{language}.txt"
    output.unlink(missing_ok=True)
    files = [POLICIES, arguments.work / "data.json", arguments.work / "requests.jsonl", arguments.aci, output]
    started = time.monotonic()
    try:
        done = subprocess.run(shlex.split(command) + [str(file) for file in files], stdout=subprocess.PIPE, timeout=TIMEOUT_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        fail(f"{language}: {error}")
    if done.returncode != 0:
        fail(f"{language}: its program ended with status {done.returncode}")
    summary = json.loads(done.stdout)
    decisions = output.read_text(encoding="utf-8").splitlines()
    say(f"decided {summary['decisions']} requests ({time.monotonic() - started:.1f} s in all)")
    return summary, decisions


def outcome(decision):
    """The column of the table in which a line of decisions counts."""
    if decision == "undefined":
        return "undefined"
    if decision.startswith("error "):
        return "errors"
    return "allowed" if json.loads(decision)["allow"] is True else "denied"


def check_counts(language, summary, decisions, requests):
    """The program's own counts are those of its decisions, one for each request, and none is an error."""
    counts = {"decisions": len(decisions), "allowed": 0, "denied": 0, "undefined": 0, "errors": 0}
    for decision in decisions:
        counts[outcome(decision)] += 1
    if len(decisions) != len(requests):
        fail(f"{language}: {len(decisions)} decisions for {len(requests)} requests")
    for name, count in counts.items():
        if summary[name] != count:
            fail(f"{language}: counted {summary[name]} {name}, but wrote {count}")
    if counts["errors"]:
        first = next(number for number, decision in enumerate(decisions) if outcome(decision) == "errors")
        fail(f"{language}: request {first + 1}: {decisions[first]}\n  {requests[first]}")


def opa_decisions(arguments):
    """What OPA decided about these very requests, with these policies and data."""
    asked, decisions = record.read(arguments.opa)
    if asked != record.question(arguments.work):
        fail(f"{arguments.opa.name} is about other requests, data or policies; record OPA's decisions again: make record-opa")
    return decisions


def check_agreement(answers, requests):
    """Fail with the first request on which the languages or OPA differ, and what each of them said."""
    for number, request in enumerate(requests):
        said = {language: decisions[number] for language, decisions in answers.items()}
        if len(set(said.values())) > 1:
            lines = "\n".join(f"  {language:8} {decision}" for language, decision in said.items())
            fail(f"request {number + 1} is not decided alike:\n  {request}\n{lines}")


def print_table(summaries):
    say("")
    say(f"{'language':<10}{'decisions':>10}{'allowed':>10}{'denied':>10}{'undefined':>11}{'errors':>8}{'decisions/s':>14}")
    for language, summary in summaries.items():
        rate = round(summary["decisions"] / summary["seconds"])
        counts = "".join(f"{summary[name]:>{width}}" for name, width in
                         [("decisions", 10), ("allowed", 10), ("denied", 10), ("undefined", 11), ("errors", 8)])
        say(f"{language:<10}{counts}{rate:>14,}")
    say("")


def check_aci(summaries, path):
    """Azure's policy: every language's answer is OPA's."""
    expected = json.loads(path.read_text(encoding="utf-8"))
    shown = json.dumps(expected, sort_keys=True)
    say("Azure's confidential container policy, data.framework.mount_overlay; OPA answers")
    say(f"  {shown[:100]}{'…' if len(shown) > 100 else ''}")
    for language, summary in summaries.items():
        if "aci" not in summary or summary["aci"] != expected:
            answered = json.dumps(summary["aci"], sort_keys=True) if "aci" in summary else "undefined"
            fail(f"{language}: answers otherwise than OPA:\n  {language}: {answered}\n  OPA: {shown}")
        say(f"  {language:8} the same")


def main():
    arguments = parse_arguments()
    requests = generate(arguments.work)
    summaries, answers = {}, {}
    for number, (language, command) in enumerate(arguments.commands, 1):
        print(f"[{number}/{len(arguments.commands)}] {language:8} ", end="", flush=True)
        summaries[language], answers[language] = run(language, command, arguments)
        check_counts(language, summaries[language], answers[language], requests)
    print_table(summaries)
    check_aci(summaries, arguments.opa_aci)
    check_agreement(answers | {"OPA": opa_decisions(arguments)}, requests)
    say(f"{len(answers)} languages and OPA agree on {len(requests)} decisions")


if __name__ == "__main__":
    main()
