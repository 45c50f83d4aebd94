//! OPA's builtins that are not here yet: a policy that a source brings may call them, and a decision that comes to one is the remote's.

use super::{Builtin, Context, Failure, Outcome};
use crate::rego::value::Value;

fn missing<'a>(_: &mut Context<'a>, _: &[Value<'a>]) -> Outcome<'a> {
    Err(Failure::Missing)
}

const fn of(name: &'static str, arity: usize) -> Builtin {
    Builtin { name, arity, function: missing, relation: false, nondeterministic: false, missing: true }
}

const fn nondeterministic(name: &'static str, arity: usize) -> Builtin {
    Builtin { nondeterministic: true, ..of(name, arity) }
}

/// Sorted by name.
pub(in crate::rego) static MISSING: &[Builtin] = &[nondeterministic("http.send", 1), nondeterministic("net.lookup_ip_addr", 1)];

#[cfg(test)]
mod tests {
    use super::MISSING;
    use crate::rego::builtins::all;

    #[test]
    fn what_is_missing_is_sorted_and_not_here() {
        assert!(MISSING.is_sorted_by(|a, b| a.name < b.name));
        assert!(MISSING.iter().all(|missing| missing.missing && all().iter().all(|here| here.name != missing.name)));
    }
}
