//! Compiled patterns that outlive an evaluation.

/// Compiled patterns, at most a hundred of a kind. They belong to one evaluation at a time, so that no two threads share a write.
#[derive(Debug, Default)]
pub struct Caches {}
