"""Bundles of `opa build`, from disk and from nginx, beside an OPA that follows the same ones."""

import gzip
import json

import pytest
from conftest import FAST, POLICY, allows, build, documents, follower_opa, opa, pack, wait_for, write

import sark


def signed(root, key, *arguments):
    """Signs a directory as OPA does."""
    opa("sign", "--signing-key", key, "--output-file-path", ".", "--bundle", ".", *arguments, cwd=root)
    return root


@pytest.fixture
def keys(tmp_path):
    import subprocess

    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    subprocess.run(["openssl", "genrsa", "-out", private, "2048"], check=True, capture_output=True)
    subprocess.run(["openssl", "rsa", "-in", private, "-pubout", "-out", public], check=True, capture_output=True)
    return private, public


def test_a_bundle_on_disk_packed_or_not(tmp_path, engine, authz):
    packed = authz(["admin"], "v1")
    source = engine.follow(f"bundle:{packed}", name="authz")
    source.wait()
    status = source.status()
    assert (status["name"], status["revision"], status["type"], status["policies"]) == ("authz", "v1", "snapshot", 1)
    assert allows(engine, "admin") and engine.revision.endswith(" authz=v1")
    [name] = engine.policy_names()
    assert name.startswith("authz/") and name.endswith("/authz/policy.rego")
    source.close()
    other = sark.Engine()
    other.follow(f"bundle:{tmp_path / 'src-v1'}", name="authz").wait()
    assert other.evaluate("data") == engine.evaluate("data")


def test_a_served_bundle_is_followed_by_its_etag(engine, nginx, authz):
    url = nginx.serve(authz(["admin"], "v1"))
    source = engine.follow(url, name="authz", **FAST)
    source.wait()
    assert allows(engine, "admin") and source.status()["revision"] == "v1"
    wait_for(lambda: sum(' 304 ' in line for line in nginx.requests()) >= 3)
    assert source.status()["activations"] == 1
    nginx.serve(authz(["root"], "v2"))
    wait_for(lambda: allows(engine, "root"))
    assert source.status()["revision"] == "v2" and engine.revision.endswith(" authz=v2")


BUNDLES = {
    "roots": {"a/p.rego": "package a.b\nx := data.a.n", "a/data.json": {"n": 1.50}, ".manifest": {"revision": "r", "roots": ["a"]}},
    "metadata": {".manifest": {"revision": "r", "metadata": {"k": [1]}, "unknown": 1}, "data.json": {"x": 1}},
    "no manifest": {"p.rego": "package p\nx := data.q.y", "q/data.json": {"y": "ü<>&"}},
    "yaml": {"a/data.yaml": "k: on\nn: 0o17\nd: 2024-01-01\n", "b/data.yml": "[1, ~]"},
    "several files": {"data.json": {"a": {"x": 1}}, "a/data.json": {"y": 2}, "a/b/data.json": [3], "a/other.json": {"never": 1}},
    "v0": {"p.rego": "package p\nx { input.y }\nr[v] { v := 1 }", ".manifest": {"rego_version": 0}},
    "v0 file": {"p.rego": "package p\nx := 1", "q/q.rego": "package q\ny { true }", ".manifest": {"file_rego_versions": {"*/q.rego": 0}}},
    "overlapping roots": {".manifest": {"roots": ["a", "a/b"]}, "a/data.json": {}},
    "data outside": {".manifest": {"roots": ["a"]}, "b/data.json": {"x": 1}},
    "policy outside": {".manifest": {"roots": ["a"]}, "p.rego": "package b\nx := 1"},
    "data over a rule": {"p.rego": "package p\nx := 1", "p/data.json": {"x": 2}},
    "data twice": {"data.json": {"a": 1}, "a/data.json": {"b": 1}},
    "data no object": {"data.json": [1]},
    "does not parse": {"p.rego": "package p\nx := ", "q.rego": "package q"},
    "does not compile": {"p.rego": "package p\nx := y"},
    "bad version": {".manifest": {"rego_version": 7}, "data.json": {}},
    "bad roots": {".manifest": {"roots": "a"}, "data.json": {}},
    "two manifests": {".manifest": {}, "a/.manifest": {}, "data.json": {}},
    "a key with a percent sign": {".manifest": {"roots": ["a%2Fb"]}, "a%2Fb/data.json": {"x": 1}},
    "empty": {},
    "empty patch": {"patch.json": {"data": []}, "data.json": {"x": 1}},
    "empty documents": {"a/data.json": {}, "b/c/data.json": {}, ".manifest": {"roots": ["a", "b/c"]}},
}


