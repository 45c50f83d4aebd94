"""`make bench-gateway`: the FastAPI gateway of the examples, every request decided here, beside the same application without decisions.

Both run all the time, one process each; load is put on one after the other, in short rounds, so that a noisy moment hits both. What is printed
is the median of the rounds, and the median of each round's ratio.

Usage: gateway.py LOAD    with the program in load_go
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

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "fastapi_gateway"
ROUNDS, SECONDS, CONNECTIONS = int(os.environ.get("ROUNDS", "15")), os.environ.get("SECONDS_EACH", "2s"), "4"
TOKEN = "a-token-of-the-bench"
VARIANTS = {"bare": {"BARE": "1"}, "decided": {}}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def start(environment):
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "app:app", "--port", str(port), "--log-level", "warning", "--no-access-log"]
    settings = os.environ | {"ADMIN_TOKEN": TOKEN, "SHADOW_RATE": "0.01", "OPA_URL": "http://127.0.0.1:1", "REDIS_URL": "memory:"} | environment
    process = subprocess.Popen(command, cwd=EXAMPLE, env=settings)
    for _ in range(300):
        try:
            if ask(port, "GET", "/metrics") == 200:
                break
        except OSError:
            time.sleep(0.05)
    else:
        raise SystemExit("the gateway does not start")
    body = json.dumps({"feature": "rust_opa", "percentage": 100})
    status = ask(port, "POST", "/admin/rollout/update", body, {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})
    if status != 200:
        raise SystemExit(f"the dial does not turn: {status}")
    return process, port


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(program, server, seconds):
    """Requests per second, their median and 99th percentile, and the server's own microseconds for one."""
    process, port = server
    before = cpu_seconds(process)
    command = [program, f"127.0.0.1:{port}", "/tools/tool-03", "user-7", CONNECTIONS, seconds]
    rate, p50, p99, count = (float(figure) for figure in subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
    return rate, p50, p99, (cpu_seconds(process) - before) * 1e6 / count


def main():
    program = sys.argv[1]
    servers = {name: start(environment) for name, environment in VARIANTS.items()}
    figures = {name: [] for name in servers}
    try:
        for server in servers.values():
            load(program, server, "1s")
        for number in range(ROUNDS):
            for name in list(servers) if number % 2 else reversed(servers):
                figures[name].append(load(program, servers[name], SECONDS))
    finally:
        for process, _ in servers.values():
            process.kill()
            process.wait()
    for name, rounds in figures.items():
        rate, p50, p99, cpu = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{name:10} {rate:8.0f} requests/s   p50 {p50:6.0f} us   p99 {p99:6.0f} us   the server's own {cpu:4.0f} us")
    own = [bare[3] / decided[3] for decided, bare in zip(figures["decided"], figures["bare"], strict=True)]
    ratios = [decided[0] / bare[0] for decided, bare in zip(figures["decided"], figures["bare"], strict=True)]
    print(f"decided / bare: {statistics.median(ratios):.3f} of the requests per second (wanted: 0.95); by the servers' own time {statistics.median(own):.3f}")


main()
