"""`python -m sark.check SOURCE`: what would load, what not and why."""

import json
import subprocess
import sys

import pytest
from conftest import POLICY, free_port, pack, write

RULES = "\n".join(f'r contains "{n}" if input.kind == "k{n}"' for n in range(50))

FILES = {
    "authz/policy.rego": POLICY,
    "authz/data.json": {"roles": ["admin"]},
    "more.rego": f'package more\nnow := time.now_ns()\nfar := net.lookup_ip_addr("127.0.0.1")\nf(x) := x\n{RULES}\nr contains "always" if input.x > 1',
}


def run(*arguments):
    ran = subprocess.run([sys.executable, "-m", "sark.check", *map(str, arguments)], capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout, ran.stderr


def test_what_loads_is_listed_with_what_it_costs(tmp_path):
    write(tmp_path, FILES)
    code, said, _ = run(tmp_path)
    assert code == 0
    assert "2 policies load, revision " in said
    assert "package data.authz, Rego v1" in said
    assert "data.more.now    not deterministic, never cached: time.now_ns" in said
    assert "data.more.far    not deterministic, never cached: net.lookup_ip_addr; REACHES OUTSIDE: net.lookup_ip_addr" in said
    assert "data.more.r    51 rules, 0 looked at always; the others by input.kind, input.x (hashed)" in said
    assert f"{tmp_path}/more.rego:3:8: net.lookup_ip_addr" in said
    report = json.loads(run(tmp_path, "--json")[1])
    assert {document["path"]: document["rules"] for document in report["documents"]}["data.more.r"] == 51
    packed = pack(tmp_path / "b.tar.gz", {f"/{name}": content for name, content in FILES.items()})
    assert run(packed)[0] == 0


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"a.rego": "package a\nx :=", "b.rego": "package b\ny { true }"}, ["/a.rego:2:", "rego_parse_error", "/b.rego:2:"]),
        ({"a.rego": "package a\nx := y"}, ["/a.rego:2:6: rego_unsafe_var_error: var y is unsafe"]),
        ({"a.rego": "package a\nx := 1", "a/d.json": {"x": 1}}, ["rego_compile_error: conflicting rule for data path"]),
        ({"a.json": "{"}, ["SERIALIZATION_ERROR", "/a.json"]),
    ],
)
def test_what_does_not_load_is_named_with_opas_codes(tmp_path, files, says):
    code, said, _ = run(write(tmp_path, files))
    assert code == 1 and said.startswith("Does not load; nothing of it would be in force:")
    assert all(part in said for part in says), said


def test_what_is_no_source():
    for source, says in [("ftp://x", "no such kind of source"), ("dir:/no/such/path", "No such file"), (f"http://127.0.0.1:{free_port()}/b", "request failed")]:
        code, _, problem = run(source)
        assert code == 2 and says in problem, problem
    assert run("dir:/tmp", "--config", '{"nosuch": 1}')[0] == 2
