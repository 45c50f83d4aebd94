"""What the tests of the tester run: `opa test`, and an engine with the same modules and data."""

import json
import os
import pathlib
import subprocess

import sark

OUT = pathlib.Path(os.environ["SARK_OUT"])


def write(root, files):
    """Writes texts, by their paths, below a directory."""
    for name, text in files.items():
        path = pathlib.Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def opa_test(root, *arguments):
    """What `opa test --format=json` says of a directory."""
    done = subprocess.run([OUT / "opa", "test", "--format=json", *arguments, "."], cwd=root, capture_output=True, text=True)
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise AssertionError(f"opa test says no JSON: {done.stdout}{done.stderr}") from None


def load(files, **options):
    """An engine with the modules and the data."""
    engine = sark.Engine(**options)
    with engine.update() as update:
        for name, text in files.items():
            if name.endswith(".rego"):
                update.load_policy(name, text)
        if "data.json" in files:
            update.set_data(json.loads(files["data.json"]))
        update.commit()
    return engine
