//! The functions that templates may call: those of Go's `text/template/funcs.go`.

use super::super::super::value::Value;
use super::super::encoding::query_escape;
use super::super::sprintf::{self, Argument};
use super::super::{Context, Failure};
use super::compare;
use super::data::{Data, Found};
use super::escape;

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    And,
    Call,
    Eq,
    Ge,
    Gt,
    Html,
    Index,
    Js,
    Le,
    Len,
    Lt,
    Ne,
    Not,
    Or,
    Print,
    Printf,
    Println,
    Slice,
    UrlQuery,
}

/// What a parameter takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameter {
    /// `reflect.Value`.
    Value,
    /// `any`, in which nothing is nil.
    Any,
    String,
}

/// Why a function gave nothing: Go's words, or a bound.
pub(super) enum Problem {
    Text(String),
    Bound(Failure),
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::Bound(failure)
    }
}

impl From<String> for Problem {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

pub(super) type Called<'a> = Result<Found<'a>, Problem>;

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "and" => Self::And,
            "call" => Self::Call,
            "eq" => Self::Eq,
            "ge" => Self::Ge,
            "gt" => Self::Gt,
            "html" => Self::Html,
            "index" => Self::Index,
            "js" => Self::Js,
            "le" => Self::Le,
            "len" => Self::Len,
            "lt" => Self::Lt,
            "ne" => Self::Ne,
            "not" => Self::Not,
            "or" => Self::Or,
            "print" => Self::Print,
            "printf" => Self::Printf,
            "println" => Self::Println,
            "slice" => Self::Slice,
            "urlquery" => Self::UrlQuery,
            _ => return None,
        })
    }

    /// How many arguments it takes, and whether it takes more.
    pub(super) const fn arity(self) -> (usize, bool) {
        match self {
            Self::Html | Self::Js | Self::Print | Self::Println | Self::UrlQuery => (0, true),
            Self::And | Self::Call | Self::Eq | Self::Index | Self::Or | Self::Printf | Self::Slice => (1, true),
            Self::Len | Self::Not => (1, false),
            Self::Ge | Self::Gt | Self::Le | Self::Lt | Self::Ne => (2, false),
        }
    }

    /// What the argument at `at` has to be.
    pub(super) const fn parameter(self, at: usize) -> Parameter {
        match self {
            Self::Printf if at == 0 => Parameter::String,
            Self::Html | Self::Js | Self::Print | Self::Printf | Self::Println | Self::UrlQuery => Parameter::Any,
            _ => Parameter::Value,
        }
    }

    /// Calls it; `and` and `or` are not called. `callee` is what `call` is asked to call.
    pub(super) fn call<'a>(self, ctx: &mut Context<'a>, args: &[Found<'a>], callee: &str) -> Called<'a> {
        let opened = |at: usize| args.get(at).map_or(Data::Nothing, |found| found.opened().data);
        let bool = |bool: bool| Ok(Data::Bool(bool).into());
        match self {
            Self::And | Self::Or => Ok(args.last().copied().unwrap_or(Found::NOTHING)),
            Self::Not => bool(!opened(0).truth()),
            Self::Len => length(args.first().copied().unwrap_or(Found::NOTHING)),
            Self::Index => index(ctx, args),
            Self::Slice => slice(ctx, args),
            Self::Call => Err(not_callable(opened(0), callee)),
            Self::Eq => {
                let rest: Vec<Data<'a>> = args.iter().skip(1).map(|found| found.opened().data).collect();
                bool(compare::equal(ctx, opened(0), &rest)?)
            }
            Self::Ne => bool(!compare::equal(ctx, opened(0), &[opened(1)])?),
            Self::Lt => bool(compare::less(opened(0), opened(1))?),
            Self::Le => bool(compare::less_or_equal(ctx, opened(0), opened(1))?),
            Self::Gt => bool(!compare::less_or_equal(ctx, opened(0), opened(1))?),
            Self::Ge => bool(!compare::less(opened(0), opened(1))?),
            Self::Print => printed(ctx, args, |ctx, args, out| sprintf::print(ctx, args, out)),
            Self::Println => printed(ctx, args, |ctx, args, out| sprintf::println(ctx, args, out)),
            Self::Printf => {
                let format = opened(0).bytes().unwrap_or_default();
                printed(ctx, args.get(1..).unwrap_or_default(), |ctx, args, out| sprintf::format(ctx, format, args, out))
            }
            Self::Html => escaped(ctx, args, escape::html),
            Self::Js => escaped(ctx, args, escape::js),
            Self::UrlQuery => escaped(ctx, args, |text| {
                let mut out = String::new();
                query_escape(text, &mut out);
                out.into_bytes()
            }),
        }
    }
}

fn not_callable(callee: Data<'_>, name: &str) -> Problem {
    match callee {
        Data::Nothing | Data::Nil => "call of nil".to_owned().into(),
        data => format!("non-function {name} of type {}", data.type_name()).into(),
    }
}

/// What `write` prints of the arguments, as a string.
fn printed<'a>(
    ctx: &mut Context<'a>,
    args: &[Found<'a>],
    write: impl FnOnce(&mut Context<'a>, &[Argument<'_>], &mut Vec<u8>) -> Result<(), Failure>,
) -> Called<'a> {
    let args: Vec<Argument<'_>> = args.iter().map(|found| found.data.argument().unwrap_or(Argument::Nil)).collect();
    let mut out = Vec::new();
    write(ctx, &args, &mut out)?;
    text(ctx, &out)
}

