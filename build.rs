//! What the shared library is called, and that it stays loaded: its threads and fork handlers may outlive any `dlclose`.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // The number grows only with an incompatible ABI: never, if rule 13 of the ABI law is kept.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libsark.so.0");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
