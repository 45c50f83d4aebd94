//! `sprintf`, which is Go's `fmt.Sprintf` over floats, integers and strings; and `fmt` over what templates have.

mod composite;
mod float;
mod verbs;

use super::super::value::number::{self, Integer};
use super::super::value::{Elements, Entries, Value, text};
use super::operand::{array, string};
use super::{Context, Failure, Outcome, utf8};
use verbs::Printer;

/// Go takes no larger width or precision.
const MAX_NUMBER: i64 = 1_000_000;

/// An argument as Go sees it. `sprintf` itself has only floats, integers and text.
pub(super) enum Argument<'a> {
    Float(f64),
    Int(i64),
    Large(Integer),
    Text(std::borrow::Cow<'a, [u8]>),
    Nil,
    Bool(bool),
    /// An `int`.
    Machine(i64),
    Byte(u8),
    Complex(f64, f64),
    /// A `json.Number`.
    Json(&'a str),
    List(Elements<'a>),
    Map(Entries<'a>),
}

/// How one verb is to be printed.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Flags {
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    /// `%+v` and `%#v`.
    pub(super) plus_v: bool,
    pub(super) sharp_v: bool,
}

impl Flags {
    /// Whether an integer is nothing but its digits.
    const fn is_plain(&self) -> bool {
        self.width.is_none() && self.precision.is_none() && !self.plus && !self.space
    }
}

pub(super) fn sprintf<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let format = string(operands, 1)?;
    let values = array(operands, 2)?;
    let mut arguments = Vec::with_capacity(values.len());
    for value in values.iter() {
        arguments.push(argument(ctx, value)?);
    }
    let mut out = Vec::with_capacity(format.len() + 16);
    self::format(ctx, format, &arguments, &mut out)?;
    Ok(Value::string(ctx.arena, &out))
}

/// Go's `Sprint`: a space between two arguments of which none is a string.
pub(super) fn print(ctx: &mut Context<'_>, arguments: &[Argument<'_>], out: &mut Vec<u8>) -> Result<(), Failure> {
    let is_string = |argument: &Argument<'_>| matches!(argument, Argument::Text(_) | Argument::Json(_));
    let mut after_string = true;
    for argument in arguments {
        if !after_string && !is_string(argument) {
            out.push(b' ');
        }
        after_string = is_string(argument);
        print_one(ctx, argument, 'v', Flags::default(), out)?;
    }
    Ok(())
}

/// Go's `Sprintln`.
pub(super) fn println(ctx: &mut Context<'_>, arguments: &[Argument<'_>], out: &mut Vec<u8>) -> Result<(), Failure> {
    for (at, argument) in arguments.iter().enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        print_one(ctx, argument, 'v', Flags::default(), out)?;
    }
    out.push(b'\n');
    Ok(())
}

/// A number with a fraction or an exponent is a float, whatever its value.
fn argument<'a>(ctx: &mut Context<'a>, value: Value<'a>) -> Result<Argument<'a>, Failure> {
    ctx.charge(1)?;
    Ok(match value {
        Value::Int(int) => Argument::Int(int),
        Value::String(bytes) => Argument::Text(bytes.into()),
        Value::Number(number) if number.contains(['.', 'e', 'E']) => match double(number) {
            Some(float) => Argument::Float(float),
            None => Argument::Text(number.as_bytes().into()),
        },
        Value::Number(number) => {
            super::operand::charge_number(ctx, number)?;
            // Other forms than digits come from `to_number`.
            let digits = number.strip_prefix(['-', '+']).unwrap_or(number);
            match number::to_i64(&value) {
                Some(int) => Argument::Int(int),
                None if digits.bytes().all(|b| b.is_ascii_digit()) => {
                    Argument::Large(number::to_integer(number).unwrap_or_default())
                }
                None => Argument::Text(number.as_bytes().into()),
            }
        }
        other => {
            let text = text(&other);
            ctx.charge(text.len() / 32)?;
            Argument::Text(text.into_bytes().into())
        }
    })
}

/// The double nearest to a number's text, where it is in range.
fn double(text: &str) -> Option<f64> {
    if text.contains(['x', 'X', '_']) {
        return number::Float::parse(text).map(|f| f.to_f64()).filter(|f| f.is_finite());
    }
    text.parse().ok().filter(|f: &f64| f.is_finite())
}

