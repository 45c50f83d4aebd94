//! A part of a pattern: its syntax tree, and the measures that Go bounds.

use regex_syntax::hir::Hir;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Leaf,
    Concat,
    Alternation,
    Other,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) hir: Hir,
    pub(super) height: u32,
    /// In instructions of Go's program.
    pub(super) size: u64,
    /// The product of nested counts.
    pub(super) need: u64,
    pub(super) shape: Shape,
}

impl Node {
    pub(super) const fn leaf(hir: Hir) -> Self {
        Self { hir, height: 1, size: 1, need: 0, shape: Shape::Leaf }
    }

    pub(super) fn concat(items: Vec<Self>) -> Self {
        Self::of(items, Shape::Concat, Hir::concat)
    }

    pub(super) fn alternation(items: Vec<Self>) -> Self {
        Self::of(items, Shape::Alternation, Hir::alternation)
    }

    /// One of many; a part of the same shape adds no height.
    fn of(mut items: Vec<Self>, shape: Shape, build: fn(Vec<Hir>) -> Hir) -> Self {
        if items.len() <= 1 {
            return items.pop().unwrap_or_else(|| Self::leaf(Hir::empty()));
        }
        let height = items.iter().map(|item| item.height + u32::from(item.shape != shape)).max().unwrap_or(1);
        let bars = if shape == Shape::Alternation { items.len() as u64 - 1 } else { 0 };
        let size = items.iter().map(|item| item.size).fold(bars, u64::saturating_add);
        let need = items.iter().map(|item| item.need).max().unwrap_or(0);
        Self { hir: build(items.into_iter().map(|item| item.hir).collect()), height, size, need, shape }
    }

    /// This, repeated; `counted` by numbers in braces.
    pub(super) fn repeated(self, min: u32, max: Option<u32>, counted: bool, build: impl FnOnce(Box<Hir>) -> Hir) -> Self {
        let (low, sub) = (u64::from(min), self.size);
        let size = match (counted, max.map(u64::from)) {
            (false, Some(_)) => sub.saturating_add(1),
            (false, None) => sub.saturating_add(2 - low),
            (true, None) if min == 0 => sub.saturating_add(2),
            (true, None) => low.saturating_mul(sub).saturating_add(1),
            (true, Some(high)) => high.saturating_mul(sub).saturating_add(high - low),
        };
        let times = u64::from(max.unwrap_or(min));
        let need = match (counted, max) {
            (false, _) => self.need,
            (true, Some(0)) => 0,
            (true, _) if times == 0 => self.need,
            (true, _) => times.max(times.saturating_mul(self.need)),
        };
        Self { hir: build(Box::new(self.hir)), height: self.height + 1, size: size.max(1), need, shape: Shape::Other }
    }
}
