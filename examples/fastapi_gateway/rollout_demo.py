"""`make rollout-demo`: a rollout from 0 % to 100 % and back, with a real OPA, Redis and Prometheus beside the gateway, under load.

OPA is killed while everyone is decided here, and started again before the dial goes back. Each second's figures are printed.
"""

import argparse
import collections
import contextlib
import http.client
import json
import os
import pathlib
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from data import DATA, TOOLS

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TOKEN = "a-token-of-the-rollout-demo"
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.closing(connection):
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def wait_for(port, path="/"):
    for _ in range(400):
        with contextlib.suppress(OSError):
            if ask(port, "GET", path)[0] < 500:
                return
        time.sleep(0.05)
    raise SystemExit(f"nobody answers at port {port}")


class Opa:
    def __init__(self, program, folder):
        self.port = free_port()
        # With its data from the first answer on: without them it would decide otherwise, and shadow would say so.
        data = folder / "data.json"
        data.write_text(json.dumps(DATA))
        self.command = [program, "run", "--server", "--addr", f"127.0.0.1:{self.port}", "--log-level", "error", HERE / "tools.rego", data]

    def start(self):
        self.process = subprocess.Popen(self.command, **QUIET)
        wait_for(self.port, "/health")

    def kill(self):
        self.process.kill()
        self.process.wait()


class Load:
    """Threads that use the tools, and what they saw since they were last asked."""

    def __init__(self, port, threads):
        self.port, self.lock, self.is_over = port, threading.Lock(), threading.Event()
        self.seen = collections.Counter()
        self.times = collections.defaultdict(list)
        self.threads = [threading.Thread(target=self.run, args=(number,), daemon=True) for number in range(threads)]
        [thread.start() for thread in self.threads]

    def run(self, number):
        chance = random.Random(number)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        while not self.is_over.is_set():
            user, tool, method = f"user-{chance.randrange(1000)}", chance.choice(TOOLS), chance.choice(["GET", "GET", "GET", "POST", "DELETE"])
            connection.request(method, f"/tools/{tool}", headers={"x-user": user})
            answer = connection.getresponse()
            answer.read()
            roles = [DATA["roles"][role] for role in DATA["users"][user]["roles"]]
            wanted = 200 if any(tool in role["tools"] and method in role["methods"] for role in roles) else 403
            with self.lock:
                self.seen["requests"] += 1
                self.seen["wrong" if answer.status not in (wanted, 503) else "right" if answer.status == wanted else "undecided"] += 1
                if decided := answer.getheader("x-decided-by"):
                    self.times[decided].append(float(answer.getheader("x-decision-microseconds")))

    def take(self):
        with self.lock:
            seen, times = self.seen, self.times
            self.seen, self.times = collections.Counter(), collections.defaultdict(list)
        return seen, times


def percentiles(times):
    if len(times) < 2:
        return "      –       –"
    cuts = statistics.quantiles(times, n=20)
    return f"{statistics.median(times):7.0f} {cuts[18]:7.0f}"


def metric(text, name):
    lines = [line for line in text.splitlines() if line.startswith(name)]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def turn(port, percentage, why):
    body = json.dumps({"feature": "rust_opa", "percentage": percentage, "why": why})
    status, text = ask(port, "POST", "/admin/rollout/update", body, {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})
    if status != 200:
        raise SystemExit(f"the dial was not turned: {status} {text}")


