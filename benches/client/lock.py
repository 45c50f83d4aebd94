"""The interpreter's lock: what giving it up costs, and what a decision takes beside threads that compute.

Usage: lock.py POLICY INPUT
"""

import json
import pathlib
import sys
import threading
import time

import sark
from sark import _compiled
from sark._calls import lib

COUNT = 20_000


def percentiles(call, count):
    times = []
    for number in range(-200, count):
        start = time.perf_counter_ns()
        call()
        taken = time.perf_counter_ns() - start
        if number >= 0:
            times.append(taken)
    times.sort()
    return [times[count * per_mille // 1000] / 1000 for per_mille in (500, 990, 999)]


class Busy:
    """So many threads that compute, in Python alone, and never wait."""

    def __init__(self, count):
        self._stop = False
        self._threads = [threading.Thread(target=self._compute) for _ in range(count)]

    def _compute(self):
        number = 0
        while not self._stop:
            number += 1

    def __enter__(self):
        for thread in self._threads:
            thread.start()

    def __exit__(self, *problem):
        self._stop = True
        for thread in self._threads:
            thread.join()


def by_cffi(client, question):
    def decide():
        was, client._compiled = client._compiled, None
        try:
            return client.decide("data.authz.allow", question, user="ada")
        finally:
            client._compiled = was

    return decide


def main():
    policy, question = pathlib.Path(sys.argv[1]).read_text(), json.loads(pathlib.Path(sys.argv[2]).read_text())
    engine = sark.Engine()
    engine.load_policy("authz", policy)
    client = sark.Client(engine)
    calls = {"cffi": by_cffi(client, question)}
    if _compiled.rust is not None:
        calls["compiled"] = lambda: client.decide("data.authz.allow", question, user="ada")
    print("microseconds                       p50        p99      p99.9")
    for count in (0, 1, 2):
        for name, call in calls.items():
            with Busy(count):
                figures = percentiles(call, COUNT if count == 0 or name == "compiled" else COUNT // 40)
            print(f"{name:9} beside {count} busy threads" + "".join(f"{figure:11.1f}" for figure in figures))
    # The shortest call of the C ABI: nothing but the lock, given up and taken again, and cffi's detour.
    print("sark_abi_version".ljust(28) + "".join(f"{figure:11.2f}" for figure in percentiles(lib.sark_abi_version, COUNT)))
    with Busy(1):
        print("sark_abi_version, 1 busy".ljust(28) + "".join(f"{figure:11.2f}" for figure in percentiles(lib.sark_abi_version, COUNT // 40)))
    for kib in (1, 4, 16, 32, 64, 256):
        document = json.dumps(question | {"padding": ["x" * 30] * (kib * 1024 // 33)}).encode()
        reading = percentiles(lambda document=document: engine.evaluate_json("data.authz.allow", document), 2000)
        print(f"evaluate_json of {kib:3} KiB".ljust(28) + "".join(f"{figure:11.1f}" for figure in reading))


main()
