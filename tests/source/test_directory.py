"""`dir:PATH`: what `opa run PATH` reads, watched, and activated when quiet."""

import json
import os
import time

import pytest
from conftest import POLICY, Opa, allows, documents, wait_for, write

import sark

LAYOUT = {
    "authz/policy.rego": POLICY,
    "authz/data.json": {"roles": ["admin"], "n": 1.0, "big": 12345678901234567890},
    "authz/policy_test.rego": "package authz_test\ntest_it if false",
    "config.yaml": "a: &x {b: 1}\nc:\n  <<: *x\n  on: off\nd: 0x1F\n",
    "deep/er/values.yml": "[1, two, null]",
    "deep/list.json": {"k": [1]},
    "notes.txt": "nothing",
    "v.rego": "package v\nimport data.authz\nn := count(authz.roles)",
}


def test_it_is_read_as_opa_reads_it(tmp_path, engine):
    write(tmp_path, LAYOUT)
    engine.follow(f"dir:{tmp_path}").wait()
    os.remove(tmp_path / "authz/policy_test.rego")
    server = Opa(None, tmp_path)
    try:
        assert engine.evaluate("data") == documents(server)
        assert '"n":1.0' in engine.evaluate_json("data.authz").decode()
    finally:
        server.kill()


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"a.rego": "package a\nx := "}, "rego_parse_error"),
        ({"a.rego": "package a\nx := y"}, "rego_unsafe_var_error"),
        ({"a.json": {"x": 1}, "b.json": {"x": 1}}, "conflicting values at data.x"),
        ({"a.json": [1]}, "must be of type object"),
        ({"a.json": "{"}, "a.json"),
        ({"a.yaml": "a: [1"}, "a.yaml"),
        ({"p.rego": "package p\nx := 1", "p/data.json": {"x": 2}}, "conflicting rule"),
    ],
)
def test_what_opa_refuses_is_refused_and_named(tmp_path, engine, files, says):
    write(tmp_path, files)
    source = engine.follow(f"dir:{tmp_path}")
    with pytest.raises(sark.Error) as refused:
        source.wait(0)
    assert says in str(refused.value) or says == refused.value.code
    assert source.status()["error"]["message"]
    with pytest.raises(sark.Unavailable, match="not activated yet"):
        engine.evaluate("data.a.x")
    import subprocess

    from conftest import OUT

    ran = subprocess.run([OUT / "opa", "eval", "-d", tmp_path, "data"], capture_output=True, text=True, check=False)
    assert ran.returncode != 0, "OPA takes it"


def test_a_change_comes_into_force_when_it_is_quiet(tmp_path, engine):
    write(tmp_path, {"authz/policy.rego": POLICY, "authz/data.json": {"roles": ["admin"]}})
    source = engine.follow(f"dir:{tmp_path}")
    before = source.status()["revision"]
    write(tmp_path, {"authz/data.json": {"roles": ["root"]}})
    wait_for(lambda: allows(engine, "root"))
    assert not allows(engine, "admin")
    assert source.status()["revision"] != before
    # A file that is written and written is not read before it is whole.
    with open(tmp_path / "authz/data.json", "w") as file:
        for part in ('{"roles"', ': ["ops', '"', "]}"):
            file.write(part)
            file.flush()
            time.sleep(0.08)
    wait_for(lambda: allows(engine, "ops"))
    # It may be seen unfinished where the machine was slow: then it was refused, and the last good state stayed.
    assert source.status()["error"] is None


def test_a_policy_that_breaks_leaves_the_last_good_state(tmp_path, engine):
    write(tmp_path, {"authz/policy.rego": POLICY, "authz/data.json": {"roles": ["admin"]}})
    source = engine.follow(f"dir:{tmp_path}")
    write(tmp_path, {"authz/policy.rego": "package authz\nallow if {"})
    wait_for(lambda: source.status()["error"])
    assert source.status()["error"]["code"] == "rego_parse_error"
    assert allows(engine, "admin")
    write(tmp_path, {"authz/policy.rego": "package authz\nallow := true"})
    wait_for(lambda: allows(engine, "nobody"))
    assert source.status()["error"] is None


def test_files_that_go_are_gone(tmp_path, engine):
    write(tmp_path, {"a.rego": "package a\nx := 1", "b.rego": "package b\ny := 2"})
    engine.follow(f"dir:{tmp_path}")
    os.remove(tmp_path / "b.rego")
    wait_for(lambda: engine.evaluate("data.b.y") is sark.UNDEFINED)
    assert engine.evaluate("data.a.x") == 1


def test_a_mounted_config_map_is_read_once(tmp_path, engine):
    """Kubernetes mounts a directory of links into `..data`, and swaps that."""
    write(tmp_path / "..2024", {"authz.rego": "package authz\nallow := 1"})
    (tmp_path / "..data").symlink_to("..2024")
    (tmp_path / "authz.rego").symlink_to("..data/authz.rego")
    engine.follow(f"dir:{tmp_path}").wait()
    assert engine.evaluate("data.authz.allow") == 1
    write(tmp_path / "..2025", {"authz.rego": "package authz\nallow := 2"})
    (tmp_path / "..new").symlink_to("..2025")
    os.rename(tmp_path / "..new", tmp_path / "..data")
    wait_for(lambda: engine.evaluate("data.authz.allow") == 2)


def test_links_in_circles_are_refused(tmp_path, engine):
    write(tmp_path, {"a/x.json": {"x": 1}})
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    source = engine.follow(f"dir:{tmp_path}")
    with pytest.raises(sark.LimitExceeded, match="leads back"):
        source.wait(0)


def test_roots_leave_room_for_others(tmp_path, engine):
    write(tmp_path, {"authz/policy.rego": POLICY, "authz/data.json": {"roles": ["admin"]}})
    engine.follow(f"dir:{tmp_path}", roots=["authz"]).wait()
    engine.patch_data("/users", {"alice": 1})
    engine.load_policy("mine", "package mine\nx := data.users.alice")
    assert engine.evaluate("data.mine.x") == 1 and allows(engine, "admin")
    with pytest.raises(sark.Conflict, match="comes from the source dir"):
        engine.patch_data("/authz/roles", [])
    with pytest.raises(sark.Conflict):
        engine.load_policy("other", "package authz.more")
    engine.clear_policies()
    assert allows(engine, "admin"), "what a source brought stays"
    write(tmp_path, {"users/data.json": {"bob": 1}})
    source_error = wait_for(lambda: next((s["error"] for s in [engine_status(engine)] if s["error"]), None))
    assert "do not permit data at data.users" in source_error["message"]


def engine_status(engine):
    return engine.sources()[0]


def test_events_tell_what_happened(tmp_path, engine):
    write(tmp_path, {"a.rego": "package a\nx := 1"})
    source = engine.follow(f"dir:{tmp_path}", logger=False)
    first = next(iter(source))
    assert first["fields"]["policies"] == 1 and first["fields"]["source"] == "dir"
    write(tmp_path, {"a.rego": "package a\nx :="})
    refused = wait_for(source.next_event)
    assert (refused["event"], refused["level"]) == ("refused", "error")
    assert refused["fields"]["errors"][0]["location"]["row"] == 2
    source.close()
    assert list(source) == []
    json.dumps(source.status())
