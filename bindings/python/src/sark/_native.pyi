"""The extension that cffi compiles (native_build.py): `lib` holds the C functions, `ffi` makes and reads C values."""

from typing import Any

ffi: Any
lib: Any