/// A cursor over a format and its arguments.
struct State<'f, 'a> {
    format: &'f [u8],
    at: usize,
    arguments: &'f [Argument<'a>],
    next: usize,
    reordered: bool,
    good: bool,
}

/// Go's `Sprintf`.
pub(super) fn format(ctx: &mut Context<'_>, format: &[u8], arguments: &[Argument<'_>], out: &mut Vec<u8>) -> Result<(), Failure> {
    let mut state = State { format, at: 0, arguments, next: 0, reordered: false, good: true };
    while let Some(rest) = format.get(state.at..).filter(|rest| !rest.is_empty()) {
        let plain = memchr::memchr(b'%', rest).unwrap_or(rest.len());
        ctx.charge(plain / 32 + 1)?;
        out.extend_from_slice(rest.get(..plain).unwrap_or_default());
        state.at += plain;
        if state.at < format.len() {
            state.at += 1;
            state.verb(ctx, out)?;
        }
    }
    if !state.reordered && state.next < arguments.len() {
        state.extra(ctx, out)?;
    }
    Ok(())
}

impl State<'_, '_> {
    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    /// One verb, whose `%` was read.
    fn verb(&mut self, ctx: &mut Context<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
        self.good = true;
        let mut flags = Flags::default();
        while let Some(byte) = self.peek() {
            match byte {
                b'#' => flags.sharp = true,
                b'0' => flags.zero = true,
                b'+' => flags.plus = true,
                b'-' => flags.minus = true,
                b' ' => flags.space = true,
                _ => break,
            }
            self.at += 1;
        }
        let after_index = self.index();
        let after_index = self.width(&mut flags, after_index, out);
        let after_index = self.precision(&mut flags, after_index, out);
        if !after_index {
            self.index();
        }
        let Some(rest) = self.format.get(self.at..).filter(|rest| !rest.is_empty()) else {
            out.extend_from_slice(b"%!(NOVERB)");
            return Ok(());
        };
        let (verb, length) = utf8::decode(rest);
        self.at += length;
        if verb == '%' {
            out.push(b'%');
            return Ok(());
        }
        if !self.good {
            out.extend_from_slice(format!("%!{verb}(BADINDEX)").as_bytes());
            return Ok(());
        }
        let Some(argument) = self.arguments.get(self.next) else {
            out.extend_from_slice(format!("%!{verb}(MISSING)").as_bytes());
            return Ok(());
        };
        if matches!(verb, 'v' | 'w') {
            (flags.sharp_v, flags.sharp) = (flags.sharp, false);
            (flags.plus_v, flags.plus) = (flags.plus, false);
        }
        self.next += 1;
        print_one(ctx, argument, verb, flags, out)
    }

    /// `*` or digits; whether an index came last.
    fn width(&mut self, flags: &mut Flags, after_index: bool, out: &mut Vec<u8>) -> bool {
        if self.peek() == Some(b'*') {
            self.at += 1;
            let width = self.int_argument();
            if width.is_none() {
                out.extend_from_slice(b"%!(BADWIDTH)");
            }
            if width.is_some_and(|w| w < 0) {
                flags.minus = true;
                flags.zero = false;
            }
            flags.width = width.map(|w| w.unsigned_abs() as usize);
            return false;
        }
        flags.width = self.digits();
        if after_index && flags.width.is_some() {
            self.good = false;
        }
        after_index
    }

    fn precision(&mut self, flags: &mut Flags, after_index: bool, out: &mut Vec<u8>) -> bool {
        if self.peek() != Some(b'.') || self.at + 1 >= self.format.len() {
            return after_index;
        }
        self.at += 1;
        if after_index {
            self.good = false;
        }
        let after_index = self.index();
        if self.peek() == Some(b'*') {
            self.at += 1;
            flags.precision = self.int_argument().and_then(|p| usize::try_from(p).ok());
            if flags.precision.is_none() {
                out.extend_from_slice(b"%!(BADPREC)");
            }
            return false;
        }
        flags.precision = self.digits().or(Some(0));
        after_index
    }

