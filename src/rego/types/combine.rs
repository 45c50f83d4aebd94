//! Types of what is one thing or another (OPA's `types.Or`, and `mergeTypes` of `v1/ast/env.go`).

use super::{Known, Shape, Type, Types};

impl Types {
    /// What is of type `a` or of type `b`. Functions go with functions of as many arguments only.
    pub(in crate::rego) fn or(&mut self, a: Known, b: Known) -> Known {
        let (Some(x), Some(y)) = (a, b) else { return a.or(b) };
        if x == y && !self.is_function(a) {
            return a;
        }
        match (&*self.shape(x), &*self.shape(y)) {
            (
                Shape::Function { args, variadic, result },
                Shape::Function { args: others, variadic: other_variadic, result: other_result },
            ) => {
                if args.len() != others.len() || variadic.is_some() != other_variadic.is_some() {
                    return None;
                }
                let args = args.iter().zip(others.iter()).map(|(a, b)| self.or(*a, *b)).collect();
                let (variadic, result) = (self.or(*variadic, *other_variadic), self.or(*result, *other_result));
                Some(self.function(args, variadic, result))
            }
            (Shape::Function { .. }, _) | (_, Shape::Function { .. }) => None,
            (Shape::Any(members), Shape::Any(others)) => {
                if members.is_empty() {
                    return a;
                }
                if others.is_empty() {
                    return b;
                }
                let mut all = members.to_vec();
                all.extend(others.iter().filter(|other| !members.contains(other)));
                Some(self.any(all))
            }
            (Shape::Any(members), _) => Some(self.with_member(x, members, y)),
            (_, Shape::Any(members)) => Some(self.with_member(y, members, x)),
            _ => Some(self.any(vec![x, y])),
        }
    }

    fn with_member(&mut self, any: Type, members: &[Type], member: Type) -> Type {
        if self.has_member(members, member) {
            return any;
        }
        let mut all = members.to_vec();
        all.push(member);
        self.any(all)
    }

    /// The type of a document that several rules make.
    pub(in crate::rego) fn merge(&mut self, a: Known, b: Known) -> Known {
        let (Some(x), Some(y)) = (a, b) else { return a.or(b) };
        match (&*self.shape(x), &*self.shape(y)) {
            (Shape::Object { properties, rest }, Shape::Object { properties: others, rest: other_rest })
                if properties.is_empty() && others.is_empty() =>
            {
                match (rest, other_rest) {
                    (None, _) => b,
                    (_, None) => a,
                    (Some(rest), Some(other)) => {
                        let both = (self.or(rest.0, other.0), self.merge(rest.1, other.1));
                        Some(self.object(Vec::new(), Some(both)))
                    }
                }
            }
            (Shape::Object { properties, rest: Some(rest) }, Shape::Any(members)) if properties.is_empty() => {
                self.merge_into_any(*rest, members).or_else(|| self.or(a, b))
            }
            (Shape::Set(of), Shape::Set(other)) => {
                let of = self.or(*of, *other);
                Some(self.set(of))
            }
            (Shape::Any(_), Shape::Any(_)) => self.or(a, b),
            (Shape::Any(_), _) => self.merge(b, a),
            _ => self.or(a, b),
        }
    }

    /// Widens the first object without properties among the members.
    fn merge_into_any(&mut self, rest: (Known, Known), members: &[Type]) -> Known {
        let found = members.iter().enumerate().find_map(|(at, member)| match &*self.shape(*member) {
            Shape::Object { properties, rest: Some(own) } if properties.is_empty() => Some((at, *own)),
            _ => None,
        });
        let (at, own) = found?;
        let wider = (self.or(own.0, rest.0), self.or(own.1, rest.1));
        let wider = self.object(Vec::new(), Some(wider));
        let mut members = members.to_vec();
        *members.get_mut(at)? = wider;
        Some(self.any(members))
    }
}
