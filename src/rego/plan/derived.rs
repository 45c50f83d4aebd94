//! Which routines have a value that follows from data alone: it is the same in every decision until data changes.

use std::collections::HashMap;
use std::ops::Range;

use super::{Op, Plan, Source};

/// Marks them. `ranges` has the code of each routine.
pub(super) fn mark(plan: &mut Plan, ranges: &[(u32, Range<usize>)]) {
    let others =
        those_that(plan, ranges, |number, code| code.iter().any(|op| asks_for_more(plan, op)) || is_found_by_input(plan, number));
    plan.routines.iter_mut().zip(others).for_each(|(routine, other)| routine.is_derived = !other);
}

/// For each routine whether it, or one that it calls, is such.
pub(super) fn those_that(plan: &Plan, ranges: &[(u32, Range<usize>)], is_such: impl Fn(u32, &[Op]) -> bool) -> Vec<bool> {
    let mut callers: HashMap<u32, Vec<u32>> = HashMap::new();
    let mut open: Vec<u32> = Vec::new();
    for (number, range) in ranges {
        let code = plan.code.get(range.clone()).unwrap_or_default();
        for callee in code.iter().flat_map(callees) {
            callers.entry(callee).or_default().push(*number);
        }
        if is_such(*number, code) {
            open.push(*number);
        }
    }
    let mut found = vec![false; plan.routines.len()];
    while let Some(number) = open.pop() {
        if let Some(place) = found.get_mut(number as usize).filter(|found| !**found) {
            *place = true;
            open.extend(callers.get(&number).into_iter().flatten());
        }
    }
    found
}

pub(super) fn callees(op: &Op) -> Vec<u32> {
    match op {
        Op::Call { routine, .. } | Op::Document { routine, .. } => vec![*routine],
        Op::CallKnown { callee, .. } => vec![callee.routine, callee.known],
        _ => Vec::new(),
    }
}

/// Whether an instruction asks for the input, for chance or the world outside, is heard, or replaces something.
fn asks_for_more(plan: &Plan, op: &Op) -> bool {
    match op {
        Op::Input { .. } | Op::InputAt { .. } | Op::Tell { .. } | Op::Mocked { .. } | Op::WithPush { .. } => true,
        Op::Builtin { site, .. } => plan.sites.get(*site as usize).is_none_or(|site| site.builtin.nondeterministic),
        _ => false,
    }
}

fn is_found_by_input(plan: &Plan, routine: u32) -> bool {
    let index = plan.routines.get(routine as usize).and_then(|routine| plan.indexes.get(routine.index? as usize));
    index.is_some_and(|index| index.sources.iter().any(|source| matches!(source, Source::Input { .. })))
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test says what is wrong by failing")]
mod tests {
    use super::super::plan_path;
    use crate::rego::{Path, RegoVersion, compile, parser};

    #[test]
    fn what_asks_for_input_chance_or_a_replacement_is_not_derived() {
        let source = r#"package p
            out := [roles, mine, now, twice, double(2), replaced, base]
            roles contains role if { some user in data.users; some role in user.roles }
            roles contains "x" if data.extra
            mine contains role if { some role in input.roles; role in roles }
            now := time.now_ns()
            twice := count(roles) * 2
            double(x) := x * twice
            replaced := 1 if twice == 3 with data.users as {}
            base := data.users
        "#;
        let options = parser::Options { version: RegoVersion::V1, module: 0, keywords: parser::FutureKeywords::NONE };
        let module = parser::parse_module(source, &options).expect("it parses");
        let compiled = compile::compile(vec![module], vec!["p".into()], compile::Options::default(), &std::sync::Arc::default());
        let plan =
            plan_path(&compiled.expect("it compiles"), &Path::parse("data.p.out").expect("a path")).expect("it is planned");
        let mut derived: Vec<&str> = plan.routines.iter().filter(|r| r.is_derived).map(|r| r.name.as_str()).collect();
        derived.sort_unstable();
        derived.dedup();
        assert_eq!(derived, ["data.p.base", "data.p.double", "data.p.roles", "data.p.twice"]);
    }
}
