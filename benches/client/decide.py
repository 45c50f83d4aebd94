"""One decision in Python: medians and 99th percentiles in nanoseconds as JSON. Usage: decide.py POLICY INPUT PORT"""

import http.client
import json
import pathlib
import sys
import time

import httpx

import sark

LOCAL, REMOTE = 10_000, 1000


def measure(decide, count):
    times = []
    for number in range(-200, count):
        start = time.perf_counter_ns()
        answer = decide()
        taken = time.perf_counter_ns() - start
        assert answer is True
        if number >= 0:
            times.append(taken)
    times.sort()
    return [times[count // 2], times[count * 99 // 100]]


policy, question, port = pathlib.Path(sys.argv[1]).read_text(), json.loads(pathlib.Path(sys.argv[2]).read_text()), int(sys.argv[3])
engine = sark.Engine()
engine.load_policy("authz", policy)
client, cached = sark.Client(engine), sark.Client(engine, sark.Cache())
raw = json.dumps(question).encode()
query = engine.prepare("data.authz.allow")
# The same calls without the compiled module.
by_cffi = sark.Client(engine)
by_cffi._compiled = None
connection = http.client.HTTPConnection("127.0.0.1", port)
modern = httpx.Client(base_url=f"http://127.0.0.1:{port}")


def by_http_client():
    connection.request("POST", "/v1/data/authz/allow", json.dumps({"input": question}), {"Content-Type": "application/json"})
    return json.loads(connection.getresponse().read())["result"]


print(
    json.dumps(
        {
            "decide": measure(lambda: client.decide("data.authz.allow", question, user="ada").allowed, LOCAL),
            "decide_json": measure(lambda: client.decide_json("data.authz.allow", raw, user="ada").allowed, LOCAL),
            "cached": measure(lambda: cached.decide("data.authz.allow", question, user="ada").allowed, LOCAL),
            "decide by cffi": measure(lambda: by_cffi.decide("data.authz.allow", question, user="ada").allowed, LOCAL),
            "decide_json by cffi": measure(lambda: by_cffi.decide_json("data.authz.allow", raw, user="ada").allowed, LOCAL),
            "Query.allows": measure(lambda: query.allows(question), LOCAL),
            "http": measure(lambda: modern.post("/v1/data/authz/allow", json={"input": question}).json()["result"], REMOTE),
            "http.client": measure(by_http_client, REMOTE),
        }
    )
)
