"""Counts the instructions of ten hot paths with callgrind, and compares them with what expected.json says.

    run.py PROGRAM FOLDER [--bless]

PROGRAM is decide.c, linked with the library; what it reads is written below FOLDER. A count that differs by more than 3 % fails the run; with
--bless the counts become what is expected.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

from paths import PATHS, Path

DECISIONS = 200
TOLERANCE = 0.03
EXPECTED = pathlib.Path(__file__).parent / "expected.json"


def count(program: pathlib.Path, folder: pathlib.Path, name: str, path: Path) -> int:
    """The instructions of one decision."""
    here = folder / name
    here.mkdir(parents=True, exist_ok=True)
    (here / "policy.rego").write_text(path.policy)
    (here / "data.json").write_text(json.dumps(path.data))
    (here / "input.json").write_text(json.dumps(path.input))
    # Within the one function alone: neither loading nor what the program itself does.
    valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={here}/callgrind.out", "--collect-atstart=no", "--toggle-collect=sark_query_evaluate"]
    ran = subprocess.run([*valgrind, program, here, path.path, str(DECISIONS)], capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        sys.exit(f"{name}: {ran.stderr}")
    if json.loads(ran.stdout) != path.answer:
        sys.exit(f"{name}: decided {ran.stdout.strip()}, not {json.dumps(path.answer)}")
    total = re.search(r"Collected : (\d+)", ran.stderr)
    if not total:
        sys.exit(f"{name}: callgrind says nothing: {ran.stderr}")
    return int(total[1]) // DECISIONS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--bless", action="store_true")
    arguments = parser.parse_args()
    expected = json.loads(EXPECTED.read_text()) if EXPECTED.exists() else {}
    counts = {name: count(arguments.program.resolve(), arguments.folder, name, path) for name, path in PATHS.items()}
    if arguments.bless:
        EXPECTED.write_text(json.dumps(counts, indent=2) + "\n")
    bad = 0
    for name, found in counts.items():
        was = expected.get(name)
        change = "new" if was is None else f"{(found / was - 1) * 100:+.1f} %"
        differs = was is None or abs(found / was - 1) > TOLERANCE
        bad += differs
        print(f"{name:<12} {found:>9,} instructions a decision  {change}{'  DIFFERS' if differs else ''}")
    print(f"{len(counts)} paths, {bad} differ by more than {TOLERANCE:.0%}")
    if bad and not arguments.bless:
        print("If that is meant: make bless-instructions")
    return 1 if bad and not arguments.bless else 0


if __name__ == "__main__":
    sys.exit(main())
