// Puts the shared library and the generated declarations into native/, which the package ships.
// SARK_LIB_DIR names a directory that already holds a libsark.so: it is taken, and nothing is built with cargo.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const checkout = fileURLToPath(new URL("../../../", import.meta.url));
const native = fileURLToPath(new URL("../native/", import.meta.url));
const LIBRARY = "libsark.so";
const SONAME = "libsark.so.0";
const CARGO_ARGUMENTS = ["rustc", "--release", "--locked", "--lib", "--crate-type", "cdylib", "--message-format", "json-render-diagnostics", "--", "--cfg", "sark_cdylib"];

/** Builds the library; where cargo says that it is. */
function cargoBuild() {
  const output = execFileSync(process.env.CARGO ?? "cargo", CARGO_ARGUMENTS, {
    cwd: checkout,
    encoding: "utf8",
    maxBuffer: 64 << 20,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const files = output.split("\n").filter(Boolean).flatMap((line) => JSON.parse(line).filenames ?? []);
  const library = files.find((file) => basename(file) === LIBRARY);
  if (library === undefined) throw new Error(`cargo built no ${LIBRARY}`);
  return library;
}

const library = process.env.SARK_LIB_DIR ? join(process.env.SARK_LIB_DIR, LIBRARY) : cargoBuild();
mkdirSync(native, { recursive: true });
copyFileSync(library, join(native, SONAME));
copyFileSync(join(checkout, "bindings", "sark.json"), join(native, "sark.json"));
