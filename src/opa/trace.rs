//! The trace that a request belongs to (W3C Trace Context, `traceparent` of version 00).

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};

/// A `traceparent`: the ids of a trace and of the caller's span, neither of them zero, and the trace's flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace_id: NonZeroU128,
    parent_id: NonZeroU64,
    flags: u8,
}

impl TraceParent {
    /// `None` for ids that the standard calls invalid: zeros.
    #[must_use]
    pub fn new(trace_id: u128, parent_id: u64, flags: u8) -> Option<Self> {
        Some(Self { trace_id: NonZeroU128::new(trace_id)?, parent_id: NonZeroU64::new(parent_id)?, flags })
    }

    /// The trace's id.
    #[must_use]
    pub const fn trace_id(&self) -> u128 {
        self.trace_id.get()
    }

    /// The id of the caller's span.
    #[must_use]
    pub const fn parent_id(&self) -> u64 {
        self.parent_id.get()
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.parent_id, self.flags)
    }
}

#[cfg(test)]
mod tests {
    use super::TraceParent;

    #[test]
    fn it_is_written_as_the_standard_has_it() {
        let trace = TraceParent::new(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c, 0xb7ad_6b71_6920_3331, 1);
        let text = trace.map(|trace| trace.to_string());
        assert_eq!(text.as_deref(), Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        assert_eq!(TraceParent::new(0, 1, 1), None);
        assert_eq!(TraceParent::new(1, 0, 1), None);
    }
}
