//! Which rules decide for which module: those of the last time that the module, or what it refers to, changed.
//!
//! All modules compiled together are one unit. Where few modules change, they, the modules that refer to them and what all these refer to
//! are compiled for themselves, a unit of their own: it is closed, so that it decides what all modules together would decide. A module that
//! stays keeps its unit. What a unit still has of modules that changed later is asked by nobody.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::outline::Outline;
use super::rules::Rules;
use super::{Module, OutsideCall, Path};

/// Units may hold so many times the modules' bytes before everything is compiled into one again.
const MAX_REPEATED: usize = 2;
/// What units may hold in any case.
const FREE_BYTES: usize = 64 << 10;

/// The modules of a program, and the unit of each.
#[derive(Clone)]
pub(super) struct Units {
    /// By name.
    members: Vec<Member>,
    packages: Arc<HashMap<Arc<str>, Path>>,
    /// The members' numbers, by their packages.
    by_package: Arc<[usize]>,
}

#[derive(Clone)]
struct Member {
    module: Module,
    outline: Arc<Outline>,
    rules: Arc<Rules>,
}

impl Member {
    fn package(&self) -> &Path {
        &self.outline.package
    }
}

/// The units whose rules a path can meet.
pub(super) enum Met<'l> {
    /// No module declares anything at, above or below the path.
    None,
    One(&'l Arc<Rules>),
    /// More than one: only all modules together can say.
    Several,
}

/// Modules that changed, and the units that are new with them.
pub(super) struct Replaced {
    pub(super) units: Units,
    /// The new unit; `None` where modules were only removed, and nobody refers to them.
    pub(super) rules: Option<Arc<Rules>>,
    /// The packages, sorted, in which something may be decided otherwise.
    touched: Vec<Path>,
}

impl Replaced {
    /// Whether what is decided at `path` may be another than before.
    pub(super) fn touches(&self, path: &Path) -> bool {
        meets_any(&self.touched, path)
    }
}

impl Units {
    /// All modules in one unit.
    pub(super) fn one(rules: &Arc<Rules>) -> Self {
        let member = |(module, outline): (&Module, &Arc<Outline>)| Member {
            module: module.clone(),
            outline: Arc::clone(outline),
            rules: Arc::clone(rules),
        };
        Self::of(rules.modules.iter().zip(&rules.outlines).map(member).collect(), None)
    }

    fn of(members: Vec<Member>, before: Option<&Self>) -> Self {
        let same_packages = before.filter(|before| {
            let pairs = before.members.iter().zip(&members);
            before.members.len() == members.len()
                && pairs.into_iter().all(|(a, b)| a.module.name == b.module.name && a.package() == b.package())
        });
        if let Some(Self { packages, by_package, .. }) = same_packages {
            return Self { members, packages: Arc::clone(packages), by_package: Arc::clone(by_package) };
        }
        let packages = members.iter().map(|member| (Arc::clone(&member.module.name), member.package().clone())).collect();
        let mut by_package: Vec<(usize, &Member)> = members.iter().enumerate().collect();
        by_package.sort_by(|(_, a), (_, b)| a.package().cmp(b.package()));
        let by_package = by_package.into_iter().map(|(number, _)| number).collect();
        Self { members, packages: Arc::new(packages), by_package }
    }

    /// The package that the module `name` declares.
    pub(super) fn package(&self, name: &str) -> Option<&Path> {
        self.packages.get(name)
    }

    /// The modules, by name.
    pub(super) fn modules(&self) -> Vec<Module> {
        self.members.iter().map(|member| member.module.clone()).collect()
    }

    /// The unit that holds all modules, and nothing else, where there is one.
    pub(super) fn whole(&self) -> Option<&Arc<Rules>> {
        let rules = &self.members.first()?.rules;
        let is_whole =
            rules.modules.len() == self.members.len() && self.members.iter().all(|member| Arc::ptr_eq(&member.rules, rules));
        is_whole.then_some(rules)
    }

