"""What the tests of sources start: `opa build` and `opa sign`, nginx, a real OPA that follows the same bundle, and a server that waits."""

import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import time

import pytest

import sark

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import servers  # noqa: E402
from servers import OUT, PATIENCE, Opa, Proxy, Server, free_port, start_toxiproxy, wait_for  # noqa: E402, F401

FAST = {"polling": {"min_delay_seconds": 0.02, "max_delay_seconds": 0.05}}

POLICY = """package authz

default allow := false

allow if input.role in data.authz.roles
"""


def opa(*arguments, **options):
    """Runs OPA's program."""
    return subprocess.run([OUT / "opa", *map(str, arguments)], check=True, capture_output=True, text=True, **options).stdout


def write(root, files):
    """Writes files, text or a JSON value each, below a directory."""
    for name, content in files.items():
        path = pathlib.Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return root


def build(root, output, *arguments):
    """What `opa build` makes of a directory."""
    opa("build", "--bundle", root, "--output", output, *arguments)
    return output


def pack(output, files, links=()):
    """A tar.gz of these files, for what `opa build` would not make."""
    with tarfile.open(output, "w:gz", compresslevel=1) as archive:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else (content if isinstance(content, str) else json.dumps(content)).encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        for name, target in links:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
    return output


NGINX = """
daemon off; master_process off; worker_processes 1; pid ROOT/nginx.pid; error_log ROOT/error.log;
events {}
http {
  access_log ROOT/access.log;
  client_body_temp_path ROOT/t1; proxy_temp_path ROOT/t2; fastcgi_temp_path ROOT/t3; uwsgi_temp_path ROOT/t4; scgi_temp_path ROOT/t5;
  types { application/gzip gz; }
  server {
    listen 127.0.0.1:PORT;
    root ROOT/www;
    location /health { return 200; }
    location /never-modified { return 304; }
    location /gone { return 404; }
    location /broken { return 500; }
    location /moved { return 302 /bundles/authz.tar.gz; }
    location /guarded/ { if ($http_authorization != "Bearer s3cret") { return 401; } alias ROOT/www/bundles/; }
  }
}
"""


class Nginx(Server):
    """A server of bundles, which gives ETags and answers 304."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.bundles = self.root / "www" / "bundles"
        self.bundles.mkdir(parents=True)
        self.config = self.root / "nginx.conf"
        self.port = free_port()
        self.config.write_text(NGINX.replace("ROOT", str(root)).replace("PORT", str(self.port)))
        self.url = f"http://127.0.0.1:{self.port}"
        self.ready = "/health"
        self.command = ["nginx", "-c", str(self.config), "-p", str(root)]
        self.start()

    def serve(self, packed, name="authz.tar.gz"):
        """Has it serve another bundle, at once, with another ETag."""
        beside = self.bundles / (name + ".new")
        shutil.copy(packed, beside)
        # Two of one size within a second would have the same ETag.
        at = time.time() - 100_000 + (self.counter % 99_000)
        self.counter += 1
        os.utime(beside, (at, at))
        beside.rename(self.bundles / name)
        return f"{self.url}/bundles/{name}"

    counter = 0

    def requests(self):
        return (self.root / "access.log").read_text().splitlines()


@pytest.fixture
def nginx(tmp_path):
    server = Nginx(tmp_path / "nginx")
    yield server
    server.kill()


@pytest.fixture(scope="session")
def toxiproxy():
    server = start_toxiproxy()
    yield server
    server.kill()


@pytest.fixture
def engine():
    return sark.Engine(metrics=sark.Metrics())


@pytest.fixture
def authz(tmp_path):
    """A bundle of `opa build`, and how to make the next one."""
    def make(roles, revision, *arguments, files=None):
        root = tmp_path / f"src-{revision}"
        write(root, {"authz/policy.rego": POLICY, "authz/data.json": {"roles": roles}, ".manifest": {"revision": revision, "roots": ["authz"]}})
        write(root, files or {})
        return build(root, tmp_path / f"{revision}.tar.gz", *arguments)

    return make


def allows(engine, role):
    return engine.evaluate("data.authz.allow", {"role": role})


def follower_opa(url, name="authz", extra=None, arguments=()):
    """An OPA that follows the same bundle as its own configuration says."""
    base, _, resource = url.partition("/bundles/")
    config = {
        "services": {"s": {"url": base}},
        "status": {"prometheus": True},
        "bundles": {name: {"service": "s", "resource": f"bundles/{resource}", **FAST_OPA, **(extra or {})}},
    }
    if extra and "keys" in extra:
        config["keys"] = config["bundles"][name].pop("keys")
    path = OUT / "source" / f"opa-{free_port()}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(config))
    return Opa(None, "--config-file", path, *arguments)


FAST_OPA = {"polling": {"min_delay_seconds": 1, "max_delay_seconds": 1}}


def documents(server):
    """What OPA answers for all of data, without what it knows of itself."""
    status, body = server.request("POST", "/v1/data", b"{}")
    assert status == 200, body
    return json.loads(body).get("result")
