"""What cffi compiles into `sark._native`: the generated declarations over the generated header, nothing by hand."""

from pathlib import Path

from cffi import FFI

CHECKOUT = Path(__file__).resolve().parents[2]
DECLARATIONS = CHECKOUT / "bindings" / "sark.cdef"

if not DECLARATIONS.exists():
    raise SystemExit(f"sark-policy is built inside a checkout of sark: {DECLARATIONS} is missing")

ffi = FFI()
ffi.cdef(DECLARATIONS.read_text(encoding="utf-8"))
ffi.set_source(
    "sark._native",
    '#include "sark.h"',
    include_dirs=[str(CHECKOUT / "include")],
    libraries=["sark"],
    # The library lies beside the extension, inside the package.
    runtime_library_dirs=["$ORIGIN"],
)