@pytest.mark.parametrize("name", BUNDLES)
def test_what_opa_makes_of_it_sark_makes_of_it(name, tmp_path, engine, nginx):
    packed = pack(tmp_path / "b.tar.gz", {f"/{path}": content for path, content in BUNDLES[name].items()})
    url = nginx.serve(packed)
    source = engine.follow(url, name="authz", **FAST)
    server = follower_opa(url)
    try:
        status = wait_for(lambda: next((s for s in [opa_status(server)] if s), None))
        if "errors" in status or status.get("code"):
            with pytest.raises(sark.Error):
                source.wait(0.2)
        else:
            source.wait()
            assert engine.evaluate("data") == documents(server)
            known = json.loads(server.request("GET", "/v1/data/system/bundles/authz/manifest")[1])["result"]
            assert engine.evaluate("data.system.bundles.authz.manifest") == known
    finally:
        server.kill()


def opa_status(server):
    """How OPA's bundle is, once it was tried: {} with `code` where it was refused."""
    status, body = server.request("GET", "/health?bundles")
    if status == 200:
        return {"ok": True}
    _, body = server.request("GET", "/metrics")
    refused = [line for line in body.decode().splitlines() if line.startswith("bundle_failed_load_counter")]
    return {"code": "bundle_error"} if refused else None


def test_signatures_are_verified_as_opa_verifies_them(tmp_path, engine, keys):
    private, public = keys
    root = write(tmp_path / "src", {"authz/policy.rego": POLICY, "authz/data.json": {"roles": ["admin"], "n": 1e3, "s": "<ü>"}, ".manifest": {"roots": ["authz"]}})
    signed(root, private)
    configured = {"keys": {"mine": {"key": public.read_text()}}, "signing": {"keyid": "mine"}}
    engine.follow(f"bundle:{build_raw(root, tmp_path / 's.tar.gz')}", **configured).wait()
    assert allows(engine, "admin")
    built = tmp_path / "built.tar.gz"
    (root / ".signatures.json").unlink()
    opa("build", "--bundle", ".", "--output", built, "--signing-key", private, "--signing-alg", "RS256", cwd=root)
    configured["signing"] = {"keyid": "mine"}
    sark.Engine().follow(f"bundle:{built}", **configured).wait()


def build_raw(root, output):
    files = {f"/{path.relative_to(root)}": path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
    return pack(output, files)


FAULTS = {
    "unsigned": lambda files: files.pop("/.signatures.json"),
    "another policy": lambda files: files.update({"/authz/policy.rego": b"package authz\nallow := true"}),
    "one file more": lambda files: files.update({"/authz/more.rego": b"package authz.more"}),
    "one file less": lambda files: files.pop("/authz/data.json"),
    "another manifest": lambda files: files.update({"/.manifest": b'{"roots": ["authz", "x"]}'}),
    "two signatures": lambda files: files.update({"/a/.signatures.json": files["/.signatures.json"]}),
    "no token": lambda files: files.update({"/.signatures.json": b'{"signatures": []}'}),
    "a token of none": lambda files: files.update({"/.signatures.json": json.dumps({"signatures": [unsigned(files)]}).encode()}),
}


def unsigned(files):
    """The same token, of which the header says that nobody signed it."""
    token = json.loads(files["/.signatures.json"])["signatures"][0]
    return "eyJhbGciOiJub25lIn0." + token.split(".")[1] + "."


@pytest.mark.parametrize("fault", FAULTS)
def test_what_was_not_signed_so_is_refused_whole(fault, tmp_path, engine, keys):
    private, public = keys
    root = write(tmp_path / "src", {"authz/policy.rego": POLICY, "authz/data.json": {"roles": ["admin"]}, ".manifest": {"roots": ["authz"]}})
    signed(root, private)
    good = build_raw(root, tmp_path / "b.tar.gz")
    configured = {"keys": {"mine": {"key": public.read_text()}}, "signing": {"keyid": "mine"}, **FAST}
    source = engine.follow(f"bundle:{good}", name="b", **configured)
    source.wait()
    files = {f"/{path.relative_to(root)}": path.read_bytes() for path in root.rglob("*") if path.is_file()}
    FAULTS[fault](files)
    pack(tmp_path / "bad.tar.gz", files)
    (tmp_path / "bad.tar.gz").rename(good)
    wait_for(lambda: source.status()["error"])
    assert allows(engine, "admin") and not allows(engine, "guest"), "the last good state stays"
    # And OPA says the same.
    import subprocess

    from conftest import OUT

    ran = subprocess.run([OUT / "opa", "build", "--bundle", good, "--verification-key", public, "--verification-key-id", "mine", "-o", tmp_path / "x.tar.gz"], capture_output=True, check=False)
    assert ran.returncode != 0


def test_the_wrong_key_scope_and_name(tmp_path, engine, keys):
    private, public = keys
    root = write(tmp_path / "src", {"data.json": {"x": 1}})
    (tmp_path / "claims.json").write_text('{"scope": "write", "keyid": "mine"}')
    signed(root, private, "--claims-file", tmp_path / "claims.json")
    packed = build_raw(root, tmp_path / "b.tar.gz")
    key = {"key": public.read_text()}
    for configured, says in [
        ({"keys": {"other": key}}, "mine not found"),
        ({"keys": {"mine": key}}, "scope mismatch"),
        ({"keys": {"mine": {"key": "secret", "algorithm": "HS256"}}}, "failed to verify"),
        ({"keys": {"mine": key}, "signing": {"scope": "read"}}, "scope mismatch"),
    ]:
        with pytest.raises(sark.Error, match=says):
            sark.Engine().follow(f"bundle:{packed}", **configured).wait(0)
    for configured in ({"keys": {"mine": key}, "signing": {"scope": "write"}}, {"keys": {"mine": {**key, "scope": "write"}}}):
        sark.Engine().follow(f"bundle:{packed}", **configured).wait(0)
    with pytest.raises(sark.Error, match="give keys"):
        sark.Engine().follow(f"bundle:{packed}").wait(0)


@pytest.mark.parametrize("algorithm", ["HS256", "HS512", "ES256", "ES384", "ES512", "PS256", "PS512", "RS384"])
def test_each_algorithm(algorithm, tmp_path, engine):
    import subprocess

    root = write(tmp_path / "src", {"data.json": {"x": 1}})
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    if algorithm.startswith("HS"):
        signing, key = "secret", "secret"
    else:
        curve = {"ES256": "prime256v1", "ES384": "secp384r1", "ES512": "secp521r1"}.get(algorithm)
        command = ["ecparam", "-genkey", "-noout", "-name", curve] if curve else ["genrsa"]
        subprocess.run(["openssl", *command, "-out", private], check=True, capture_output=True)
        subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True, capture_output=True)
        signing, key = private, public.read_text()
    signed(root, signing, "--signing-alg", algorithm)
    packed = build_raw(root, tmp_path / "b.tar.gz")
    configured = {"keys": {"k": {"key": key, "algorithm": algorithm}}, "signing": {"keyid": "k"}}
    engine.follow(f"bundle:{packed}", **configured).wait(0)
    assert engine.evaluate("data.x") == 1