fn text<'a>(ctx: &mut Context<'a>, text: &[u8]) -> Called<'a> {
    ctx.reserve(text.len())?;
    Ok(Data::Text(ctx.arena.alloc_slice_copy(text)).into())
}

/// The arguments as `print` has them, escaped; nil is `<no value>` here.
fn escaped<'a>(ctx: &mut Context<'a>, args: &[Found<'a>], escape: impl FnOnce(&[u8]) -> Vec<u8>) -> Called<'a> {
    let shown = |found: &Found<'a>| match found.data {
        Data::Nil | Data::Nothing => Argument::Text(b"<no value>".into()),
        data => data.argument().unwrap_or(Argument::Nil),
    };
    let args: Vec<Argument<'_>> = args.iter().map(shown).collect();
    let mut out = Vec::new();
    sprintf::print(ctx, &args, &mut out)?;
    ctx.charge(out.len() / 8)?;
    ctx.reserve(out.len().saturating_mul(6))?;
    let out = escape(&out);
    text(ctx, &out)
}

fn length(item: Found<'_>) -> Called<'_> {
    let length = match item.data {
        Data::Nil => return Err("len of nil pointer".to_owned().into()),
        Data::Nothing => return Err("reflect: call of reflect.Value.Type on zero Value".to_owned().into()),
        Data::List(elements, _) => elements.len(),
        Data::Map(entries) => entries.len(),
        data => match data.bytes() {
            Some(bytes) => bytes.len(),
            None => return Err(format!("len of type {}", data.type_name()).into()),
        },
    };
    Ok(Data::Int(length as i64).into())
}

/// A number that may be an index of what has `capacity` places.
fn place(index: Data<'_>, capacity: usize) -> Result<usize, String> {
    let int = match index {
        Data::Int(int) => int,
        Data::Byte(byte) => i64::from(byte),
        Data::Nothing | Data::Nil => return Err("cannot index slice/array with nil".to_owned()),
        other => return Err(format!("cannot index slice/array with type {}", other.type_name())),
    };
    usize::try_from(int).ok().filter(|at| *at <= capacity).ok_or_else(|| format!("index out of range: {int}"))
}

fn index<'a>(ctx: &mut Context<'a>, args: &[Found<'a>]) -> Called<'a> {
    let mut item = args.first().copied().unwrap_or(Found::NOTHING);
    if matches!(item.data, Data::Nil | Data::Nothing) {
        return Err("index of untyped nil".to_owned().into());
    }
    item.boxed = false;
    for index in args.iter().skip(1) {
        let index = index.opened().data;
        item = match item.data {
            Data::Nil => return Err("index of nil pointer".to_owned().into()),
            Data::List(elements, _) => match elements.get(place(index, elements.len())?) {
                Some(element) => Found::element(ctx, element),
                None => return Err("reflect: slice index out of range".to_owned().into()),
            },
            Data::Map(entries) => match index {
                Data::Text(key) => entries.get_str(key).map_or(Found::NIL, |element| Found::element(ctx, element)),
                Data::Nothing | Data::Nil => return Err("value is nil; should be of type string".to_owned().into()),
                other => return Err(format!("value has type {}; should be string", other.type_name()).into()),
            },
            data => match data.bytes() {
                Some(bytes) => match bytes.get(place(index, bytes.len())?) {
                    Some(byte) => Data::Byte(*byte).into(),
                    None => return Err("reflect: string index out of range".to_owned().into()),
                },
                None => return Err(format!("can't index item of type {}", data.type_name()).into()),
            },
        };
    }
    Ok(item)
}

fn slice<'a>(ctx: &mut Context<'a>, args: &[Found<'a>]) -> Called<'a> {
    let item = args.first().map_or(Data::Nothing, |found| found.opened().data);
    let indexes = args.get(1..).unwrap_or_default();
    if matches!(item, Data::Nothing) {
        return Err("slice of untyped nil".to_owned().into());
    }
    if indexes.len() > 3 {
        return Err(format!("too many slice indexes: {}", indexes.len()).into());
    }
    let (length, capacity) = match (item, item.bytes()) {
        (_, Some(_)) if indexes.len() == 3 => return Err("cannot 3-index slice a string".to_owned().into()),
        (_, Some(bytes)) => (bytes.len(), bytes.len()),
        (Data::List(elements, capacity), _) => (elements.len(), capacity),
        _ => return Err(format!("can't slice item of type {}", item.type_name()).into()),
    };
    let mut places = [0, length, capacity];
    for (to, index) in places.iter_mut().zip(indexes) {
        *to = place(index.opened().data, capacity)?;
    }
    let [from, to, end] = places;
    if from > to {
        return Err(format!("invalid slice index: {from} > {to}").into());
    }
    if to > end {
        return Err(format!("invalid slice index: {to} > {end}").into());
    }
    Ok(match item {
        Data::Text(text) => Data::Text(text.get(from..to).unwrap_or_default()).into(),
        Data::Number(text) => Data::Number(text.get(from..to).unwrap_or_default()).into(),
        Data::List(elements, _) => {
            ctx.charge(to - from)?;
            ctx.reserve((to - from) * size_of::<Value<'a>>())?;
            // Go's slice may be cut beyond its length, where nothing was put yet.
            let cut: Vec<Value<'a>> = (from..to).map(|at| elements.get(at).unwrap_or(Value::Null)).collect();
            let array = Value::array(ctx.arena, &cut).as_array();
            array.map_or(Found::NOTHING, |elements| Data::List(elements, end - from).into())
        }
        _ => Found::NOTHING,
    })
}
