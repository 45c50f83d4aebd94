//! Only in the test build (feature `test-panic`): makes the next entry of this thread panic.

use std::cell::Cell;

thread_local! {
    static ARMED: Cell<bool> = const { Cell::new(false) };
}

/// The next entry that this thread makes into the library panics inside.
#[unsafe(no_mangle)]
pub extern "C" fn sark_test_panic_next() {
    ARMED.set(true);
}

#[allow(clippy::panic, reason = "that is what it is for")]
pub(super) fn panic_if_armed() {
    if ARMED.replace(false) {
        panic!("provoked by sark_test_panic_next");
    }
}
