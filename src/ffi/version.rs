//! What library this is.

use super::boundary::infallible;
use super::error::sark_str;

/// The version of the ABI that the header describes. It grows when functions are added; none is ever removed or changed.
pub const SARK_ABI_VERSION: u32 = 1;

/// The version of the ABI that the loaded library has: no smaller than `SARK_ABI_VERSION` of a header that fits it.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn sark_abi_version() -> u32 {
    SARK_ABI_VERSION
}

/// The library's version, such as `0.1.0`.
///
/// Ownership: the text is static.
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn sark_version() -> sark_str {
    infallible(sark_str::EMPTY, || sark_str::new(env!("CARGO_PKG_VERSION")))
}
