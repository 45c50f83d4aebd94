"""`make bench-client`: one decision in each language, beside the same question to an OPA on this machine over kept-alive HTTP.

Each program measures one round a run; the runs are interleaved, so that a noisy moment hits all. Medians of the rounds are printed.

Usage: run.py OPA NAME=COMMAND...    with the names C, Go, Python, Node; a command is given the policy, the input and OPA's port
"""

import http.client
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
POLICY, INPUT = HERE / "policy.rego", HERE / "input.json"
ROUNDS = int(os.environ.get("ROUNDS", "5"))
WANTED = {"C": 100, "Go": 100, "Python": 50, "Node": 50}


def start(opa):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [opa, "run", "--server", "--addr", f"127.0.0.1:{port}", "--log-level", "error", POLICY]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return process, port
        except OSError:
            time.sleep(0.05)
    raise SystemExit("OPA does not start")


def measure(commands, port):
    figures = {language: {} for language in commands}
    for number in range(ROUNDS):
        print(f"round {number + 1} of {ROUNDS}", file=sys.stderr)
        for language, command in commands.items():
            arguments = f"{command} {POLICY} {INPUT} {port}"
            output = subprocess.run(arguments, shell=True, check=True, capture_output=True, text=True).stdout
            for name, pair in json.loads(output.splitlines()[-1]).items():
                figures[language].setdefault(name, []).append(pair)
    return figures


def medians(pairs):
    return [statistics.median(column) for column in zip(*pairs, strict=True)]


def report(figures):
    print(f"\none decision, nanoseconds; the median of {ROUNDS} interleaved rounds\n")
    print(f"{'':8} {'':28} {'p50':>10} {'p99':>10}   http p50, p99 / this")
    for language, by_name in figures.items():
        remote = medians(by_name["http"])
        for name, pairs in by_name.items():
            p50, p99 = medians(pairs)
            ratio = "" if name == "http" else f"{remote[0] / p50:6.0f} x {remote[1] / p99:6.0f} x"
            wanted = f"   (wanted: {WANTED[language]} x)" if name == "decide" else ""
            print(f"{language:8} {name:28} {p50:10.0f} {p99:10.0f}   {ratio}{wanted}".rstrip())
    inside = {name: medians(pairs)[0] for name, pairs in figures["C"].items()}
    print(f"\nC: flags, metrics and shadow at 0 % cost {inside['flags, metrics, shadow 0 %'] - inside['engine']:.0f} ns more than the bare engine")


def main():
    commands = dict(argument.split("=", 1) for argument in sys.argv[2:])
    process, port = start(sys.argv[1])
    try:
        report(measure(commands, port))
    finally:
        process.kill()
        process.wait()


main()
