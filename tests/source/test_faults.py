"""What faults of a source get: the last good state, or a clear not-ready; and nothing leaks."""

import contextlib
import http.server
import json
import os
import pathlib
import signal
import subprocess
import sys
import tarfile
import threading
import time

import pytest
from conftest import FAST, POLICY, Proxy, allows, build, free_port, pack, wait_for, write

import sark


def resident():
    """MB of this process."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def threads():
    names = []
    for task in os.listdir("/proc/self/task"):
        with contextlib.suppress(FileNotFoundError):
            names.append(pathlib.Path(f"/proc/self/task/{task}/comm").read_text())
    return sum("sark-source" in name for name in names)


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def test_a_server_that_is_down_at_the_start_is_not_ready_until_it_is_there(tmp_path, engine, authz):
    packed, port = authz(["admin"], "v1"), free_port()
    source = engine.follow(f"http://127.0.0.1:{port}/bundles/authz.tar.gz", name="authz", logger=False, **FAST)
    assert not source.status()["ready"]
    with pytest.raises(sark.Unavailable, match="authz was not activated yet: request failed"):
        allows(engine, "admin")
    with pytest.raises(sark.Unavailable, match="request failed"):
        source.wait(0.05)
    assert wait_for(source.next_event)["event"] == "unreachable"
    late = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler(lambda request: (200, {"ETag": '"1"'}, packed.read_bytes())))
    with serving(late):
        source.wait()
        assert allows(engine, "admin")
    assert source.next_event()["event"] == "activated"


@contextlib.contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def handler(answer):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            status, headers, body = answer(self)
            with contextlib.suppress(OSError):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


def test_a_server_that_goes_down_later_leaves_what_is_in_force(engine, nginx, authz):
    source = engine.follow(nginx.serve(authz(["admin"], "v1")), name="authz", logger=False, **FAST)
    source.wait()
    fds, running = descriptors(), threads()
    nginx.kill()
    wait_for(lambda: source.status()["error"])
    for _ in range(50):
        assert allows(engine, "admin")
        time.sleep(0.005)
    wait_for(lambda: threads() <= running and descriptors() <= fds + 1)
    nginx.start()
    nginx.serve(authz(["root"], "v2"))
    wait_for(lambda: allows(engine, "root"))
    names = [event["event"] for event in iter(source.next_event, None)]
    assert names == ["activated", "unreachable", "activated", "reachable"] or names == ["activated", "unreachable", "reachable", "activated"]


@pytest.mark.parametrize("path", ["gone", "broken", "bundles/nothing", "never-modified"])
def test_answers_that_are_no_bundle(path, engine, nginx):
    source = engine.follow(f"{nginx.url}/{path}", name="authz", **FAST)
    with pytest.raises(sark.Unavailable, match="replied with (404|500|304)"):
        source.wait(0.1)


def test_a_redirect_is_followed_and_a_token_is_sent_from_its_file(tmp_path, engine, nginx, authz):
    nginx.serve(authz(["admin"], "v1"))
    engine.follow(f"{nginx.url}/moved", name="authz", **FAST).wait()
    token = tmp_path / "token"
    token.write_text("wrong\n")
    guarded = sark.Engine()
    source = guarded.follow(f"{nginx.url}/guarded/authz.tar.gz", credentials={"bearer": {"token_path": str(token)}}, **FAST)
    with pytest.raises(sark.Unavailable, match="401"):
        source.wait(0.1)
    token.write_text("s3cret\n")
    source.wait()
    assert "s3cret" not in json.dumps(source.status())


@pytest.mark.parametrize("kind", [("limit_data", {"bytes": 300}), ("timeout", {"timeout": 0}), ("reset_peer", {"timeout": 0}), ("slow_close", {"delay": 20000})])
def test_half_a_body_and_a_server_that_is_slow(kind, engine, nginx, authz, toxiproxy):
    nginx.serve(authz(["admin"], "v1"))
    proxy = Proxy(toxiproxy, nginx.port)
    url = f"{proxy.url}/bundles/authz.tar.gz"
    bounds = {"response_header_timeout_seconds": 0.3, "download_timeout_seconds": 0.3}
    source = engine.follow(url, name="authz", **FAST, **bounds)
    source.wait()
    nginx.serve(authz(["root"], "v2"))
    name, attributes = kind
    proxy.fail(name, **attributes)
    if name != "slow_close":
        wait_for(lambda: source.status()["error"])
        assert source.status()["error"]["status"] == "UNAVAILABLE"
        assert allows(engine, "admin") or allows(engine, "root")
    proxy.heal(name)
    wait_for(lambda: allows(engine, "root"))


def test_a_wrong_etag_and_a_304_for_what_is_not_held(engine, authz):
    packed = [authz(["admin"], "v1").read_bytes(), authz(["root"], "v2").read_bytes()]
    seen = []

    def answer(request):
        seen.append(request.headers.get("If-None-Match"))
        # The first two say that nothing changed; then the ETag is each time another one, and later always the same.
        if len(seen) < 3:
            return 304, {"ETag": '"wrong"'}, b""
        return 200, {"ETag": f'"{min(len(seen), 6)}"'}, packed[len(seen) > 8]

    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(answer))) as url:
        source = engine.follow(url, name="authz", **FAST)
        source.wait()
        assert seen[:3] == [None, None, None]
        wait_for(lambda: allows(engine, "root"))
        assert source.status()["revision"] == "v2"
        source.close()


def test_a_server_that_waits_is_asked_again_at_once(engine, authz):
    """Long polling, as OPA's control planes do it."""
    changed = threading.Condition()
    state = {"body": authz(["admin"], "v1").read_bytes(), "etag": '"1"'}
    prefers = []

    def answer(request):
        prefers.append(request.headers["Prefer"])
        headers = {"Content-Type": "application/vnd.openpolicyagent.bundles"}
        with changed:
            if request.headers.get("If-None-Match") == state["etag"]:
                changed.wait(5)
            if request.headers.get("If-None-Match") == state["etag"]:
                return 304, headers | {"ETag": state["etag"]}, b""
            return 200, headers | {"ETag": state["etag"]}, state["body"]

    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(answer))) as url:
        polling = {"min_delay_seconds": 600, "max_delay_seconds": 600, "long_polling_timeout_seconds": 5}
        source = engine.follow(url, name="authz", polling=polling)
        source.wait()
        for number, role in enumerate(["root", "ops", "dev"]):
            with changed:
                state.update(body=authz([role], f"v{number + 2}").read_bytes(), etag=f'"{number + 2}"')
                changed.notify_all()
            wait_for(lambda role=role: allows(engine, role), 5)
        assert set(prefers) == {"modes=snapshot,delta;wait=5"}
        source.close()
        with changed:
            changed.notify_all()