DELTAS = [
    ([{"op": "upsert", "path": "/authz/roles", "value": ["root"]}], True),
    ([{"op": "upsert", "path": "authz/new/deep", "value": {"x": 1}}], True),
    ([{"op": "upsert", "path": "/authz/roles/-", "value": "ops"}], True),
    ([{"op": "upsert", "path": "/authz/roles/0", "value": "first"}], True),
    ([{"op": "replace", "path": "/authz/roles/0", "value": "other"}], True),
    ([{"op": "remove", "path": "/authz/roles"}, {"op": "upsert", "path": "/authz/roles", "value": []}], True),
    ([{"op": "upsert", "path": "/authz/a~1b", "value": 1}, {"op": "upsert", "path": "/authz/c%20d", "value": 2}], True),
    ([{"op": "replace", "path": "/authz/nothing", "value": 1}], False),
    ([{"op": "remove", "path": "/authz/nothing"}], False),
    ([{"op": "add", "path": "/authz/x", "value": 1}], False),
    ([{"op": "upsert", "path": "/other/x", "value": 1}], False),
    ([{"op": "upsert", "path": "/authz/allow", "value": True}], False),
    ([{"op": "upsert", "path": "/authz/roles/7", "value": 1}], False),
    ([{"op": "upsert", "path": "/authz/roles/x", "value": 1}], False),
]


@pytest.mark.parametrize(("operations", "fits"), DELTAS)
def test_deltas_change_what_is_there_as_opas_do(operations, fits, tmp_path, engine, nginx, authz):
    url = nginx.serve(authz(["admin"], "v1"))
    source, server = engine.follow(url, name="authz", **FAST), follower_opa(url)
    try:
        source.wait()
        wait_for(lambda: (documents(server) or {}).get("authz"))
        manifest = {"revision": "v2", "roots": ["authz"]}
        nginx.serve(pack(tmp_path / "d.tar.gz", {"/patch.json": {"data": operations}, "/.manifest": manifest}))
        if fits:
            wait_for(lambda: source.status()["revision"] == "v2")
            assert source.status()["type"] == "delta"
            wait_for(lambda: documents(server) == engine.evaluate("data"))
        else:
            wait_for(lambda: source.status()["error"])
            assert source.status()["revision"] == "v1" and allows(engine, "admin")
            wait_for(lambda: opa_refuses(server))
            assert documents(server)["authz"]["roles"] == ["admin"]
    finally:
        server.kill()


def opa_refuses(server):
    _, body = server.request("GET", "/metrics")
    return any(line.startswith("bundle_failed_load_counter") for line in body.decode().splitlines())


