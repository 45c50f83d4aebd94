"""A process that uses sark, the OPA that it asks, and a Prometheus that scrapes it: real ones, on free ports."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import app as the_app
import pytest
import yaml

HERE = pathlib.Path(__file__).resolve().parent
KIT = HERE.parents[1] / "monitoring"
OUT = pathlib.Path(os.environ.get("SARK_OUT", HERE.parents[1] / "target"))

ALERTS = {rule["alert"]: rule for group in yaml.safe_load((KIT / "alerts.yml").read_text())["groups"] for rule in group["rules"]}
DASHBOARD = json.loads((KIT / "grafana" / "sark.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]

VARIABLES = {"$job": ".*", "$instance": ".*", "$__rate_interval": "10s", "$__range": "1m"}
"""What Grafana would put into an expression."""

PATIENCE = 30.0
"""Seconds that anything may take on a slow machine."""


def expressions():
    """Of all panels, as Prometheus gets them: (a name for a person, the expression)."""
    for panel in PANELS:
        for target in panel["targets"]:
            expression = target["expr"]
            for variable, value in VARIABLES.items():
                expression = re.sub(re.escape(variable) + r"\b", value, expression)
            yield f"{panel['title']} {target['refId']}", expression


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, patience=PATIENCE):
    """Waits until `what()` is true, and gives it."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if value := what():
            return value
        time.sleep(0.05)
    raise AssertionError(f"not true within {patience} s: {what}")


def get(url, body=None, method=None):
    """What a server answers, and nothing where nobody does. A proxy of the environment is not asked."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with contextlib.suppress(urllib.error.URLError, OSError):
        with opener.open(urllib.request.Request(url, body, method=method), timeout=PATIENCE) as answer:
            return answer.read().decode() or "nothing"
    return None


class Running:
    """A process of the tests' own."""

    def __init__(self, *command, **pipes):
        self.process = subprocess.Popen([str(part) for part in command], text=True, **pipes)

    def kill(self):
        self.process.kill()
        self.process.wait()


class Opa(Running):
    def __init__(self):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(OUT / "opa", "run", "--server", "--addr", f"127.0.0.1:{port}", "--log-level", "error", "--skip-version-check")
        wait_for(lambda: get(f"{self.url}/health"))
        wait_for(lambda: get(f"{self.url}/v1/policies/authz", the_app.POLICY.encode(), "PUT"))


class App(Running):
    def __init__(self, opa, folder):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        super().__init__(sys.executable, HERE / "app.py", opa.url, folder, **pipes)
        self.address = f"127.0.0.1:{int(self.process.stdout.readline())}"

    def metrics(self):
        """What it exports: samples by name, each a dict of its labels."""
        found = {}
        for line in get(f"http://{self.address}/metrics").splitlines():
            if not line.startswith("#"):
                name, labels = re.fullmatch(r"(\w+)(?:\{(.*)\})? \S+", line).groups()
                found.setdefault(name, []).append(dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or "")))
        return found

    def fail(self):
        self.process.stdin.write("fail\n")
        self.process.stdin.flush()


class Prometheus(Running):
    """It has our alerts, but does not wait before it fires."""

    def __init__(self, folder, target):
        assert shutil.which("prometheus"), "prometheus is missing; scripts/packages installs it"
        at_once = re.sub(r"\bfor: \w+", "for: 0s", (KIT / "alerts.yml").read_text())
        (folder / "alerts.yml").write_text(at_once)
        job = {"job_name": "gateway", "static_configs": [{"targets": [target]}]}
        often = {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"}
        (folder / "prometheus.yml").write_text(yaml.safe_dump({"global": often, "rule_files": ["alerts.yml"], "scrape_configs": [job]}))
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        super().__init__(
            "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
            f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
        )  # fmt: skip
        wait_for(lambda: get(f"{self.url}/-/ready"))

    def ask(self, path, **parameters):
        return json.loads(get(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"))["data"]

    def query(self, expression):
        return self.ask("query", query=expression)["result"]

    def alerts(self):
        """Each alert's state; all rules have to be well."""
        rules = [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]
        assert all(rule["health"] in ("ok", "unknown") for rule in rules), [rule.get("lastError") for rule in rules]
        return {rule["name"]: rule["state"] for rule in rules if rule["health"] == "ok"}


@pytest.fixture(scope="session")
def opa():
    server = Opa()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def app(opa, tmp_path_factory):
    process = App(opa, tmp_path_factory.mktemp("app"))
    yield process
    process.kill()


@pytest.fixture(scope="session")
def prometheus(app, tmp_path_factory):
    server = Prometheus(tmp_path_factory.mktemp("prometheus"), app.address)
    yield server
    server.kill()
