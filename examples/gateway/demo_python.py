"""Decide the gateway's requests with sark, from Python.

Usage: demo_python.py POLICY_DIR DATA_JSON REQUESTS_JSONL ACI_DIR OUT_FILE    (see demo.py)
"""

import json
import pathlib
import sys
import time

import sark


def load(directory: pathlib.Path) -> dict[str, str]:
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(directory.glob("*.rego"))}


def decide(policies: pathlib.Path, data: pathlib.Path, requests: list[bytes]) -> tuple[list[bytes], float]:
    """Every request's decision as a line, and the seconds that deciding took."""
    lines = []
    with sark.Engine() as engine:
        engine.load_policies(load(policies))
        engine.set_data(json.loads(data.read_bytes()))
        with engine.prepare("data.gateway.decision") as query:
            started = time.perf_counter()
            for request in requests:
                try:
                    result = query.evaluate_json(request)
                    lines.append(result if result is not sark.UNDEFINED else b"undefined")
                except sark.Error as error:
                    lines.append(b"error " + error.status.encode())
            return lines, time.perf_counter() - started


def decide_aci(directory: pathlib.Path) -> object:
    """Azure's confidential container policy, which is written in Rego v0."""
    with sark.Engine(rego_version="v0") as engine:
        engine.load_policies(load(directory))
        engine.set_data(json.loads((directory / "data.json").read_bytes()))
        return engine.evaluate("data.framework.mount_overlay", json.loads((directory / "input.json").read_bytes()))


def main() -> None:
    policies, data, requests, aci, output = map(pathlib.Path, sys.argv[1:])
    lines, seconds = decide(policies, data, requests.read_bytes().splitlines())
    output.write_bytes(b"".join(line + b"\n" for line in lines))
    errors = sum(line.startswith(b"error ") for line in lines)
    undefined = lines.count(b"undefined")
    allowed = sum(line.startswith(b"{") and json.loads(line)["allow"] is True for line in lines)
    answer = decide_aci(aci)
    summary = {
        "language": "python",
        "decisions": len(lines),
        "allowed": allowed,
        "denied": len(lines) - allowed - undefined - errors,
        "undefined": undefined,
        "errors": errors,
        "seconds": seconds,
    }
    if answer is not sark.UNDEFINED:
        summary["aci"] = answer
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
