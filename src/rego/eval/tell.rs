//! What is told to an observer: lines of `print`, cases of tests, expressions that fail.

use super::{Machine, Stop};
use crate::rego::ast::Span;
use crate::rego::plan::Told;
use crate::rego::value::{Value, write_text};

impl<'a> Machine<'a, '_> {
    /// Out of the way of the loop: nothing of a policy that was compiled for decisions comes here.
    #[cold]
    pub(super) fn tell(&mut self, told: Told, value: u32, span: Span) -> Result<(), Stop> {
        if self.observer.is_none() {
            return Ok(());
        }
        let value = self.get(value);
        match told {
            Told::Print => self.print(&value, span),
            Told::TestCase => self.test_case(&value),
            Told::Failed | Told::Covered => {
                if let Some(observer) = &mut self.observer {
                    if told == Told::Failed { observer.failed(span) } else { observer.covered(span) }
                }
                Ok(())
            }
        }
    }

    fn test_case(&mut self, value: &Value<'a>) -> Result<(), Stop> {
        let names: Vec<Value<'a>> = value.as_array().map(|names| names.iter().collect()).unwrap_or_default();
        self.charge(names.len())?;
        match &mut self.observer {
            Some(observer) => observer.test_case(&names).map_err(Stop::Exceeded),
            None => Ok(()),
        }
    }

    /// A line for each combination of the operands' values; the last operand changes fastest.
    fn print(&mut self, operands: &Value<'a>, span: Span) -> Result<(), Stop> {
        let operands: Vec<Value<'a>> = operands.as_array().map(|operands| operands.iter().collect()).unwrap_or_default();
        let texts = operands.iter().map(|operand| self.texts(operand, span)).collect::<Result<Vec<_>, _>>()?;
        let mut chosen = vec![0; texts.len()];
        loop {
            let words: Vec<&[u8]> =
                texts.iter().zip(&chosen).filter_map(|(texts, at)| texts.get(*at).map(Vec::as_slice)).collect();
            let line = words.join(&b' ');
            self.charge(1 + line.len() / 32)?;
            self.line_printed(line, span)?;
            if !advance(&mut chosen, &texts) {
                return Ok(());
            }
        }
    }

    /// The texts of an operand's values.
    fn texts(&mut self, operand: &Value<'a>, span: Span) -> Result<Vec<Vec<u8>>, Stop> {
        let texts: Vec<Vec<u8>> = match operand.as_set() {
            Some(set) if set.is_empty() => vec![b"<undefined>".to_vec()],
            Some(set) => set.iter().map(|value| text(&value)).collect(),
            None if is_primitive(operand) => vec![text(operand)],
            None => {
                let message = format!("illegal argument type: {}", operand.type_name());
                return Err(Stop::Error { code: "eval_internal_error", message, span });
            }
        };
        let bytes: usize = texts.iter().map(Vec::len).sum();
        self.charge(texts.len() + bytes / 32)?;
        self.reserve(bytes)?;
        Ok(texts)
    }
}

const fn is_primitive(value: &Value<'_>) -> bool {
    matches!(value, Value::Null | Value::Bool(_) | Value::Int(_) | Value::Number(_) | Value::String(_))
}

/// Strings as they are, anything else as Rego writes it.
fn text(value: &Value<'_>) -> Vec<u8> {
    match value.as_bytes() {
        Some(bytes) => bytes.to_vec(),
        None => {
            let mut text = Vec::new();
            write_text(value, &mut text);
            text
        }
    }
}

/// The next combination; `false` after the last.
fn advance(chosen: &mut [usize], texts: &[Vec<Vec<u8>>]) -> bool {
    for (at, texts) in chosen.iter_mut().zip(texts).rev() {
        *at += 1;
        if *at < texts.len() {
            return true;
        }
        *at = 0;
    }
    false
}
