"""`sark._rust` as a compiled module, where the library was built as one: the same core, called with Python's values.

It is the file that cffi's extension is linked to, so a handle that was made through either is one of both. Without it (a library without the
feature `pyo3`, or PyPy) `sark._rust` is the module in Python beside it, and every call goes through `sark._calls`.
"""

from importlib import import_module
from importlib.machinery import ExtensionFileLoader
from importlib.util import find_spec
from typing import Any

from sark._native import ffi as ffi


def _find() -> Any:
    spec = find_spec("sark._rust")
    return import_module("sark._rust") if spec is not None and isinstance(spec.loader, ExtensionFileLoader) else None


rust: Any = _find()
"""The compiled module, or None."""


def calls(kind: str, handle: Any) -> Any:
    """The calls of a handle of this kind that the compiled module has, or None. They keep what the handle stands for alive."""
    return None if rust is None else getattr(rust, kind)(int(ffi.cast("uintptr_t", handle)))
