//! Comprehensions that are evaluated once for all values of what they share with the body around them (OPA's `buildComprehensionCache`).

use super::{Machine, Stop};
use crate::rego::plan::{Comprehension, Shape};
use crate::rego::value::{ObjectBuilder, Value};

/// What is known of an indexed comprehension while the same documents hold.
#[derive(Debug, Clone, Copy)]
enum Known<'a> {
    /// It was evaluated so often where it stands.
    Evaluated(u8),
    /// Its values by their keys.
    Index(Value<'a>),
    /// It is evaluated where it stands.
    NoIndex,
}

/// Evaluated more often than this, a comprehension gets its index, which takes as long as several evaluations.
const FEW: u8 = 2;

impl Known<'_> {
    const NEVER_EVALUATED: Self = Self::Evaluated(0);
}

/// The indexed comprehensions of a scope, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Comprehensions<'a> {
    known: Vec<Known<'a>>,
    /// The number of frames when the first was come to, where that matters.
    depth: usize,
}

impl<'a> Comprehensions<'a> {
    fn get(&self, number: u32) -> Known<'a> {
        self.known.get(number as usize).copied().unwrap_or(Known::NEVER_EVALUATED)
    }

    fn set(&mut self, number: u32, known: Known<'a>) {
        let number = number as usize;
        if self.known.len() <= number {
            self.known.resize(number + 1, Known::NEVER_EVALUATED);
        }
        if let Some(place) = self.known.get_mut(number) {
            *place = known;
        }
    }
}

impl<'a> Machine<'a, '_> {
    /// Goes on at `done` with the value for a key, or else where the comprehension is evaluated: at `plain` where it stands, or right here for
    /// all keys.
    ///
    /// An index is made at the third evaluation, since many a comprehension has no third one; at the first, as in OPA, where that could be
    /// told: an error for a key that never comes counts where errors are strict.
    pub(super) fn indexed(&mut self, to: u32, site: u32, key: Option<u32>, plain: u32, done: u32) -> Result<(), Stop> {
        self.charge(1)?;
        let plan = self.plan;
        let Some(comprehension) = plan.comprehensions.get(site as usize) else {
            self.pc = plain as usize;
            return Ok(());
        };
        self.note_depth();
        let is_eager = comprehension.is_eager || self.strict.enabled;
        let known = self.scope.comprehensions.get(comprehension.number);
        match (known, key.map(|key| self.get(key))) {
            (Known::Index(index), Some(key)) => match index.get(&key) {
                None if comprehension.is_heard => self.pc = plain as usize,
                found => {
                    self.set(to, found.unwrap_or_else(|| self.empty(comprehension.shape)));
                    self.pc = done as usize;
                }
            },
            (Known::Evaluated(times), Some(_)) if times < FEW && !is_eager => {
                self.know(comprehension, Known::Evaluated(times + 1));
                self.pc = plain as usize;
            }
            (Known::Evaluated(_), key) if key.is_some() || is_eager => self.pc += 1,
            _ => self.pc = plain as usize,
        }
        Ok(())
    }

    /// Groups by their keys what was collected.
    pub(super) fn end_index(&mut self, site: u32) -> Result<(), Stop> {
        self.pc += 1;
        let plan = self.plan;
        let Some(comprehension) = plan.comprehensions.get(site as usize) else { return Ok(()) };
        let index = self.end_collecting_keyed(comprehension.length, comprehension.shape)?;
        // A loop that an error ended early is no index, though the error itself may never come.
        let known = if self.strict.is_waiting() { Known::NoIndex } else { Known::Index(index) };
        self.know(comprehension, known);
        Ok(())
    }

    fn know(&mut self, comprehension: &Comprehension, known: Known<'a>) {
        self.scope.comprehensions.set(comprehension.number, known);
    }

    fn empty(&self, shape: Shape) -> Value<'a> {
        match shape {
            Shape::Array => Value::Array(&[]),
            Shape::Set => Value::Set(&[]),
            Shape::Object | Shape::LastObject => ObjectBuilder::default().build(self.arena),
        }
    }

    /// OPA keeps indexes with the rule or function that needs the first one, or first replaces something, and forgets them with it: then they are
    /// made again, which whoever hears what is evaluated can tell. Under `with` they are kept as long as it lasts.
    pub(super) fn note_depth(&mut self) {
        let depth = self.stacks.frames.len();
        if self.observer.is_some() && self.outer.is_empty() && self.scope.comprehensions.depth == 0 {
            self.scope.comprehensions.depth = depth;
        }
    }

    /// A rule or function ends while somebody hears what is evaluated.
    #[cold]
    pub(super) fn forget_comprehensions(&mut self) {
        let depth = self.stacks.frames.len();
        if self.outer.is_empty() && self.scope.comprehensions.depth > depth {
            self.scope.comprehensions = Comprehensions::default();
        }
    }
}
