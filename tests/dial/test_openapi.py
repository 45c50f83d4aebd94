"""The description of the API, taken at its word by schemathesis: what it draws, and what it checks, is not ours."""

import pathlib
import re
import subprocess
import sys

import pytest
from conftest import WRITER, Client, Server

SCHEMATHESIS = pathlib.Path(sys.executable).with_name("schemathesis")
EXAMPLES, SEED = 20, 7


@pytest.mark.parametrize("kind", ["fastapi", "go", "express"])
def test_the_api_is_as_it_describes_itself(kind, tmp_path):
    server = Server(kind, f"file:{tmp_path}/flags.json")
    try:
        with Client(server, "/admin") as client:
            described = client.get("/openapi.json")
        # From a file: of a document that it fetched, schemathesis leaves out the route where it did.
        (tmp_path / "openapi.json").write_bytes(described.content)
        options = ["--checks", "all", "--max-examples", str(EXAMPLES), "--seed", str(SEED), "--no-color"]
        token = ["--header", f"Authorization: Bearer {WRITER}"]
        command = [str(SCHEMATHESIS), "run", "openapi.json", "--url", server.url, *options, *token]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        print(ran.stdout, ran.stderr)
        assert ran.returncode == 0
        routes = len(described.json()["paths"])
        assert f"Selected: {routes}/{routes}" in ran.stdout and f"Tested: {routes}" in ran.stdout
        assert int(re.search(r"(\d+) generated, \1 passed", ran.stdout)[1]) > 200
        assert server.is_alive() and not any("Traceback" in line for line in server.log)
    finally:
        server.stop()
