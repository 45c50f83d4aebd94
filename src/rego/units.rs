//! Which rules decide for which module: those of the last time that the module, or what it refers to, changed.
//!
//! All modules compiled together are one unit. Where few modules change, they, the modules that refer to them and what all these come to
//! are compiled for themselves, a unit of their own: it is closed, so that it decides what all modules together would decide. A module that
//! stays keeps its unit. What a unit still has of modules that changed later is asked by nobody.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::outline::Outline;
use super::rules::{Part, Rules};
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
    packages: Arc<Packages>,
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
        let packages = rules.modules.iter().zip(&rules.outlines).map(|(module, outline)| (&module.name, &outline.package));
        let packages = Arc::new(Packages::of(packages));
        Self { members: rules.modules.iter().zip(&rules.outlines).map(member).collect(), packages }
    }

    /// The package that the module `name` declares.
    pub(super) fn package(&self, name: &str) -> Option<&Path> {
        self.packages.by_name.get(name)
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
        self.packages.met(path).filter_map(|number| self.members.get(number)).collect()
    }

    /// The calls that reach outside, by module.
    pub(super) fn outside_calls(&self) -> Vec<OutsideCall> {
        let calls = self.members.iter().flat_map(|member| member.rules.outside_calls.iter().map(move |call| (member, call)));
        calls.filter(|(member, call)| call.module == member.module.name).map(|(_, call)| call.clone()).collect()
    }

    /// The units, each once.
    pub(super) fn each(&self) -> Vec<&Arc<Rules>> {
        let mut seen: HashSet<_, RandomState> = HashSet::default();
        let members = self.members.iter().map(|member| &member.rules);
        members.filter(|rules| seen.insert(Arc::as_ptr(rules))).collect()
    }

    /// The units of `modules`, sorted by name, where few changed: what `compile` makes of those that have to be compiled. `None` where
    /// everything is better compiled at once, or has to be, to say what is wrong.
    pub(super) fn replaced(&self, modules: &[Module], compile: impl FnOnce(Vec<Part>) -> Option<Rules>) -> Option<Replaced> {
        let total = bytes(modules);
        let is_much = |bytes: usize| bytes.saturating_mul(2) > total;
        if is_much(bytes(self.new_among(modules))) {
            return None;
        }
        let mut next = self.changed(modules)?;
        next.spread();
        let packages = self.packages_of(&next);
        let parts = next.parts(&packages)?;
        if is_much(bytes(parts.iter().map(|part| &part.module))) {
            return None;
        }
        let rules = if parts.is_empty() { None } else { Some(Arc::new(compile(parts)?)) };
        let members: Option<Vec<Member>> = next.members.into_iter().map(|member| member.with(rules.as_ref())).collect();
        let units = Self { members: members?, packages };
        let held: usize = units.each().iter().map(|rules| bytes(&rules.modules)).sum();
        if held > total.saturating_mul(MAX_REPEATED).saturating_add(FREE_BYTES) {
            return None;
        }
        Some(Replaced { units, rules, touched: next.touched.into_iter().collect() })
    }

    /// The modules that are none of these members.
    fn new_among<'m>(&self, modules: &'m [Module]) -> impl Iterator<Item = &'m Module> {
        let mut before = self.members.iter().map(|member| &member.module).peekable();
        modules.iter().filter(move |module| {
            while before.next_if(|before| before.name < module.name).is_some() {}
            before.next_if(|before| before.name == module.name) != Some(module)
        })
    }

    /// The packages of the members to come: these, as a rule.
    fn packages_of(&self, next: &Next) -> Arc<Packages> {
        let mut pairs = self.members.iter().zip(&next.members);
        let is_same = self.members.len() == next.members.len()
            && pairs.all(|(a, b)| a.module.name == b.module.name && a.outline.package == b.outline.package);
        if is_same {
            return Arc::clone(&self.packages);
        }
        Arc::new(Packages::of(next.members.iter().map(|member| (&member.module.name, &member.outline.package))))
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

    /// What is compiled, by name: the modules that have to be, those that they refer to, and of what these come to the rules alone that they come to. They were
    /// compiled before, with all that they need. `None` where something is not as it was then.
    fn parts(&self, packages: &Packages) -> Option<Vec<Part>> {
        let fresh: BTreeSet<usize> = (0..).zip(&self.members).filter(|(_, m)| m.rules.is_none()).map(|(at, _)| at).collect();
        let used = self.used(&fresh, packages);
        let mut parts: BTreeMap<usize, Option<BTreeSet<u32>>> = fresh.iter().chain(&used).map(|at| (*at, None)).collect();
        for (rules, modules) in self.by_unit(&used)? {
            for (number, places) in rules.reachable(&modules) {
                let module = rules.modules.get(number)?;
                let at = self.members.binary_search_by(|member| member.module.name.cmp(&module.name)).ok()?;
                if self.members.get(at)?.module != *module {
                    return None;
                }
                if let Some(wanted) = parts.entry(at).or_insert_with(|| Some(BTreeSet::new())) {
                    wanted.extend(places);
                }
            }
        }
        // Their packages, and those above, may be annotated elsewhere: rules see that, and types follow from it.
        let included: Vec<&Path> = parts.keys().filter_map(|at| self.members.get(*at)).map(|m| &m.outline.package).collect();
        let is_above = |at: &usize, path: &Path| {
            self.members.get(*at).is_some_and(|member| path.keys().starts_with(member.outline.package.keys()))
        };
        for at in included.into_iter().flat_map(|path| packages.met(path).filter(move |at| is_above(at, path))) {
            parts.entry(at).or_insert_with(|| Some(BTreeSet::new()));
        }
        parts.into_iter().map(|(at, rules)| Some(Part { module: self.members.get(at)?.module.clone(), rules })).collect()
    }

    /// The members that these refer to, these apart.
    fn used(&self, fresh: &BTreeSet<usize>, packages: &Packages) -> BTreeSet<usize> {
        let seen = fresh.iter().filter_map(|at| self.members.get(*at)).flat_map(|member| member.outline.seen());
        seen.flat_map(|path| packages.met(path)).filter(|at| !fresh.contains(at)).collect()
    }

    /// The units of these members, and their modules' numbers there.
    fn by_unit(&self, members: &BTreeSet<usize>) -> Option<Vec<(&Rules, BTreeSet<usize>)>> {
        let mut units: Vec<(&Rules, BTreeSet<usize>)> = Vec::new();
        for member in members.iter().filter_map(|at| self.members.get(*at)) {
            let rules = member.rules.as_deref()?;
            let number = rules.number(&member.module.name)?;
            match units.iter_mut().find(|(unit, _)| std::ptr::eq(*unit, rules)) {
                Some((_, numbers)) => drop(numbers.insert(number)),
                None => units.push((rules, BTreeSet::from([number]))),
            }
        }
        Some(units)
    }
}

