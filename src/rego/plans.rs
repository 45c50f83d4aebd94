//! The plans of a program: made when somebody first asks for a path, kept for all who ask again, and carried over to the program after it.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use foldhash::quality::RandomState;

use super::Path;
use super::asked::Asked;
use super::compile::Key;
use super::eval::{Derived, Room};
use super::plan::Plan;
use super::rules::Rules;

/// Plans kept for paths that the policies do not name, such as those below a rule's value: callers may invent any number.
pub(super) const MAX_INVENTED_PATHS: usize = 256;

/// A plan, the rules it was made of, and what these derived from the data of the program.
pub(super) struct Planned {
    pub(super) plan: Arc<Plan>,
    pub(super) rules: Arc<Rules>,
    pub(super) derived: Option<Derived>,
}

impl Planned {
    fn new(plan: Arc<Plan>, rules: Arc<Rules>, room: &Room) -> Self {
        let derived = Derived::new(plan.routines.len(), room.clone());
        Self { plan, rules, derived: Some(derived) }
    }

    /// A plan that is run once: nothing of it is kept.
    pub(super) fn once(plan: Plan, rules: Arc<Rules>) -> Self {
        Self { plan: Arc::new(plan), rules, derived: None }
    }

    /// The same plan over other data: what was derived from the data before is left behind.
    fn anew(&self, room: &Room) -> Self {
        Self::new(Arc::clone(&self.plan), Arc::clone(&self.rules), room)
    }

    /// Whether some module names `path`: it is one of a package or a rule.
    fn is_named(&self, path: &Path) -> bool {
        let root = Some(self.rules.compiled.tree.root());
        path.keys().iter().fold(root, |node, key| node?.child(&Key::String(key.as_str().into()))).is_some()
    }
}

type ByPath = HashMap<Path, Arc<Planned>, RandomState>;

/// Plans by path. Whoever reads takes no lock.
#[derive(Default)]
pub(super) struct Plans {
    by_path: ArcSwap<ByPath>,
    asked: Asked<Planned>,
    /// What may still be kept of what rules derive from data.
    room: Room,
}

impl Plans {
    /// Those that are there: one that is borrowed is counted by nobody, which would be a write that all threads share.
    pub(super) fn load(&self) -> Guard<Arc<ByPath>> {
        self.by_path.load()
    }

    /// One that was asked for before, where it is at hand.
    #[inline]
    pub(super) fn asked(&self, path: &Path) -> Option<&Planned> {
        self.asked.get(path)
    }

    /// Has one of them at hand.
    pub(super) fn ask(&self, path: &Path, planned: &Arc<Planned>) {
        self.asked.keep(path, planned);
    }

    /// Keeps a plan, and gives it. Paths of packages and rules are as many as the policies name, others are bounded.
    pub(super) fn keep(&self, path: &Path, plan: Plan, rules: Arc<Rules>) -> Arc<Planned> {
        let planned = Arc::new(Planned::new(Arc::new(plan), rules, &self.room));
        if self.load().len() < MAX_INVENTED_PATHS || planned.is_named(path) {
            self.by_path.rcu(|plans| {
                let mut plans = HashMap::clone(plans);
                plans.insert(path.clone(), Arc::clone(&planned));
                plans
            });
        }
        planned
    }

    /// Keeps many plans at once: they were kept before.
    pub(super) fn keep_all(&self, plans: Vec<(Path, Plan, Arc<Rules>)>) {
        let mut by_path = HashMap::clone(&self.load());
        let planned = |(path, plan, rules)| (path, Arc::new(Planned::new(Arc::new(plan), rules, &self.room)));
        by_path.extend(plans.into_iter().map(planned));
        self.by_path.store(Arc::new(by_path));
    }

    /// The paths.
    pub(super) fn paths(&self) -> Vec<Path> {
        self.load().keys().cloned().collect()
    }

    /// The same plans over other data.
    pub(super) fn anew(&self) -> Self {
        let room = Room::default();
        let by_path = self.load().iter().map(|(path, planned)| (path.clone(), Arc::new(planned.anew(&room)))).collect();
        Self { by_path: ArcSwap::new(Arc::new(by_path)), room, ..Self::default() }
    }

    /// Those of them that `stay`, over the same data.
    pub(super) fn staying(&self, stay: impl Fn(&Path, &Planned) -> bool) -> Self {
        let plans = self.load();
        let staying = plans.iter().filter(|(path, planned)| stay(path, planned));
        let by_path = staying.map(|(path, planned)| (path.clone(), Arc::clone(planned))).collect();
        Self { by_path: ArcSwap::new(Arc::new(by_path)), room: self.room.clone(), ..Self::default() }
    }
}
