//! Whether a document can be of two types at once (OPA's `unifies`).

use super::{Constant, Known, Rest, Shape, Type, Types};

impl Types {
    /// What is not known is never of another type.
    pub(in crate::rego) fn unifies(&mut self, a: Known, b: Known) -> bool {
        let (Some(a), Some(b)) = (a, b) else { return false };
        if let Some(known) = self.unifying.get(&(a, b)) {
            return *known;
        }
        let unifies = self.unify_shapes(a, b);
        self.unifying.insert((a, b), unifies);
        unifies
    }

    fn unify_shapes(&mut self, a: Type, b: Type) -> bool {
        let (x, y) = (self.shape(a), self.shape(b));
        match (&*x, &*y) {
            (Shape::Any(members), other) if self.unifies_any(members, b, other) => true,
            (other, Shape::Any(members)) if self.unifies_any(members, a, other) => true,
            (Shape::Any(_), _) | (_, Shape::Any(_)) => false,
            (Shape::Null, Shape::Null)
            | (Shape::Boolean, Shape::Boolean)
            | (Shape::Number, Shape::Number)
            | (Shape::String, Shape::String) => true,
            (Shape::Array { items, rest }, Shape::Array { items: others, rest: other_rest }) => {
                self.unify_items(items, others, *other_rest)
                    && self.unify_items(others, items, *rest)
                    && (rest.is_none() || other_rest.is_none() || self.unifies(*rest, *other_rest))
            }
            (Shape::Object { properties, rest }, Shape::Object { properties: others, rest: other_rest }) => {
                let value = |rest: &Rest| rest.and_then(|(_, value)| value);
                self.unify_properties(properties, value(rest).is_some(), b, value(other_rest).is_some())
                    && self.unify_properties(others, value(other_rest).is_some(), a, value(rest).is_some())
                    && (value(rest).is_none() || value(other_rest).is_none() || self.unifies(value(rest), value(other_rest)))
            }
            (Shape::Set(of), Shape::Set(other)) => of.is_none() || other.is_none() || self.unifies(*of, *other),
            (Shape::Function { args, .. }, Shape::Function { args: others, .. }) => {
                args.len() == others.len() && args.iter().zip(others.iter()).all(|(a, b)| self.unifies(*a, *b))
            }
            _ => false,
        }
    }

    fn unifies_any(&mut self, members: &[Type], other: Type, shape: &Shape) -> bool {
        !matches!(shape, Shape::Function { .. })
            && (members.is_empty() || members.iter().any(|member| self.unifies(Some(*member), Some(other))))
    }

    fn unify_items(&mut self, items: &[Known], others: &[Known], rest: Known) -> bool {
        items.iter().enumerate().all(|(at, item)| self.unifies(*item, others.get(at).copied().unwrap_or(rest)))
    }

    fn unify_properties(&mut self, properties: &[(Constant, Known)], has_rest: bool, other: Type, other_has_rest: bool) -> bool {
        properties.iter().all(|(key, value)| match self.select(Some(other), key) {
            None => has_rest || other_has_rest,
            found => self.unifies(*value, found),
        })
    }
}
