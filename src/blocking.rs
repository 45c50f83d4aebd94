//! A caller may hold a lock of his own while he calls, since most calls are shorter than handing it over: Python's interpreter lock. He is
//! told, once in a call and on his own thread, before something that may take long: the network, or an evaluation that is not short.

use std::cell::Cell;

thread_local! {
    static TOLD: Cell<Option<fn()>> = const { Cell::new(None) };
}

/// What follows may take long.
#[inline]
pub(crate) fn about_to_block() {
    if let Some(tell) = TOLD.take() {
        tell();
    }
}

/// Runs `body`, and `tell` before the first thing in it that may take long.
#[cfg(any(feature = "pyo3", test))]
pub(crate) fn telling<T>(tell: fn(), body: impl FnOnce() -> T) -> T {
    /// Whatever happens, nobody is told later.
    struct Forget;
    impl Drop for Forget {
        fn drop(&mut self) {
            TOLD.set(None);
        }
    }
    TOLD.set(Some(tell));
    let _forget = Forget;
    body()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::{about_to_block, telling};

    thread_local! {
        static TIMES: Cell<u32> = const { Cell::new(0) };
    }

    fn count() {
        TIMES.set(TIMES.get() + 1);
    }

    #[test]
    fn who_wants_to_know_is_told_once() {
        about_to_block();
        assert_eq!(TIMES.get(), 0, "nobody asked");
        telling(count, || {
            about_to_block();
            about_to_block();
        });
        assert_eq!(TIMES.get(), 1);
        telling(count, || ());
        about_to_block();
        assert_eq!(TIMES.get(), 1, "the call is over");
    }
}