def bad_archives(tmp_path):
    good = {"/authz/data.json": {"roles": ["evil"]}, "/authz/policy.rego": POLICY}
    whole = pack(tmp_path / "good.tar.gz", good).read_bytes()
    yield "cut", whole[: len(whole) // 2]
    yield "no gzip", b"this is no archive"
    yield "empty", b""
    yield "a bit flipped", whole[:60] + bytes([whole[60] ^ 1]) + whole[61:]
    yield "leads out", pack(tmp_path / "a", good | {"../x.rego": "package x"}).read_bytes()
    yield "leads out inside", pack(tmp_path / "b", good | {"/a/../../x/data.json": {}}).read_bytes()
    yield "a link", pack(tmp_path / "c", good, [("passwd", "/etc/passwd")]).read_bytes()
    yield "a bomb", pack(tmp_path / "d", good | {"/zeros/data.json": b" " * (64 << 20)}).read_bytes()
    yield "a bomb of nothing", pack(tmp_path / "e", good | {f"/{i}/x.txt": b" " * 500_000 for i in range(100)}).read_bytes()
    yield "no UTF-8", pack(tmp_path / "f", good | {"/x.rego": b"package x\n# \xff"}).read_bytes()
    yield "deep", pack(tmp_path / "g", good | {"/x/data.json": "[" * 100_000}).read_bytes()
    yield "deep yaml", pack(tmp_path / "h", good | {"/x/data.yaml": "[" * 100_000}).read_bytes()
    yield "aliases", pack(tmp_path / "i", good | {"/x/data.yaml": "a0: &a0 x\n" + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))}).read_bytes()


