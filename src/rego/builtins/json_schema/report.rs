//! What a document breaks, in the words of `gojsonschema`.

/// The name of the whole document.
pub(super) const ROOT: &str = "(Root)";

/// A place in a document: names and indices from the root.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'p> {
    pub(super) head: Step<'p>,
    pub(super) tail: Option<&'p Self>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'p> {
    Root,
    Name(&'p str),
    Item(usize),
}

impl<'p> Place<'p> {
    pub(super) const ROOT: Self = Self { head: Step::Root, tail: None };

    pub(super) const fn below(&'p self, head: Step<'p>) -> Self {
        Self { head, tail: Some(self) }
    }

    /// The names with periods between them, without the root's where others follow.
    pub(super) fn field(&self) -> String {
        let mut steps = Vec::new();
        let mut at = Some(self);
        while let Some(place) = at {
            steps.push(place.head);
            at = place.tail;
        }
        if let [Step::Root] = steps.as_slice() {
            return ROOT.to_owned();
        }
        let names = steps.iter().rev().skip(1).map(|step| match step {
            Step::Root => ROOT.to_owned(),
            Step::Name(name) => (*name).to_owned(),
            Step::Item(at) => at.to_string(),
        });
        names.collect::<Vec<_>>().join(".")
    }
}

/// One thing that is broken.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) kind: &'static str,
    pub(super) field: String,
    pub(super) description: String,
}

/// What was found so far. The score says how near a document is to a schema: of several that it breaks, the nearest one is told.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) problems: Vec<Problem>,
    pub(super) score: i64,
}

impl Found {
    pub(super) const fn is_valid(&self) -> bool {
        self.problems.is_empty()
    }

    pub(super) fn add(&mut self, kind: &'static str, place: &Place<'_>, describe: impl FnOnce(&str) -> String) {
        let field = place.field();
        let description = describe(&field);
        self.problems.push(Problem { kind, field, description });
        self.score -= 2;
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.problems.extend(other.problems);
        self.score += other.score;
    }

    pub(super) const fn count(&mut self) {
        self.score += 1;
    }
}