def run(arguments, folder):
    opa, redis_port, port, prometheus_port = Opa(arguments.opa, folder), free_port(), free_port(), free_port()
    opa.start()
    processes = [subprocess.Popen(["redis-server", "--port", str(redis_port), "--bind", "127.0.0.1", "--save", ""], **QUIET)]
    environment = os.environ | {
        "OPA_URL": f"http://127.0.0.1:{opa.port}", "REDIS_URL": f"redis://127.0.0.1:{redis_port}", "ADMIN_TOKEN": TOKEN,
    }
    gateway = [sys.executable, "-m", "uvicorn", "app:app", "--port", str(port), "--log-level", "warning", "--no-access-log"]
    time.sleep(0.3)
    processes.append(subprocess.Popen(gateway, cwd=HERE, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE if arguments.quiet else None))
    config = folder / "prometheus.yml"
    config.write_text(
        f"""global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{ROOT / "monitoring" / "alerts.yml"}]
scrape_configs: [{{job_name: gateway, static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}]
"""
    )
    prometheus = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address=127.0.0.1:{prometheus_port}"]
    processes.append(subprocess.Popen(prometheus, **QUIET))
    totals = collections.Counter()
    try:
        wait_for(port, "/metrics")
        wait_for(prometheus_port, "/-/ready")
        load = Load(port, arguments.threads)
        seconds = arguments.seconds
        # When, what, and how it is said.
        plan = [
            (0, lambda: turn(port, 0, "the start"), "the dial stands at 0 %"),
            (seconds, lambda: turn(port, 25, "the first quarter"), "the dial goes to 25 %"),
            (2 * seconds, lambda: turn(port, 100, "everyone"), "the dial goes to 100 %"),
            (3 * seconds, opa.kill, "OPA is killed"),
            (4 * seconds, opa.start, "OPA is started again"),
            (5 * seconds, lambda: turn(port, 0, "back"), "the dial goes back to 0 %"),
        ]
        print("second   req/s   local p50     p95   remote p50     p95   fallbacks differing   undecided wrong   (decision times in µs)")
        load.take()
        for second in range(6 * seconds):
            for _, do, words in [step for step in plan if step[0] == second]:
                do()
                print(f"--- {words}")
                load.take()
            began = time.monotonic()
            time.sleep(1)
            seen, times = load.take()
            taken = time.monotonic() - began
            text = ask(port, "GET", "/metrics")[1]
            totals.update(seen)
            totals.update({f"by {name}": len(values) for name, values in times.items()})
            fallbacks = metric(text, "opa_rust_fallback_total ")
            differing = metric(text, 'sark_shadow_comparisons_total{outcome="differing"}')
            print(
                f"{second:6} {seen['requests'] / taken:7.0f}     {percentiles(times['rust'])}      {percentiles(times['http'])}"
                f"   {fallbacks:9.0f} {differing:9.0f}   {seen['undecided']:9} {seen['wrong']:5}",
                flush=True,
            )
        load.is_over.set()
        time.sleep(1.5)
        query = "/api/v1/query?query=sum%20by%20(implementation)%20(opa_evaluations_total)"
        scraped = json.loads(ask(prometheus_port, "GET", query)[1])["data"]["result"]
        by_side = {one["metric"]["implementation"]: int(one["value"][1]) for one in scraped}
        compared = metric(text, 'sark_shadow_comparisons_total{outcome="equal"}')
        print(
            f"\n{totals['requests']} requests: {totals['by rust']} decided here, {totals['by http']} by the remote; {totals['wrong']} wrong, "
            f"{totals['undecided']} undecided\n{compared:.0f} local decisions were compared with the remote's: {differing:.0f} differ"
            f"\nPrometheus counted {by_side.get('rust', 0)} local and {by_side.get('http', 0)} remote evaluations"
        )
        return 0 if totals["wrong"] == 0 and differing == 0 and totals["by rust"] and totals["by http"] and sum(by_side.values()) else 1
    finally:
        for process in processes:
            process.kill()
            process.wait()
        opa.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--opa", required=True, help="the program of OPA")
    parser.add_argument("--seconds", type=int, default=5, help="of each of the six phases")
    parser.add_argument("--threads", type=int, default=4, help="that make requests")
    parser.add_argument("--quiet", action="store_true", help="leave out what the gateway logs")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(run(arguments, pathlib.Path(folder)))


main()
