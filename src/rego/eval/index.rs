//! Looking up which rules may match.

use smallvec::SmallVec;

use super::{Machine, Stop};
use crate::rego::plan::{Checks, Index, IndexBranch, Lookup, Source};
use crate::rego::value::Value;

/// The values of an index' sources that take a while to find, each asked for once.
type Known<'a> = SmallVec<[Option<Option<Value<'a>>>; 8]>;

/// The numbers of rules, sorted.
type Found = SmallVec<[u32; 16]>;

impl<'a> Machine<'a, '_> {
    /// Takes the rules that may match into the frame.
    pub(super) fn find_candidates(&mut self) -> Result<(), Stop> {
        let plan = self.plan;
        let routine = self.stacks.frames.last().and_then(|frame| plan.routines.get(frame.routine as usize));
        let Some(index) = routine.and_then(|r| r.index).and_then(|number| plan.indexes.get(number as usize)) else {
            return Ok(());
        };
        let mut known = Known::new();
        let seen = self.could_be_seen(index, &mut known);
        let lookup = if seen { &index.lookup } else { index.unseen.as_ref().map_or(&index.lookup, |_| &index.unseen) };
        let found = match lookup {
            Some(lookup) => self.look_up(index, lookup, &mut known),
            None => {
                let all = (0..index.branches.len()).map(|n| u32::try_from(n).unwrap_or(u32::MAX));
                self.arena.alloc_slice_fill_iter(all)
            }
        };
        debug_assert!(!seen || self.misses_none(index, found), "a table excludes a rule that may match");
        let looked_at = found.len();
        let matched = if seen { self.matching(index, found, &mut known) } else { found };
        let agree = seen && agree_on_value(index, matched);
        if let Some(frame) = self.stacks.frames.last_mut() {
            frame.matched = Some(matched);
            frame.early_exit |= agree;
        }
        self.charge(looked_at)
    }

    /// Whether it could be seen that a rule is evaluated which OPA's index excludes. What stands in for a builtin may do anything.
    fn could_be_seen(&self, index: &'a Index, known: &mut Known<'a>) -> bool {
        let Checks::UnlessStrings(sources) = &index.checks else { return true };
        let is_text = |value: Option<Value<'a>>| value.is_none_or(|value| value.as_bytes().is_some());
        let is_mocked = || !self.scope.mocks.is_empty();
        !sources.is_empty() && (is_mocked() || !sources.iter().all(|source| is_text(self.known(index, *source, known))))
    }

    /// Those of the rules that may match.
    fn matching(&self, index: &'a Index, rules: &'a [u32], known: &mut Known<'a>) -> &'a [u32] {
        let mut may_match =
            |number: &u32| index.branches.get(*number as usize).is_some_and(|branch| self.may_match(index, branch, known));
        // Copied from the first that does not.
        let Some(first) = rules.iter().position(|number| !may_match(number)) else { return rules };
        let (before, after) = rules.split_at(first);
        let mut matched = Found::from_slice(before);
        matched.extend(after.iter().skip(1).copied().filter(may_match));
        self.arena.alloc_slice_copy(&matched)
    }

    /// The rules that the tables do not exclude, in order.
    fn look_up(&self, index: &'a Index, lookup: &'a Lookup, known: &mut Known<'a>) -> &'a [u32] {
        let mut found: [&[u32]; 2] = [&lookup.others, &[]];
        let mut lists = 1;
        let mut matched = Found::new();
        for table in &lookup.tables {
            let Some(value) = self.known(index, table.source, known) else { continue };
            table.find(&value, &mut |bucket| {
                if let Some(place) = found.get_mut(lists) {
                    *place = bucket;
                } else {
                    matched.extend_from_slice(bucket);
                }
                lists += 1;
            });
        }
        match found {
            [others, []] if matched.is_empty() => others,
            [[], first] if matched.is_empty() => first,
            [others, first] => {
                matched.extend_from_slice(first);
                matched.extend_from_slice(others);
                matched.sort_unstable();
                matched.dedup();
                self.arena.alloc_slice_copy(&matched)
            }
        }
    }

    /// Whether every rule that may match is among these.
    fn misses_none(&self, index: &'a Index, found: &[u32]) -> bool {
        let mut known = Known::new();
        let mut all = (0_u32..).zip(&index.branches);
        all.all(|(number, branch)| found.binary_search(&number).is_ok() || !self.may_match(index, branch, &mut known))
    }

    fn known(&self, index: &'a Index, source: u32, known: &mut Known<'a>) -> Option<Value<'a>> {
        match index.sources.get(source as usize)? {
            Source::Input { at: Some(at), .. } => self.input_at(*at),
            Source::Argument(number) => Some(self.get(*number)),
            other => {
                if known.is_empty() {
                    known.resize(index.sources.len(), None);
                }
                *known.get_mut(source as usize)?.get_or_insert_with(|| self.resolve(other))
            }
        }
    }

    fn resolve(&self, source: &'a Source) -> Option<Value<'a>> {
        match source {
            Source::Input { at: Some(at), .. } => self.input_at(*at),
            Source::Input { keys, at: None } => {
                let input = self.scope.input?;
                keys.iter().try_fold(input, |node, key| node.get(&self.constant(*key)))
            }
            Source::Data(path) => self.base_document(*path),
            Source::Argument(number) => Some(self.get(*number)),
        }
    }

    fn may_match(&self, index: &'a Index, branch: &'a IndexBranch, known: &mut Known<'a>) -> bool {
        let path_holds = |known: &mut Known<'a>, path: &'a [(u32, Vec<crate::rego::plan::Check>)]| {
            path.iter().all(|(source, checks)| {
                self.known(index, *source, known).is_some_and(|value| checks.iter().any(|check| check.passes(&value)))
            })
        };
        branch.paths.iter().any(|path| path_holds(known, path))
            && branch.required.iter().all(|source| self.known(index, *source, known).is_some())
            && (!index.consults
                || branch.memberships.iter().all(|(key, collection)| self.is_key(index, *key, *collection, known)))
    }

    /// Whether the value at one source is a key of the collection at another. An array is not asked.
    fn is_key(&self, index: &'a Index, key: u32, collection: u32, known: &mut Known<'a>) -> bool {
        let Some(key) = self.known(index, key, known) else { return false };
        let Some(collection) = self.known(index, collection, known) else { return false };
        collection.as_object().is_none_or(|o| o.get(&key).is_some()) && collection.as_set().is_none_or(|s| s.find(&key).is_some())
    }
}

/// Whether all that may match have the same constant value: then the first that holds is enough.
fn agree_on_value(index: &Index, matched: &[u32]) -> bool {
    let mut values = matched.iter().map(|number| index.branches.get(*number as usize).and_then(|branch| branch.value));
    match values.next() {
        None => true,
        Some(None) => false,
        Some(first) => values.all(|value| value == first),
    }
}
