"""Activating a bundle of 500 policies and 15 MB of data: sark beside an OPA, in one session, turn by turn.

Both follow the same file on one nginx: for each round a new bundle is put there, and the time is taken from then until the new revision
decides. What asking and waiting takes is taken out: both are asked to look by their own long way, so that OPA's own timers are compared
with sark's, too. Memory is the process' resident set, over that of the same process with an empty bundle.
"""

import gc
import io
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "source"))

from conftest import Nginx, follower_opa  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "7"))
POLICIES, DATA_BYTES = 500, 15 << 20


def bundle(path, number, policies=POLICIES, data_bytes=DATA_BYTES):
    files = {}
    for n in range(policies):
        rules = "\n".join(
            f'allow if {{ input.method == "{method}"; input.path[0] == "r{n}"; data.users[input.user].roles[_] == "{role}" }}'
            for method, role in [("GET", "reader"), ("PUT", "writer"), ("POST", "writer"), ("DELETE", "owner")]
        )
        files[f"/p{n}/policy.rego"] = f"package app.p{n}\n\ndefault allow := false\n\n{rules}\n\nrevision := {number}\n"
    users, size, n = {}, 0, 0
    while size < data_bytes:
        user = {"roles": ["reader", "writer"][: 1 + n % 2], "department": f"department {n % 97}", "level": n % 10, "active": n % 7 > 0, "mail": f"user{n}@example.com"}
        users[f"user{n}"] = user
        size += len(json.dumps(user)) + 12
        n += 1
    files["/users/data.json"] = json.dumps(users, separators=(",", ":"))
    files["/.manifest"] = json.dumps({"revision": f"v{number}", "roots": ["app", "users"]})
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content.encode())
            archive.addfile(entry, io.BytesIO(content.encode()))
    return path


def resident(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


SARK = """
import sys, time, json, threading
import sark
engine = sark.Engine()
source = engine.follow(sys.argv[1], name="authz", logger=False, polling={"min_delay_seconds": 0.05, "max_delay_seconds": 0.05})
source.wait(120)
slowest, stop = [0.0], threading.Event()
query = engine.prepare("data.app.p7.allow")
def ask():
    while not stop.is_set():
        start = time.perf_counter()
        query.evaluate({"method": "GET", "path": ["r7"], "user": "user7"})
        slowest[0] = max(slowest[0], time.perf_counter() - start)
        time.sleep(0.0002)
if len(sys.argv) > 2:
    threading.Thread(target=ask, daemon=True).start()
for line in sys.stdin:
    if line.strip() == "slowest":
        print(json.dumps(slowest[0]), flush=True)
        slowest[0] = 0.0
        continue
    while source.status()["revision"] != line.strip():
        time.sleep(0.001)
    events = [event for event in iter(source.next_event, None) if event["event"] == "activated"]
    print(json.dumps(events[-1]["fields"]["seconds"]), flush=True)
"""


class Sark:
    def __init__(self, url, *arguments):
        self.process = subprocess.Popen([sys.executable, "-c", SARK, url, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def kill(self):
        self.process.kill()
        self.process.wait()


def opa_revision(server, number):
    while True:
        status, body = server.request("GET", "/v1/data/app/p499/revision")
        if status == 200 and json.loads(body).get("result") == number:
            return
        time.sleep(0.005)


def opa_loading(server):
    """The seconds that OPA itself says its last activation took: reading, parsing, compiling."""
    _, body = server.request("GET", "/metrics")
    found = re.findall(r'bundle_loading_duration_ns_sum\{[^}]*stage="(\w+)"\} ([\d.e+]+)', body.decode())
    return {stage: float(total) / 1e9 for stage, total in found}


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        nginx = Nginx(folder / "nginx")
        try:
            run(folder, nginx)
        finally:
            nginx.kill()


def run(folder, nginx):
    url = nginx.serve(bundle(folder / "empty.tar.gz", 0, policies=1, data_bytes=1))
    empty_sark, empty_opa = Sark(url), follower_opa(url)
    assert empty_sark.ask("v0") >= 0
    time.sleep(2)
    base = {"sark": resident(empty_sark.process.pid), "OPA": resident(empty_opa.process.pid)}
    empty_sark.kill()
    empty_opa.kill()

    url = nginx.serve(bundle(folder / "1.tar.gz", 1))
    local, server = Sark(url, "asking"), follower_opa(url)
    local.ask("v1")
    opa_revision(server, 1)
    times, last = {"sark": [], "OPA": []}, opa_loading(server)
    memory, pauses = {"sark": [], "OPA": []}, []
    quiet = local.ask("slowest")
    time.sleep(1)
    quiet = local.ask("slowest")
    for number in range(2, ROUNDS + 2):
        nginx.serve(bundle(folder / "next.tar.gz", number))
        times["sark"].append(local.ask(f"v{number}"))
        pauses.append(local.ask("slowest"))
        opa_revision(server, number)
        now = opa_loading(server)
        times["OPA"].append(sum(now.values()) - sum(last.values()))
        last = now
        memory["sark"].append(resident(local.process.pid) - base["sark"])
        memory["OPA"].append(resident(server.process.pid) - base["OPA"])
        gc.collect()
    local.kill()
    server.kill()
    print(f"{POLICIES} policies, {DATA_BYTES >> 20} MB of data, {ROUNDS} rounds, turn by turn; medians\n")
    print(f"{'':12}{'activation':>14}{'memory held':>16}{'of the data':>14}")
    for who in ("sark", "OPA"):
        held = statistics.median(memory[who])
        print(f"{who:12}{statistics.median(times[who]) * 1000:>11.0f} ms{held:>13.0f} MB{held / (DATA_BYTES >> 20):>12.1f} x")
    print(f"\nOPA / sark: activation {statistics.median(times['OPA']) / statistics.median(times['sark']):.1f} x, memory {statistics.median(memory['OPA']) / statistics.median(memory['sark']):.1f} x")
    print(f"the slowest of the decisions beside an activation: {statistics.median(pauses) * 1000:.2f} ms (median of {ROUNDS} rounds), {max(pauses) * 1000:.2f} ms at most; without one {quiet * 1000:.2f} ms")
    assert threading.active_count() >= 1


if __name__ == "__main__":
    main()
