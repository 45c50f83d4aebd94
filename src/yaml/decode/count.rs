//! What aliases may come to.

/// go-yaml's measure against aliases that multiply.
#[derive(Debug, Default)]
pub(super) struct Count {
    decoded: usize,
    aliased: usize,
    pub(super) alias_depth: usize,
}

impl Count {
    /// The document's own node counts already.
    pub(super) fn new() -> Self {
        Self { decoded: 1, ..Self::default() }
    }

    /// Counts a node, or has enough.
    pub(super) fn one(&mut self) -> Result<(), String> {
        self.decoded += 1;
        self.aliased += usize::from(self.alias_depth > 0);
        if self.aliased > 100 && self.decoded > 1000 && self.share() > self.limit() {
            return Err("yaml: document contains excessive aliasing".to_owned());
        }
        Ok(())
    }

    /// How much of what has been decoded came from aliases.
    #[expect(clippy::cast_precision_loss, reason = "as in Go")]
    fn share(&self) -> f64 {
        self.aliased as f64 / self.decoded as f64
    }

    /// 99% of a document may come from aliases, and from 400,000 nodes on ever less: 10% at 4,000,000.
    #[expect(clippy::cast_precision_loss, reason = "as in Go")]
    fn limit(&self) -> f64 {
        let beyond = self.decoded.saturating_sub(400_000) as f64 / 3_600_000.0;
        (0.99 - 0.89 * beyond).max(0.10)
    }
}