def test_archives_that_are_broken_or_mean_harm_are_refused_whole(tmp_path, authz):
    """Bounded, named, and the last good state stays."""
    path = tmp_path / "b.tar.gz"
    for name, content in bad_archives(tmp_path):
        path.write_bytes(authz(["admin"], "v1").read_bytes())
        engine = sark.Engine()
        source = engine.follow(f"bundle:{path}", size_limit_bytes=32 << 20)
        source.wait(0)
        beside = tmp_path / "beside"
        beside.write_bytes(content)
        beside.rename(path)
        wait_for(lambda source=source: source.status()["error"])
        assert allows(engine, "admin") and not allows(engine, "evil"), name
        source.close()


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "x.json")
    for url, says in [
        (f"dir:{tmp_path}", "neither a file nor a directory"),
        ("bundle:/dev/zero", "neither a file nor a directory"),
        ("dir:/dev/zero", "neither a file nor a directory"),
        (f"dir:{__file__}", "is no directory, and neither Rego, JSON nor YAML"),
    ]:
        start = time.monotonic()
        source = sark.Engine().follow(url, size_limit_bytes=1000, logger=False)
        with pytest.raises(sark.Error, match=says):
            source.wait(0)
        assert time.monotonic() - start < 2, url
    (tmp_path / "x.json").unlink()
    write(tmp_path, {"x.json": {"x": 1}, "big.json": json.dumps("x" * 2000)})
    source = sark.Engine().follow(f"dir:{tmp_path}", size_limit_bytes=1000)
    with pytest.raises(sark.TooLarge, match="big.json has more than the 1000 bytes"):
        source.wait(0)


FOLLOW = """
import sark, sys, time
engine = sark.Engine()
source = engine.follow(sys.argv[1], name="authz", persistence_directory=sys.argv[2], polling={"min_delay_seconds": 0.001, "max_delay_seconds": 0.001})
source.wait()
print(source.status()["revision"], engine.evaluate("data.authz.roles"), source.status()["from_disk"], flush=True)
if len(sys.argv) == 3:
    time.sleep(60)
"""


def test_a_process_that_is_killed_while_it_keeps_leaves_the_old_or_the_new(tmp_path, nginx, authz):
    url, kept = nginx.serve(authz(["admin"], "v0")), tmp_path / "kept"
    packed = [authz([f"role{n}"] * 20_000, f"v{n}") for n in range(2)]
    for round_ in range(12):
        child = subprocess.Popen([sys.executable, "-c", FOLLOW, url, kept], stdout=subprocess.PIPE, text=True)
        assert child.stdout.readline()
        # What is in force is kept a moment later: the first process gets that moment.
        wait_for(lambda: any(kept.rglob("bundle.tar.gz")))
        deadline = time.monotonic() + 0.02 * (round_ % 6)
        number = 0
        while time.monotonic() < deadline:
            nginx.serve(packed[number % 2])
            number += 1
            time.sleep(0.004)
        child.send_signal(signal.SIGKILL)
        child.wait()
        # Without the server, the next one begins with what was kept: whole.
        down = f"http://127.0.0.1:{free_port()}/bundles/authz"
        started = subprocess.run([sys.executable, "-c", FOLLOW, down, kept, "once"], capture_output=True, text=True, check=False, timeout=60)
        assert started.returncode == 0, started.stderr
        revision, _, rest = started.stdout.partition(" ")
        assert rest.endswith("True\n")
        role = {"v0": "role0", "v1": "role1"}.get(revision, "admin")
        assert role in rest or "admin" in rest
    bundle = kept / "bundles" / "authz" / "bundle.tar.gz"
    with tarfile.open(bundle) as archive:
        assert archive.getnames()
    assert bundle.stat().st_mode & 0o777 == 0o600


