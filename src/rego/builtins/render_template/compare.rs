//! Comparisons between values of Go's basic kinds.

use super::super::Context;
use super::super::sprintf::{self, Argument};
use super::data::Data;
use super::functions::Problem;

/// What Go compares as one.
#[derive(Clone, Copy, PartialEq)]
enum Basic<'a> {
    Bool(bool),
    Int(i64),
    Unsigned(u64),
    Float(f64),
    Complex(f64, f64),
    Text(&'a [u8]),
}

impl<'a> Basic<'a> {
    const fn of(data: Data<'a>) -> Option<Self> {
        Some(match data {
            Data::Bool(bool) => Self::Bool(bool),
            Data::Int(int) => Self::Int(int),
            Data::Byte(byte) => Self::Unsigned(byte as u64),
            Data::Float(float) => Self::Float(float),
            Data::Complex(real, imaginary) => Self::Complex(real, imaginary),
            Data::Text(text) => Self::Text(text),
            Data::Number(text) => Self::Text(text.as_bytes()),
            Data::Nothing | Data::Nil | Data::List(..) | Data::Map(_) => return None,
        })
    }
}

const fn is_nothing(data: &Data<'_>) -> bool {
    matches!(data, Data::Nothing | Data::Nil)
}

/// Whether `first` equals one of the others.
pub(super) fn equal<'a>(ctx: &mut Context<'a>, first: Data<'a>, others: &[Data<'a>]) -> Result<bool, Problem> {
    if others.is_empty() {
        return Err("missing argument for comparison".to_owned().into());
    }
    for other in others {
        let equal = match (Basic::of(first), Basic::of(*other)) {
            (Some(Basic::Int(int)), Some(Basic::Unsigned(unsigned)))
            | (Some(Basic::Unsigned(unsigned)), Some(Basic::Int(int))) => u64::try_from(int) == Ok(unsigned),
            (Some(a), Some(b)) if std::mem::discriminant(&a) == std::mem::discriminant(&b) => a == b,
            (None, None) => equal_composites(ctx, first, *other)?,
            _ if !is_nothing(&first) && !is_nothing(other) => return Err(incompatible(first, *other)),
            _ => false,
        };
        if equal {
            return Ok(true);
        }
    }
    Ok(false)
}

fn incompatible(a: Data<'_>, b: Data<'_>) -> Problem {
    format!("incompatible types for comparison: {} and {}", a.type_name(), b.type_name()).into()
}

/// Lists and maps equal nothing; they can only be compared with nil.
fn equal_composites<'a>(ctx: &mut Context<'a>, a: Data<'a>, b: Data<'a>) -> Result<bool, Problem> {
    if is_nothing(&a) || is_nothing(&b) {
        return Ok(is_nothing(&a) == is_nothing(&b));
    }
    if a.type_name() == b.type_name() {
        let shown = shown(ctx, b, b"%s")?;
        return Err(format!("non-comparable type {shown}: {}", b.type_name()).into());
    }
    let (first, second) = (shown(ctx, a, b"%s")?, shown(ctx, b, b"%v")?);
    Err(format!("non-comparable types {first}: {}, {}: {second}", a.type_name(), b.type_name()).into())
}

fn shown<'a>(ctx: &mut Context<'a>, data: Data<'a>, format: &[u8]) -> Result<String, Problem> {
    let mut out = Vec::new();
    sprintf::format(ctx, format, &[data.argument().unwrap_or(Argument::Nil)], &mut out)?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

pub(super) fn less(a: Data<'_>, b: Data<'_>) -> Result<bool, Problem> {
    let invalid = || Problem::from("invalid type for comparison".to_owned());
    let (first, second) = (Basic::of(a).ok_or_else(invalid)?, Basic::of(b).ok_or_else(invalid)?);
    match (first, second) {
        (Basic::Int(a), Basic::Int(b)) => Ok(a < b),
        (Basic::Unsigned(a), Basic::Unsigned(b)) => Ok(a < b),
        (Basic::Int(a), Basic::Unsigned(b)) => Ok(u64::try_from(a).is_ok_and(|a| a < b) || a < 0),
        (Basic::Unsigned(a), Basic::Int(b)) => Ok(u64::try_from(b).is_ok_and(|b| a < b)),
        (Basic::Float(a), Basic::Float(b)) => Ok(a < b),
        (Basic::Text(a), Basic::Text(b)) => Ok(a < b),
        (Basic::Bool(_), Basic::Bool(_)) | (Basic::Complex(..), Basic::Complex(..)) => Err(invalid()),
        _ => Err(incompatible(a, b)),
    }
}

pub(super) fn less_or_equal<'a>(ctx: &mut Context<'a>, a: Data<'a>, b: Data<'a>) -> Result<bool, Problem> {
    Ok(less(a, b)? || equal(ctx, a, &[b])?)
}
