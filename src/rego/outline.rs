//! What a module declares and refers to, as far as other modules can tell: its package, and the parts of `data` that it may read.

use std::collections::BTreeSet;

use memchr::memmem;

use super::ast::{self, Rule, Term};
use super::compile::each_document;
use super::stack::SHALLOW;
use super::{Module, Path, parser, reads};

/// The outline of a module. It may name more than the module reads, never less.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) package: Path,
    /// Paths of what it refers to or imports, as far as they are known, none below another.
    references: Vec<Path>,
    /// Whether the source may nest deeper than any stack bears.
    pub(super) may_nest: bool,
}

impl Outline {
    pub(super) fn of(module: &ast::Module, source: &str) -> Self {
        let mut found = BTreeSet::new();
        let mut keep = |parts: &[Term]| {
            if parts.first().and_then(Term::as_var).is_some_and(|root| &**root == "data") {
                found.insert(reads::known(parts));
            }
        };
        for import in &module.imports {
            keep(import.path.as_ref_parts().unwrap_or(std::slice::from_ref(&import.path)));
        }
        for rule in &module.rules {
            let mut branch: Option<&Rule> = Some(rule);
            while let Some(rule) = branch {
                each_document(rule, &mut keep);
                branch = rule.otherwise.as_deref();
            }
        }
        let below_data = |keys: reads::Keys| Path::new(keys.into_iter().skip(1).collect());
        let references = reads::shortest(found).into_iter().map(below_data).collect();
        Self { package: package_path(module), references, may_nest: may_nest(source) }
    }

    /// That of a source; `None` where it does not parse.
    pub(super) fn parse(module: &Module) -> Option<Self> {
        let parsed = parser::parse_module(&module.source, &parser::Options::of(module.version, 0)).ok()?;
        Some(Self::of(&parsed, &module.source))
    }

    /// The paths at, above and below which the module may see what others declare.
    pub(super) fn seen(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(&self.package).chain(&self.references)
    }
}

fn package_path(module: &ast::Module) -> Path {
    let keys = module.package.path.iter().skip(1).filter_map(|part| part.as_str().map(|key| key.to_string()));
    Path::new(keys.collect())
}

/// Whether what a source says may be deeper than any stack bears: in brackets, or in branches.
fn may_nest(source: &str) -> bool {
    nests(source) || memmem::find_iter(source.as_bytes(), "else").nth(SHALLOW).is_some()
}

fn nests(source: &str) -> bool {
    // Most sources have fewer brackets in all than may nest.
    if source.bytes().filter(|byte| matches!(byte, b'(' | b'[' | b'{')).count() <= SHALLOW {
        return false;
    }
    let (mut depth, mut most) = (0_usize, 0);
    for byte in source.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        most = most.max(depth);
    }
    most > SHALLOW
}