def test_what_was_kept_is_verified_and_its_age_counts(tmp_path, engine, nginx, authz):
    url, kept = nginx.serve(authz(["admin"], "v1")), str(tmp_path / "kept")
    first = sark.Engine()
    first.follow(url, name="authz", persistence_directory=kept, **FAST).wait()
    bundle = pathlib.Path(kept, "bundles/authz/bundle.tar.gz")
    wait_for(bundle.exists)
    first.close()
    down = f"http://127.0.0.1:{free_port()}/x"
    day = time.time() - 86_400
    os.utime(bundle, (day, day))
    source = engine.follow(down, name="authz", persistence_directory=kept, max_staleness_seconds=3600, when_stale="remote", **FAST)
    assert source.status()["from_disk"] and source.status()["age_seconds"] > 86_000 and source.status()["stale"]
    with pytest.raises(sark.Unavailable, match="s old, more than max_staleness_seconds"):
        allows(engine, "admin")
    unsigned = sark.Engine().follow(down, name="authz", persistence_directory=kept, keys={"k": {"key": "s", "algorithm": "HS256"}}, **FAST)
    with pytest.raises(sark.Error, match="missing .signatures.json|request failed"):
        unsigned.wait(0)
    assert not unsigned.status()["ready"]


def test_a_full_disk_keeps_nothing_and_decides_on(tmp_path, engine, nginx, authz):
    blocked = tmp_path / "kept"
    blocked.write_text("a file, where a directory should be")
    source = engine.follow(nginx.serve(authz(["admin"], "v1")), name="authz", persistence_directory=str(blocked), logger=False, **FAST)
    source.wait()
    assert allows(engine, "admin")
    names = [wait_for(source.next_event)["event"] for _ in range(3)]
    assert names == ["refused", "activated", "not_kept"], "what was kept before cannot be read either"


def test_staleness_serves_leaves_to_the_remote_or_denies(tmp_path, authz):
    path = tmp_path / "b.tar.gz"
    for action, answers in [("serve", True), ("remote", False), ("deny", False)]:
        path.write_bytes(authz(["admin"], "v1").read_bytes())
        engine = sark.Engine()
        source = engine.follow(f"bundle:{path}", name="b", logger=False, max_staleness_seconds=0.8, when_stale=action)
        assert allows(engine, "admin")
        path.unlink()
        wait_for(lambda source=source: source.status()["stale"])
        if answers:
            assert allows(engine, "admin")
        else:
            with pytest.raises(sark.Unavailable, match="the source b is 0 s old"):
                allows(engine, "admin")
        wait_for(lambda source=source: "stale" in [event["event"] for event in iter(source.next_event, None)])
        path.write_bytes(authz(["admin"], "v1").read_bytes())
        wait_for(lambda source=source: not source.status()["stale"])
        assert allows(engine, "admin")
        source.close()


def test_a_forked_child_follows_too(tmp_path, engine):
    write(tmp_path, {"a.rego": "package a\nx := 1"})
    engine.follow(f"dir:{tmp_path}").wait()
    read, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        # What the parent holds is in force from the first moment; then the child's own thread looks.
        first = engine.evaluate("data.a.x")
        deadline = time.monotonic() + 15
        while engine.evaluate("data.a.x") != 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.write(write_end, f"{first} {engine.evaluate('data.a.x')}".encode())
        os._exit(0)
    time.sleep(0.3)
    write(tmp_path, {"a.rego": "package a\nx := 2"})
    os.waitpid(child, 0)
    assert os.read(read, 100) == b"1 2"
    wait_for(lambda: engine.evaluate("data.a.x") == 2)


