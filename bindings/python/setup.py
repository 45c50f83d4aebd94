"""Builds the Rust library, links the cffi extension to it, and puts both into the package.

For CPython the library is built with the feature `pyo3`: then the same file is the module `sark._rust`. SARK_LIB_DIR names a directory that
already holds a libsark.so, with the feature or without: that file is bundled, and nothing is built with cargo.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_ext import build_ext

CHECKOUT = Path(__file__).resolve().parents[2]
LINKED, SONAME, MODULE = "libsark.so", "libsark.so.0", "_rust.abi3.so"
IS_CPYTHON = sys.implementation.name == "cpython"
CARGO_ARGUMENTS = [
    "rustc", "--release", "--locked", "--lib", "--crate-type", "cdylib", "--message-format", "json-render-diagnostics",
    *(["--features", "pyo3"] if IS_CPYTHON else []), "--", "--cfg", "sark_cdylib",
]


def cargo_build() -> Path:
    """Build the library; where cargo says that it is."""
    command = [os.environ.get("CARGO", "cargo"), *CARGO_ARGUMENTS]
    done = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=True)
    for line in done.stdout.splitlines():
        for name in json.loads(line).get("filenames", []):
            if Path(name).name == LINKED:
                return Path(name)
    raise SystemExit(f"cargo built no {LINKED}")


def find_library() -> Path:
    given = os.environ.get("SARK_LIB_DIR")
    return Path(given, LINKED).resolve(strict=True) if given else cargo_build()


class BuildWithLibrary(build_ext):
    """build_ext, with the shared library that the extension is linked to laid beside it."""

    name = SONAME

    def run(self) -> None:
        library = find_library()
        # The name that cffi's extension looks for: the library's SONAME (build.rs).
        if b"PyInit__rust" in library.read_bytes():
            self.name = MODULE
        # What a build before this one left may be linked to the other.
        self.force = True
        for name in (SONAME, MODULE):
            self.bundled_path().with_name(name).unlink(missing_ok=True)
        for extension in self.extensions:
            extension.library_dirs.append(str(library.parent))
        super().run()
        shutil.copyfile(library, self.bundled_path())

    def bundled_path(self) -> Path:
        return Path(self.get_ext_fullpath("sark._native")).with_name(self.name)

    def get_outputs(self) -> list[str]:
        return [*super().get_outputs(), str(self.bundled_path())]


setup(
    cffi_modules=["native_build.py:ffi"],
    cmdclass={"build_ext": BuildWithLibrary},
    # One wheel for every Python from 3.11 on: the extension uses the stable ABI.
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
