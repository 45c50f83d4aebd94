"""Activating a bundle of 500 policies and 15 MB of data: sark beside an OPA, in one session, turn by turn.

Both follow the same file on one nginx, where a new bundle is put for each round. Times are what each says of itself: sark's event (asking,
reading, compiling, swapping), OPA's `bundle_loading_duration_ns`. Memory is the process' resident set, over that of the same process with
an empty bundle.
"""

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
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "source"))

from conftest import Nginx, follower_opa  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "7"))
POLICIES, DATA_BYTES = 500, 15 << 20
FOLLOW = sys.argv[1]


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


class Sark:
    """A C program that follows, and decides beside it where it is told to."""

    def __init__(self, url, *arguments):
        self.process = subprocess.Popen([FOLLOW, url, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

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
    empty_sark.ask("v0")
    time.sleep(2)
    base = {"sark": empty_sark.ask("resident"), "OPA": resident(empty_opa.process.pid)}
    empty_sark.kill()
    empty_opa.kill()
    pauses, quiet = measure_pauses(folder, nginx)
    times, memory = measure_activations(folder, nginx, base)
    print(f"{POLICIES} policies, {DATA_BYTES >> 20} MB of data, {ROUNDS} rounds; medians\n")
    print(f"{'':12}{'activation':>14}{'memory held':>16}{'of the data':>14}")
    for who in ("sark", "OPA"):
        held = statistics.median(memory[who])
        print(f"{who:12}{statistics.median(times[who]) * 1000:>11.0f} ms{held:>13.0f} MB{held / (DATA_BYTES >> 20):>12.1f} x")
    ratio = {name: statistics.median(of["OPA"]) / statistics.median(of["sark"]) for name, of in (("activation", times), ("memory", memory))}
    print(f"\nOPA / sark: activation {ratio['activation']:.1f} x, memory {ratio['memory']:.1f} x")
    print("the slowest decision of a thread that decides all the time, beside an activation:")
    print(f"{statistics.median(pauses) * 1000:.2f} ms ({min(pauses) * 1000:.2f} to {max(pauses) * 1000:.2f}); without one {statistics.median(quiet) * 1000:.2f} ms ({min(quiet) * 1000:.2f} to {max(quiet) * 1000:.2f})")


def measure_pauses(folder, nginx):
    """Alone on the machine: what else runs would be measured, too. Each round is as long with an activation as without."""
    local = Sark(nginx.serve(bundle(folder / "1.tar.gz", 1)), "decide")
    local.ask("v1")
    pauses, quiet = [], []
    for number in range(2, ROUNDS + 2):
        packed = bundle(folder / "next.tar.gz", number)
        time.sleep(0.5)
        local.ask("slowest")
        start = time.monotonic()
        nginx.serve(packed)
        local.ask(f"v{number}")
        pauses.append(local.ask("slowest"))
        time.sleep(time.monotonic() - start)
        quiet.append(local.ask("slowest"))
    local.kill()
    return pauses, quiet


def measure_activations(folder, nginx, base):
    """Turn by turn, and each from the moment that the new bundle is there."""
    url = nginx.serve(bundle(folder / "1.tar.gz", 1))
    local, server = Sark(url), follower_opa(url)
    local.ask("v1")
    opa_revision(server, 1)
    times, memory, last = {"sark": [], "OPA": []}, {"sark": [], "OPA": []}, opa_loading(server)
    for number in range(2, ROUNDS + 2):
        nginx.serve(bundle(folder / "next.tar.gz", number))
        times["sark"].append(local.ask(f"v{number}"))
        opa_revision(server, number)
        now = opa_loading(server)
        times["OPA"].append(sum(now.values()) - sum(last.values()))
        last = now
        memory["sark"].append(local.ask("resident") - base["sark"])
        memory["OPA"].append(resident(server.process.pid) - base["OPA"])
    local.kill()
    server.kill()
    return times, memory


if __name__ == "__main__":
    main()
