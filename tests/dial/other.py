"""Another process with the same flags: calls their methods as lines of JSON say, and prints what they gave.

Usage: other.py '[URL, {OPTIONS}]'      then lines like ["set_rollout", ["f", 25]]
"""

import json
import os
import sys
import time

import sark

url, options = json.loads(sys.argv[1])
flags = sark.Flags(url, **options)


def watch(feature, *values):
    """When (in seconds of the machine's clock) the feature had come to each of these percentages, which rise."""
    seen = []
    for value in values:
        while flags.rollout(feature) < value:
            time.sleep(0.0002)
        seen.append(time.monotonic())
    return seen


def set_many(feature, times):
    for number in range(times):
        flags.set_rollout(feature, number % 100, who=str(os.getpid()))
    return times


def enabled(feature, count):
    return [flags.is_enabled(feature, f"user{number}") for number in range(count)]


here = {"watch": watch, "set_many": set_many, "enabled": enabled}
print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    method, arguments = json.loads(line)
    try:
        answer = here.get(method, None) or getattr(flags, method)
        print(json.dumps(answer(*arguments)), flush=True)
    except sark.Error as error:
        print(json.dumps({"error": type(error).__name__, "message": str(error)}), flush=True)
