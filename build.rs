//! What the shared library is called, and that it stays loaded: its threads and fork handlers may outlive any `dlclose`.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // As Python's module it lies in the package under the module's name, and the compiled cffi, linked to it, finds it there: one core.
    // Otherwise the number grows only with an incompatible ABI: never, if rule 13 of the ABI law is kept.
    let name = if std::env::var_os("CARGO_FEATURE_PYO3").is_some() { "_rust.abi3.so" } else { "libsark.so.0" };
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,{name}");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