/// The packages of members.
struct Packages {
    by_name: HashMap<Arc<str>, Path>,
    /// With the members' numbers, in the packages' order: what is below one comes right after it.
    sorted: Vec<(Path, usize)>,
}

impl Packages {
    /// Of the names and packages of all members, in their order.
    fn of<'m>(members: impl Iterator<Item = (&'m Arc<str>, &'m Path)> + Clone) -> Self {
        let mut sorted: Vec<(Path, usize)> =
            members.clone().zip(0..).map(|((_, package), number)| (package.clone(), number)).collect();
        sorted.sort();
        Self { by_name: members.map(|(name, package)| (Arc::clone(name), package.clone())).collect(), sorted }
    }

    /// The numbers of the members whose packages lie at, above or below `path`.
    fn met<'p>(&'p self, path: &'p Path) -> impl Iterator<Item = usize> + 'p {
        let keys = path.keys();
        let from = |keys: &[String]| {
            let start = self.sorted.partition_point(|(package, _)| package.keys() < keys);
            self.sorted.get(start..).unwrap_or_default()
        };
        let above = (0..keys.len()).filter_map(move |length| keys.get(..length));
        let above = above.flat_map(move |above| from(above).iter().take_while(move |(package, _)| package.keys() == above));
        let below = from(keys).iter().take_while(move |(package, _)| package.keys().starts_with(keys));
        above.chain(below).map(|(_, number)| *number)
    }
}

/// What the sources take.
fn bytes<'m>(modules: impl IntoIterator<Item = &'m Module>) -> usize {
    modules.into_iter().map(|module| module.source.len()).sum()
}

/// Whether one path lies at, above or below the other.
fn meets(one: &Path, other: &Path) -> bool {
    one.keys().iter().zip(other.keys()).all(|(a, b)| a == b)
}

/// Whether `path` meets one of these, which are sorted.
fn meets_any(sorted: &[Path], path: &Path) -> bool {
    // A change is of one policy, as a rule.
    if let [one] = sorted {
        return meets(one, path);
    }
    let keys = path.keys();
    let at = |keys: &[String]| sorted.get(sorted.partition_point(|other| other.keys() < keys));
    let is_above = |length: usize| keys.get(..length).is_some_and(|above| at(above).is_some_and(|other| other.keys() == above));
    at(keys).is_some_and(|other| other.keys().starts_with(keys)) || (0..keys.len()).any(is_above)
}

#[cfg(test)]
mod tests;
