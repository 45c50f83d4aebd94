#!/bin/sh
# Installs sark as a user does, moves the installed tree, and builds and runs programs against it with CMake's
# find_package and with pkg-config.
#
#   tests/install/check.sh [LIB_DIR]     LIB_DIR holds libsark.so and libsark.a; without it cargo builds them
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

set -- ${1:+"-DSARK_LIB_DIR=$(cd "$1" && pwd)"}
cmake -S "$root" -B "$work/build" "$@" >"$work/log" || { cat "$work/log"; exit 1; }
cmake --build "$work/build"
cmake --install "$work/build" --prefix "$work/first" >"$work/log" || { cat "$work/log"; exit 1; }

# Nothing of the place it was installed to, or built in, may be remembered.
mv "$work/first" "$work/prefix"
if grep -rIl -e "$work" -e "$root" "$work/prefix"; then
  echo "the files above name a directory of this machine" >&2
  exit 1
fi
for file in include/sark.h include/sark.hpp include/sark/engine.hpp; do
  test -f "$work/prefix/$file" || { echo "$file is not installed" >&2; exit 1; }
done
lib=$(dirname "$(find "$work/prefix" -name libsark.a)")
test "$(readlink "$lib/libsark.so")" = libsark.so.0
readelf -d "$lib/libsark.so.0" | grep -q 'SONAME.*\[libsark\.so\.0\]' || { echo "wrong SONAME" >&2; exit 1; }

cmake -S "$here/cmake" -B "$work/consumer" -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/log" || { cat "$work/log"; exit 1; }
cmake --build "$work/consumer" >"$work/log" || { cat "$work/log"; exit 1; }
ctest --test-dir "$work/consumer" --output-on-failure

mkdir "$work/pkgconfig"
PKG_CONFIG_PATH="$lib/pkgconfig" make -s -C "$here/pkgconfig" OUT="$work/pkgconfig" check
echo "installed: CMake and pkg-config, C and C++"