def test_nothing_leaks(tmp_path):
    write(tmp_path, {"a.rego": "package a\nx := 1"})
    packed = build(tmp_path, tmp_path.parent / "leak.tar.gz")

    def once():
        engine = sark.Engine()
        for url in (f"bundle:{packed}", f"http://127.0.0.1:{free_port()}/x"):
            engine.follow(url, logger=False, roots=None)
        engine.close()

    # Engines of tests before this one may be there until the next garbage collection: those only become fewer.
    running = threads()
    once()
    wait_for(lambda: threads() <= running)
    fds = descriptors()
    for _ in range(30):
        once()
    wait_for(lambda: threads() <= running)
    wait_for(lambda: descriptors() <= fds)


def test_many_activations_under_load_never_give_a_wrong_answer(tmp_path):
    """Data and policy change together: no decision sees one without the other."""
    rounds, data_bytes = int(os.environ.get("SARK_ACTIVATIONS", "60")), int(os.environ.get("SARK_DATA_BYTES", "100000"))
    path, held = tmp_path / "b.tar.gz", []
    filler = {f"user{n}": {"roles": ["reader", "writer"], "department": f"department {n % 97}", "n": n} for n in range(data_bytes // 80)}

    def serve(number):
        policy = f"package p\nversion := {number}\nok if data.p.data == {number}\nok if data.d.n == {number}"
        pack(tmp_path / "next", {"/p/p.rego": policy.replace("data.p.data", "data.d.n"), "/d/data.json": {"n": number, "filler": filler}})
        (tmp_path / "next").rename(path)

    serve(0)
    engine = sark.Engine()
    source = engine.follow(f"bundle:{path}", name="b", logger=False, polling={"min_delay_seconds": 0.005, "max_delay_seconds": 0.005})
    source.wait()
    stop, wrong, decided = threading.Event(), [], [0, 0]

    def ask(who):
        last = -1
        while not stop.is_set():
            answer = engine.evaluate("data.p")
            decided[who] += 1
            if answer.get("ok") is not True or answer["version"] < last:
                wrong.append(answer)
            last = answer["version"]

    askers = [threading.Thread(target=ask, args=(who,)) for who in range(2)]
    for asker in askers:
        asker.start()
    for number in range(1, rounds):
        serve(number)
        wait_for(lambda number=number: engine.evaluate("data.p.version") >= number)
        held.append(resident())
    stop.set()
    for asker in askers:
        asker.join()
    assert not wrong and min(decided) > rounds
    # What was replaced is given back: of the last quarter as of the second, but for what the allocator keeps.
    quarter = len(held) // 4
    early, late = sorted(held[quarter : 2 * quarter])[quarter // 2], sorted(held[-quarter:])[quarter // 2]
    print(f"{rounds} activations of {data_bytes} bytes: {min(decided)} and {max(decided)} decisions beside them, {early:.0f} MB held early, {late:.0f} MB late")
    assert late <= early * 1.1, (early, late)
    wait_for(lambda: source.status()["activations"] == rounds)


def test_metrics_say_it(tmp_path):
    metrics = sark.Metrics()
    engine = sark.Engine(metrics=metrics)
    write(tmp_path, {"a.rego": "package a\nx := 1"})
    source = engine.follow(f"dir:{tmp_path}", name="mine")
    write(tmp_path, {"a.rego": "package a\nx :="})
    wait_for(lambda: source.status()["error"])
    text = metrics.render()
    assert 'sark_source_activations_total{source="mine",outcome="activated"} 1' in text
    assert 'sark_source_activations_total{source="mine",outcome="refused"} 1' in text
    assert 'sark_source_ready{source="mine"} 1' in text
    assert 'sark_source_age_seconds{source="mine"} ' in text


def test_an_engine_answers_once_all_its_sources_are_there(engine, nginx, authz):
    engine.follow(f"bundle:{authz(['admin'], 'v1')}", name="authz").wait()
    assert allows(engine, "admin")
    late = engine.follow(f"{nginx.url}/gone", name="users", **FAST)
    with pytest.raises(sark.Unavailable, match="users was not activated yet: server replied with 404"):
        allows(engine, "admin")
    late.close()
    assert allows(engine, "admin")