def test_a_delta_needs_a_whole_and_the_same_roots_and_no_key(tmp_path, engine, nginx, authz):
    patch = {"/patch.json": {"data": [{"op": "upsert", "path": "/authz/x", "value": 1}]}, "/.manifest": {"revision": "d", "roots": ["authz"]}}
    delta = pack(tmp_path / "d.tar.gz", patch)
    source = engine.follow(nginx.serve(delta), name="authz", **FAST)
    with pytest.raises(sark.Conflict, match="before there was a whole"):
        source.wait(0.1)
    nginx.serve(authz(["admin"], "v1"))
    source.wait()
    other = pack(tmp_path / "o.tar.gz", {**patch, "/.manifest": {"roots": ["authz", "x"]}})
    nginx.serve(other)
    wait_for(lambda: "other roots" in str(source.status()["error"]))
    keyed = sark.Engine().follow(f"bundle:{delta}", keys={"k": {"key": "s", "algorithm": "HS256"}})
    with pytest.raises(sark.InvalidArgument, match="nothing unsigned"):
        keyed.wait(0)


def test_several_bundles_stand_side_by_side(tmp_path, engine, nginx, authz):
    first = engine.follow(nginx.serve(authz(["admin"], "v1")), name="authz", **FAST)
    users = pack(tmp_path / "u.tar.gz", {"/users/data.json": {"alice": 1}, "/.manifest": {"revision": "7", "roots": ["users"]}})
    second = engine.follow(nginx.serve(users, "users.tar.gz"), name="users", **FAST)
    second.wait()
    assert engine.evaluate("data.users.alice") == 1 and allows(engine, "admin")
    assert engine.revision.endswith(" authz=v1,users=7")
    overlapping = pack(tmp_path / "o.tar.gz", {"/authz/data.json": {"roles": []}, "/.manifest": {"roots": ["authz"]}})
    third = engine.follow(f"bundle:{overlapping}", name="third")
    with pytest.raises(sark.Conflict, match=r'its root "authz" overlaps "authz" of the source authz'):
        third.wait(0)
    # One that was never activated keeps the engine from answering until it is closed.
    with pytest.raises(sark.Unavailable):
        allows(engine, "admin")
    third.close()
    assert allows(engine, "admin")
    with pytest.raises(sark.Conflict, match="follows a source named users"):
        engine.follow(f"bundle:{overlapping}", name="users")
    first.close()
    assert allows(engine, "admin"), "what was in force stays"
    engine.patch_data("/authz/roles", ["mine"])
    assert allows(engine, "mine")
    assert [source["name"] for source in engine.sources()] == ["users"]


def test_two_sources_never_bring_one_policy(tmp_path, engine):
    """Names of policies begin with their source's, and those may be paths."""
    first = pack(tmp_path / "1.tar.gz", {"/b/x.rego": "package one\nx := 1", "/.manifest": {"roots": ["one"]}})
    second = pack(tmp_path / "2.tar.gz", {"/x.rego": "package two\nx := 2", "/.manifest": {"roots": ["two"]}})
    engine.follow(f"bundle:{first}", name="a").wait(0)
    source = engine.follow(f"bundle:{second}", name="a/b")
    with pytest.raises(sark.Conflict, match="there is a policy a/b/x.rego already"):
        source.wait(0)
    source.close()
    assert engine.evaluate("data") == {"one": {"x": 1}}


def test_what_would_reach_outside_is_named(tmp_path, engine):
    policy = 'package p\nlocal := 1\nfar := http.send({"method": "GET", "url": "http://127.0.0.1:1"}).body'
    packed = pack(tmp_path / "b.tar.gz", {"/p.rego": policy})
    source = engine.follow(f"bundle:{packed}", name="b")
    source.wait()
    assert [(found["builtin"], found["row"]) for found in source.status()["outside_calls"]] == [("http.send", 3)]
    assert engine.evaluate("data.p.local") == 1
    assert engine.evaluate("data.p.far") is sark.UNDEFINED
    with pytest.raises(sark.EvaluationError, match="disallowed host: 127.0.0.1"):
        engine.evaluate("data.p.far", strict=True)
    engine.allow_net(["127.0.0.1"])
    source.close()
    again = engine.follow(f"bundle:{packed}", name="again")
    again.wait()
    assert again.status()["outside_calls"] == []


def test_a_gzip_of_several_parts_is_one(tmp_path, engine, authz):
    packed = authz(["admin"], "v1")
    raw = gzip.decompress(packed.read_bytes())
    packed.write_bytes(gzip.compress(raw[:1000]) + gzip.compress(raw[1000:]))
    engine.follow(f"bundle:{packed}").wait(0)
    assert allows(engine, "admin")
