"""`make bench-flags`: one check of the dial in each language beside the SDKs that answer the same question offline.

Each program measures one round a run; the runs are interleaved, so that a noisy moment hits all. Medians and ratios are printed.

Usage: run.py NAME=COMMAND...    with the names rust, C, Python, Go, Node; "PORT" in a command is that of a redis-server started here
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import time

ROUNDS = int(os.environ.get("ROUNDS", "7"))
TARGETS = {"Rust": "at most 40 ns", "C": "at most 40 ns"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def measure(commands):
    """For each language, the figures of its runs by name."""
    figures = {language: {} for language in commands}
    for number in range(ROUNDS):
        print(f"round {number + 1} of {ROUNDS}", file=sys.stderr)
        for language, command in commands.items():
            output = subprocess.run(command, shell=True, check=True, capture_output=True, text=True).stdout
            for name, value in json.loads(output.splitlines()[-1]).items():
                figures[language].setdefault(name, []).append(value)
    return figures


def line(language, name, nanoseconds, note=""):
    print(f"{language:8} {name:14} {nanoseconds:10.1f} ns   {note}".rstrip())


def report(figures):
    print(f"\none check of the dial; the median of {ROUNDS} interleaved runs\n")
    rust = {name: statistics.median(values) for name, values in figures.pop("Rust").items()}
    line("Rust", "sark", rust["one"], TARGETS["Rust"])
    for language, values in figures.items():
        medians = {name: statistics.median(runs) for name, runs in values.items()}
        sark = medians.pop("sark")
        line(language, "sark", sark, TARGETS.get(language, ""))
        for name, nanoseconds in sorted(medians.items(), key=lambda each: each[1]):
            line("", name, nanoseconds, f"{nanoseconds / sark:.1f} times sark")
    print("\n100 features, 2 threads checking: at most 1.1 times as slow while the dial turns 10 times a second\n")
    line("Rust", "idle", rust["idle"])
    line("", "turning", rust["turning"], f"{rust['turning'] / rust['idle']:.3f} times idle")


def main():
    commands = dict(argument.split("=", 1) for argument in sys.argv[1:])
    port = free_port()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    redis = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""], **quiet)
    try:
        time.sleep(0.5)
        report(measure({language: command.replace("PORT", str(port)) for language, command in commands.items()}))
    finally:
        redis.terminate()
        redis.wait()


main()
