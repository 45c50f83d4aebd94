//! What OPA's builtins take and give, by name: `opa capabilities --current` in the notation of its error messages.

use std::sync::{Arc, LazyLock};

use super::{Constant, Known, Rest, Type, Types};

/// `name(argument: type, …) -> result: type`, a builtin a line. One that gives nothing has no arrow; `type...` is any number of arguments.
const TEXT: &str = include_str!("declarations.txt");

/// A type and the name that an argument or result goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rego) struct Named {
    pub(in crate::rego) name: Option<&'static str>,
    pub(in crate::rego) of: Known,
}

/// What a builtin takes and gives.
#[derive(Debug)]
pub(in crate::rego) struct Declaration {
    /// The type of the function.
    pub(in crate::rego) function: Type,
    pub(in crate::rego) args: Vec<Named>,
    pub(in crate::rego) variadic: Option<Named>,
    pub(in crate::rego) result: Option<Named>,
}

/// All declarations, and the table that their types are in.
#[derive(Debug)]
pub(in crate::rego) struct Declarations {
    pub(in crate::rego) types: Arc<Types>,
    /// Sorted by their names.
    by_name: Box<[(&'static str, Declaration)]>,
}

impl Declarations {
    pub(in crate::rego) fn get(&self, name: &str) -> Option<&Declaration> {
        let at = self.by_name.binary_search_by_key(&name, |(own, _)| own).ok()?;
        self.by_name.get(at).map(|(_, declaration)| declaration)
    }
}

/// The declarations of all builtins.
pub(in crate::rego) fn declared() -> &'static Declarations {
    static DECLARED: LazyLock<Declarations> = LazyLock::new(|| {
        let mut types = Types::empty();
        let mut by_name: Box<[_]> = TEXT.lines().filter_map(|line| read(&mut types, line)).collect();
        by_name.sort_by_key(|(name, _)| *name);
        Declarations { types: Arc::new(types), by_name }
    });
    &DECLARED
}

fn read(types: &mut Types, line: &'static str) -> Option<(&'static str, Declaration)> {
    let (name, rest) = line.split_once('(')?;
    let (mut list, result) = match rest.rsplit_once(") -> ") {
        Some((list, result)) => (Reader { types, left: list }, Some(result)),
        None => (Reader { types, left: rest.strip_suffix(')')? }, None),
    };
    let (mut args, mut variadic) = (Vec::new(), None);
    while !list.left.is_empty() {
        let named = list.named()?;
        if list.take("...") {
            variadic = Some(named);
        } else {
            args.push(named);
        }
        list.take(", ");
    }
    let result = match result {
        Some(text) => Some(Reader { types, left: text }.named()?),
        None => None,
    };
    let shape = args.iter().map(|arg| arg.of).collect();
    let function = types.function(shape, variadic.and_then(|of| of.of), result.and_then(|of| of.of));
    Some((name, Declaration { function, args, variadic, result }))
}

/// Reads types from the front of a text.
struct Reader<'t> {
    types: &'t mut Types,
    left: &'static str,
}

impl Reader<'_> {
    fn take(&mut self, word: &str) -> bool {
        self.left.strip_prefix(word).map(|left| self.left = left).is_some()
    }

    /// `name: type`, or a type.
    fn named(&mut self) -> Option<Named> {
        let end = self.left.find([':', '<', '[', ',']).unwrap_or(self.left.len());
        let (before, after) = self.left.split_at(end);
        let name = match after.strip_prefix(": ") {
            Some(left) => {
                self.left = left;
                Some(before)
            }
            None => None,
        };
        Some(Named { name, of: Some(self.of()?) })
    }

    fn of(&mut self) -> Option<Type> {
        let end = self.left.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(self.left.len());
        let (word, left) = self.left.split_at(end);
        self.left = left;
        match word {
            "null" => Some(Type::NULL),
            "boolean" => Some(Type::BOOLEAN),
            "number" => Some(Type::NUMBER),
            "string" => Some(Type::STRING),
            "any" => {
                let members = self.list(Self::of)?;
                Some(if members.is_empty() { Type::ANY } else { self.types.any(members) })
            }
            "array" => {
                let items = self.list(|reader| reader.of().map(Some))?;
                let rest = self.bracket(Self::of)?;
                Some(self.types.array(items, rest))
            }
            "set" => {
                let of = self.bracket(Self::of)?;
                Some(self.types.set(of))
            }
            "object" => {
                let properties = self.list(Self::property)?;
                let rest: Rest = self.bracket(Self::entry)?;
                Some(self.types.object(properties, rest))
            }
            _ => None,
        }
    }

    /// `<a, b>`; nothing where there is no `<`.
    fn list<T>(&mut self, read: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut list = Vec::new();
        if self.take("<") {
            loop {
                list.push(read(self)?);
                if !self.take(", ") {
                    break;
                }
            }
            self.take(">").then_some(())?;
        }
        Some(list)
    }

    /// `[a]`, if there is a `[`.
    fn bracket<T>(&mut self, read: impl Fn(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if !self.take("[") {
            return Some(None);
        }
        let inside = read(self)?;
        self.take("]").then_some(Some(inside))
    }

    fn property(&mut self) -> Option<(Constant, Known)> {
        let (name, left) = self.left.split_once(": ")?;
        self.left = left;
        Some((Constant::String(name.into()), Some(self.of()?)))
    }

    fn entry(&mut self) -> Option<(Known, Known)> {
        let key = self.of()?;
        self.take(": ").then_some((Some(key), Some(self.of()?)))
    }
}