    /// The rules that decide at `path`.
    pub(super) fn at(&self, path: &Path) -> Met<'_> {
        let met = self.met(path);
        let Some(rules) = met.first().map(|member| &member.rules) else { return Met::None };
        if !met.iter().all(|member| Arc::ptr_eq(&member.rules, rules)) {
            return Met::Several;
        }
        // The unit may have what is no longer there, or changed since.
        let there = rules.outlines.iter().filter(|outline| meets(&outline.package, path)).count();
        if there == met.len() { Met::One(rules) } else { Met::Several }
    }

    /// The members that declare something at, above or below `path`.
    fn met(&self, path: &Path) -> Vec<&Member> {
        let keys = path.keys();
        let member = |at: &usize| self.members.get(*at);
        let starting_at = |keys: &[String]| {
            let start = self.by_package.partition_point(|number| member(number).is_some_and(|m| m.package().keys() < keys));
            self.by_package.get(start..).unwrap_or_default().iter().filter_map(member)
        };
        let mut met: Vec<&Member> = Vec::new();
        for length in 0..keys.len() {
            let above = keys.get(..length).unwrap_or_default();
            met.extend(starting_at(above).take_while(|member| member.package().keys() == above));
        }
        met.extend(starting_at(keys).take_while(|member| member.package().keys().starts_with(keys)));
        met
    }

    /// The calls that reach outside, by module.
    pub(super) fn outside_calls(&self) -> Vec<OutsideCall> {
        let of = |member: &'_ Member| {
            let name = Arc::clone(&member.module.name);
            let calls: Vec<OutsideCall> = member.rules.outside_calls.iter().filter(|call| call.module == name).cloned().collect();
            calls
        };
        self.members.iter().flat_map(of).collect()
    }

    /// The units, each once.
    pub(super) fn each(&self) -> Vec<&Arc<Rules>> {
        let mut seen = HashSet::new();
        let members = self.members.iter().map(|member| &member.rules);
        members.filter(|rules| seen.insert(Arc::as_ptr(rules))).collect()
    }

    /// The units of `modules`, sorted by name, where few changed: what `compile` makes of those that have to be compiled. `None` where
    /// everything is better compiled at once, or has to be, to say what is wrong.
    pub(super) fn replaced(&self, modules: &[Module], compile: impl FnOnce(&[Module]) -> Option<Rules>) -> Option<Replaced> {
        let mut next = self.changed(modules)?;
        next.spread();
        let closed = next.closed();
        let bytes: usize = closed.iter().map(|module| module.source.len()).sum();
        let total: usize = modules.iter().map(|module| module.source.len()).sum();
        if bytes.saturating_mul(2) > total {
            return None;
        }
        let rules = if next.to_compile() { Some(Arc::new(compile(&closed)?)) } else { None };
        let members: Option<Vec<Member>> = next.members.into_iter().map(|member| member.with(rules.as_ref())).collect();
        let units = Self::of(members?, Some(self));
        let held: usize = units.each().iter().map(|rules| rules.bytes()).sum();
        if held > total.saturating_mul(MAX_REPEATED).saturating_add(FREE_BYTES) {
            return None;
        }
        Some(Replaced { units, rules, touched: next.touched.into_iter().collect() })
    }

    /// What differs from `modules`; `None` where one does not parse.
    fn changed(&self, modules: &[Module]) -> Option<Next> {
        let mut next = Next { members: Vec::with_capacity(modules.len()), touched: BTreeSet::new() };
        let mut before = self.members.iter().peekable();
        for module in modules {
            while let Some(removed) = before.next_if(|member| member.module.name < module.name) {
                next.touched.insert(removed.package().clone());
            }
            let there = before.next_if(|member| member.module.name == module.name);
            if let Some(same) = there.filter(|member| member.module == *module) {
                let Member { module, outline, rules } = same.clone();
                next.members.push(NextMember { module, outline, rules: Some(rules) });
                continue;
            }
            let outline = Outline::parse(module)?;
            next.touched.extend(there.map(|member| member.package().clone()));
            next.touched.insert(outline.package.clone());
            next.members.push(NextMember { module: module.clone(), outline: Arc::new(outline), rules: None });
        }
        next.touched.extend(before.map(|removed| removed.package().clone()));
        Some(next)
    }
}

