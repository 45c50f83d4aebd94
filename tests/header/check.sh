#!/bin/sh
# Compiles the headers as users of every strictness do; links the C++ one from two translation units.
#
#   tests/header/check.sh [LIB_DIR]     LIB_DIR holds libsark.so; without it nothing is linked
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

warnings="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
include="-I$root/include -I$root/bindings/cpp/include"
c=${CC:-cc}
cpp=${CXX:-c++}

# A system header (-isystem, or in /usr/include) hides its own warnings: here it is not one.
for standard in c99 c11; do
  $c -std=$standard -pedantic-errors $warnings -Wstrict-prototypes $include -c "$here/c99.c" -o "$work/c99.o"
done
for standard in c++17 c++20; do
  $cpp -std=$standard -pedantic-errors $warnings $include -c "$here/cpp17.cpp" -o "$work/cpp17.o"
  for mode in "" "-fno-exceptions -fno-rtti"; do
    for unit in sark_hpp sark_hpp_again; do
      $cpp -std=$standard -pedantic-errors $warnings $mode $include -c "$here/$unit.cpp" -o "$work/$unit.o"
    done
  done
done
# Each header of a noun stands on its own.
for header in "$root"/bindings/cpp/include/sark/*.hpp; do
  printf '#include <sark/%s>\n' "$(basename "$header")" >"$work/alone.cpp"
  $cpp -std=c++17 $warnings $include -c "$work/alone.cpp" -o "$work/alone.o"
done
if [ $# -gt 0 ]; then
  ln -s "$(cd "$1" && pwd)/libsark.so" "$work/libsark.so.0"
  for program in "$c $work/c99.o" "$cpp $work/cpp17.o" "$cpp $work/sark_hpp.o $work/sark_hpp_again.o"; do
    $program "$work/libsark.so.0" -o "$work/program"
    LD_LIBRARY_PATH="$work" "$work/program"
  done
fi
echo "headers: C99, C11, C++17, C++20, with and without exceptions"
