//! The order of types (OPA's `types.Compare`).

use std::cmp::Ordering;

use super::{Known, Shape, Type, Types};

impl Types {
    /// Compares as OPA does: what is not known comes first, functions last.
    pub(in crate::rego) fn compare(&self, a: Known, b: Known) -> Ordering {
        match (a, b) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) if a == b => Ordering::Equal,
            (Some(a), Some(b)) => self.compare_shapes(&self.shape(a), &self.shape(b)),
        }
    }

    fn compare_shapes(&self, a: &Shape, b: &Shape) -> Ordering {
        match (a, b) {
            (Shape::Array { items: a, rest: x }, Shape::Array { items: b, rest: y }) => {
                self.compare(*x, *y).then_with(|| self.compare_all(a, b))
            }
            (Shape::Object { properties: a, rest: x }, Shape::Object { properties: b, rest: y }) => {
                let rest = match (x, y) {
                    (Some(x), Some(y)) => self.compare(x.0, y.0).then_with(|| self.compare(x.1, y.1)),
                    _ => x.is_some().cmp(&y.is_some()),
                };
                let pairs = a.iter().zip(b.iter()).map(|(a, b)| a.0.cmp(&b.0).then_with(|| self.compare(a.1, b.1)));
                rest.then_with(|| first_difference(pairs)).then_with(|| a.len().cmp(&b.len()))
            }
            (Shape::Set(a), Shape::Set(b)) => self.compare(*a, *b),
            (Shape::Any(a), Shape::Any(b)) => {
                let pairs = a.iter().zip(b.iter()).map(|(a, b)| self.compare(Some(*a), Some(*b)));
                first_difference(pairs).then_with(|| a.len().cmp(&b.len()))
            }
            (Shape::Function { args: a, variadic: v, result: r }, Shape::Function { args: b, variadic: w, result: s }) => {
                let args = a.len().cmp(&b.len()).then_with(|| self.compare_all(a, b));
                args.then_with(|| self.compare(*r, *s)).then_with(|| self.compare(*v, *w))
            }
            _ => rank(a).cmp(&rank(b)),
        }
    }

    fn compare_all(&self, a: &[Known], b: &[Known]) -> Ordering {
        first_difference(a.iter().zip(b).map(|(a, b)| self.compare(*a, *b))).then_with(|| a.len().cmp(&b.len()))
    }

    /// Whether `a` is `b`, or has it among its members (OPA's `Contains`).
    pub(super) fn contains(&self, a: Known, b: Type) -> bool {
        match a {
            Some(a) => match &*self.shape(a) {
                Shape::Any(members) => self.has_member(members, b),
                _ => a == b,
            },
            None => false,
        }
    }

    /// Whether any document of type `b` is one of a choice of `members`.
    pub(super) fn has_member(&self, members: &[Type], b: Type) -> bool {
        !matches!(*self.shape(b), Shape::Function { .. }) && (members.is_empty() || members.contains(&b))
    }
}

fn first_difference(mut orders: impl Iterator<Item = Ordering>) -> Ordering {
    orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

const fn rank(shape: &Shape) -> u8 {
    match shape {
        Shape::Null => 0,
        Shape::Boolean => 1,
        Shape::Number => 2,
        Shape::String => 3,
        Shape::Array { .. } => 4,
        Shape::Object { .. } => 5,
        Shape::Set(_) => 6,
        Shape::Any(_) => 7,
        Shape::Function { .. } => 8,
    }
}