/// A module and its unit; `None` where it has to be compiled.
struct NextMember {
    module: Module,
    outline: Arc<Outline>,
    rules: Option<Arc<Rules>>,
}

impl NextMember {
    fn with(self, new: Option<&Arc<Rules>>) -> Option<Member> {
        let rules = self.rules.or_else(|| new.cloned())?;
        Some(Member { module: self.module, outline: self.outline, rules })
    }
}

/// The members to come.
struct Next {
    members: Vec<NextMember>,
    touched: BTreeSet<Path>,
}

impl Next {
    /// Those that refer to what changed are to be compiled as well, and those that refer to them.
    fn spread(&mut self) {
        let mut fresh: Vec<Path> = self.touched.iter().cloned().collect();
        while !fresh.is_empty() {
            let mut found = BTreeSet::new();
            for member in self.members.iter_mut().filter(|member| member.rules.is_some()) {
                if member.outline.seen().any(|path| meets_any(&fresh, path)) {
                    member.rules = None;
                    found.insert(member.outline.package.clone());
                }
            }
            fresh = found.into_iter().filter(|package| self.touched.insert(package.clone())).collect();
        }
    }

    fn to_compile(&self) -> bool {
        self.members.iter().any(|member| member.rules.is_none())
    }

    /// The modules to compile, and all that these refer to, directly or not, by name.
    fn closed(&self) -> Vec<Module> {
        let mut packages: Vec<(&Path, usize)> = self.members.iter().enumerate().map(|(at, m)| (&m.outline.package, at)).collect();
        packages.sort();
        let mut closed: BTreeSet<usize> = (0..).zip(&self.members).filter(|(_, m)| m.rules.is_none()).map(|(at, _)| at).collect();
        let mut open: Vec<usize> = closed.iter().copied().collect();
        while let Some(member) = open.pop().and_then(|at| self.members.get(at)) {
            for path in member.outline.seen() {
                open.extend(declared(&packages, path).filter(|at| closed.insert(*at)));
            }
        }
        closed.into_iter().filter_map(|at| self.members.get(at)).map(|member| member.module.clone()).collect()
    }
}

/// The numbers of packages, sorted, that `path` meets.
fn declared<'p>(packages: &'p [(&Path, usize)], path: &'p Path) -> impl Iterator<Item = usize> + 'p {
    let keys = path.keys();
    let from = move |keys: &[String]| {
        let start = packages.partition_point(|(package, _)| package.keys() < keys);
        packages.get(start..).unwrap_or_default()
    };
    let above = (0..keys.len())
        .filter_map(move |length| keys.get(..length))
        .flat_map(move |above| from(above).iter().take_while(move |(package, _)| package.keys() == above));
    let below = from(keys).iter().take_while(move |(package, _)| package.keys().starts_with(keys));
    above.chain(below).map(|(_, number)| *number)
}

/// Whether one path lies at, above or below the other.
fn meets(one: &Path, other: &Path) -> bool {
    one.keys().iter().zip(other.keys()).all(|(a, b)| a == b)
}

/// Whether `path` meets one of these, which are sorted.
fn meets_any(sorted: &[Path], path: &Path) -> bool {
    let keys = path.keys();
    let at = |keys: &[String]| sorted.get(sorted.partition_point(|other| other.keys() < keys));
    let is_above = |length: usize| keys.get(..length).is_some_and(|above| at(above).is_some_and(|other| other.keys() == above));
    at(keys).is_some_and(|other| other.keys().starts_with(keys)) || (0..keys.len()).any(is_above)
}

#[cfg(test)]
mod tests;