    /// A number; `None` where there is none. One that is too large takes the rest of the format with it.
    fn digits(&mut self) -> Option<usize> {
        let mut number = None;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            let so_far = number.unwrap_or(0);
            if so_far > MAX_NUMBER as usize {
                self.at = self.format.len();
                return None;
            }
            number = Some(so_far * 10 + usize::from(digit - b'0'));
            self.at += 1;
        }
        number
    }

    /// An explicit index such as `[3]`.
    fn index(&mut self) -> bool {
        if self.peek() != Some(b'[') {
            return false;
        }
        self.reordered = true;
        let rest = self.format.get(self.at..).unwrap_or_default();
        let close = if rest.len() < 3 { None } else { rest.iter().position(|b| *b == b']') };
        let Some(close) = close else {
            self.at += 1;
            self.good = false;
            return false;
        };
        let inner = rest.get(1..close).unwrap_or_default();
        self.at += close + 1;
        let number = bounded(inner);
        match number.and_then(|n| n.checked_sub(1)).filter(|n| *n < self.arguments.len()) {
            Some(index) => {
                self.next = index;
                true
            }
            None => {
                self.good = false;
                number.is_some()
            }
        }
    }

    /// The next argument, where it is an integer of reasonable size.
    fn int_argument(&mut self) -> Option<i64> {
        let argument = self.arguments.get(self.next)?;
        self.next += 1;
        match argument {
            Argument::Byte(byte) => Some(i64::from(*byte)),
            Argument::Int(int) | Argument::Machine(int) if (-MAX_NUMBER..=MAX_NUMBER).contains(int) => Some(*int),
            _ => None,
        }
    }

    /// What is left over.
    fn extra(&self, ctx: &mut Context<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
        out.extend_from_slice(b"%!(EXTRA ");
        for (at, argument) in self.arguments.iter().skip(self.next).enumerate() {
            if at > 0 {
                out.extend_from_slice(b", ");
            }
            if !matches!(argument, Argument::Nil) {
                out.extend_from_slice(argument.type_name().as_bytes());
                out.push(b'=');
            }
            print_one(ctx, argument, 'v', Flags::default(), out)?;
        }
        out.push(b')');
        Ok(())
    }
}

/// All of `digits` as a number, where it is not too large.
fn bounded(digits: &[u8]) -> Option<usize> {
    let mut number = None;
    for digit in digits {
        let so_far: usize = number.unwrap_or(0);
        if !digit.is_ascii_digit() || so_far > MAX_NUMBER as usize {
            return None;
        }
        number = Some(so_far * 10 + usize::from(digit - b'0'));
    }
    number
}

fn print_one(ctx: &mut Context<'_>, argument: &Argument<'_>, verb: char, flags: Flags, out: &mut Vec<u8>) -> Result<(), Failure> {
    let (leaves, bytes) = argument.size(ctx)?;
    let padding = flags.width.unwrap_or(0).saturating_add(flags.precision.unwrap_or(0));
    let size = padding.saturating_mul(leaves).saturating_add(bytes);
    ctx.charge(size / 32 + 1)?;
    ctx.reserve(size.saturating_mul(2).saturating_add(out.len()))?;
    Printer { flags, out, failing: false }.print(argument, verb);
    Ok(())
}

impl Argument<'_> {
    /// Go's name of the type.
    pub(super) const fn type_name(&self) -> &'static str {
        match self {
            Self::Float(_) => "float64",
            Self::Int(_) => "int64",
            Self::Large(_) => "*big.Int",
            Self::Text(_) => "string",
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Machine(_) => "int",
            Self::Byte(_) => "uint8",
            Self::Complex(..) => "complex128",
            Self::Json(_) => "json.Number",
            Self::List(_) => "[]interface {}",
            Self::Map(_) => "map[string]interface {}",
        }
    }

    /// How many parts are printed, and about how many bytes they have.
    fn size(&self, ctx: &mut Context<'_>) -> Result<(usize, usize), Failure> {
        let mut rest = match self {
            Self::Text(bytes) => return Ok((1, bytes.len())),
            Self::Json(text) => return Ok((1, text.len())),
            Self::Large(integer) => return Ok((1, integer.bits() as usize)),
            Self::List(elements) => vec![*elements],
            Self::Map(entries) => vec![entries.keys(), entries.values()],
            _ => return Ok((1, 64)),
        };
        let (mut leaves, mut bytes) = (0, 0);
        while let Some(elements) = rest.pop() {
            ctx.charge(elements.len())?;
            leaves += elements.len();
            for value in elements.iter() {
                bytes += value.as_bytes().map_or(64, |bytes| bytes.len() * 4 + 24);
                rest.extend(value.as_array());
                rest.extend(value.as_object().iter().flat_map(|entries| [entries.keys(), entries.values()]));
            }
        }
        Ok((leaves, bytes))
    }
}
