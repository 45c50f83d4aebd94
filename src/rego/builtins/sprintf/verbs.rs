//! One argument by one verb.

use std::fmt::Write as _;

use super::super::super::value::number::{IntText, Integer};
use super::super::super::value::{is_printable, push_escaped, push_quoted_as};
use super::super::utf8;
use super::{Argument, Flags, composite, float};

pub(super) struct Printer<'o> {
    pub(super) flags: Flags,
    pub(super) out: &'o mut Vec<u8>,
    /// A verb that does not fit is being reported.
    pub(super) failing: bool,
}

impl Printer<'_> {
    pub(super) fn print(&mut self, argument: &Argument<'_>, verb: char) {
        match (argument, verb) {
            (_, 'T') => self.string(argument.type_name().as_bytes()),
            (Argument::Large(integer), _) => self.large(integer, verb, argument),
            (Argument::Float(float), _) => self.float(*float, verb, argument),
            (Argument::Int(int) | Argument::Machine(int), _) => self.int(*int, verb, argument),
            (Argument::Byte(byte), 'v') if self.flags.sharp_v => self.pad(format!("{byte:#x}").as_bytes(), false),
            (Argument::Byte(byte), _) => self.int(i64::from(*byte), verb, argument),
            (Argument::Text(bytes), _) => self.text(bytes, verb, argument),
            (Argument::Json(text), _) => self.text(text.as_bytes(), verb, argument),
            (Argument::Nil, 'v') => self.pad(b"<nil>", true),
            (Argument::Nil, _) => self.out.extend_from_slice(format!("%!{verb}(<nil>)").as_bytes()),
            (Argument::Bool(bool), 't' | 'v') => self.pad(bool.to_string().as_bytes(), true),
            (Argument::Bool(_), _) => self.bad_verb(argument, verb),
            (Argument::Complex(real, imaginary), _) => self.complex(*real, *imaginary, verb, argument),
            (Argument::List(elements), _) => composite::list(self, *elements, verb),
            (Argument::Map(entries), _) => composite::map(self, *entries, verb),
        }
    }

    /// `(1+2i)`.
    fn complex(&mut self, real: f64, imaginary: f64, verb: char, argument: &Argument<'_>) {
        if !matches!(verb, 'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E') {
            return self.bad_verb(argument, verb);
        }
        self.out.push(b'(');
        self.float(real, verb, argument);
        let plus = std::mem::replace(&mut self.flags.plus, true);
        self.float(imaginary, verb, argument);
        self.flags.plus = plus;
        self.out.extend_from_slice(b"i)");
    }

    fn bad_verb(&mut self, argument: &Argument<'_>, verb: char) {
        // Its report is printed by `v`, which fits every type.
        if std::mem::replace(&mut self.failing, true) {
            return;
        }
        self.out.extend_from_slice(format!("%!{verb}({}=", argument.type_name()).as_bytes());
        self.print(argument, 'v');
        self.out.push(b')');
        self.failing = false;
    }

    fn padding(&mut self, count: usize, zero: bool) {
        let byte = if zero && !self.flags.minus { b'0' } else { b' ' };
        self.out.extend(std::iter::repeat_n(byte, count));
    }

    /// Appends `bytes`, padded to the width; with zeros if the flag says so and `zero` lets it.
    fn pad(&mut self, bytes: &[u8], zero: bool) {
        let Some(width) = self.flags.width else { return self.out.extend_from_slice(bytes) };
        let count = width.saturating_sub(utf8::count(bytes));
        let zero = zero && self.flags.zero;
        if self.flags.minus {
            self.out.extend_from_slice(bytes);
            self.padding(count, zero);
        } else {
            self.padding(count, zero);
            self.out.extend_from_slice(bytes);
        }
    }

    fn truncate<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        let Some(precision) = self.flags.precision else { return bytes };
        match utf8::runes(bytes).nth(precision) {
            Some((at, ..)) => bytes.get(..at).unwrap_or_default(),
            None => bytes,
        }
    }

    fn string(&mut self, bytes: &[u8]) {
        self.pad(self.truncate(bytes), true);
    }

    fn text(&mut self, bytes: &[u8], verb: char, argument: &Argument<'_>) {
        match verb {
            'v' if self.flags.sharp_v => self.quoted(bytes),
            'v' | 's' => self.string(bytes),
            'q' => self.quoted(bytes),
            'x' | 'X' => self.hex(bytes, verb == 'X'),
            _ => self.bad_verb(argument, verb),
        }
    }

    fn quoted(&mut self, bytes: &[u8]) {
        let bytes = self.truncate(bytes);
        let mut quoted = Vec::new();
        if self.flags.sharp && can_backquote(bytes) {
            quoted.extend([b"`", bytes, b"`"].concat());
        } else {
            push_quoted_as(bytes, self.flags.plus, &mut quoted);
        }
        self.pad(&quoted, true);
    }

    fn hex(&mut self, bytes: &[u8], upper: bool) {
        let bytes = bytes.get(..self.flags.precision.unwrap_or(bytes.len()).min(bytes.len())).unwrap_or_default();
        if bytes.is_empty() {
            return self.padding(self.flags.width.unwrap_or(0), self.flags.zero);
        }
        let mut text = String::new();
        for (at, byte) in bytes.iter().enumerate() {
            if at > 0 && self.flags.space {
                text.push(' ');
            }
            if self.flags.sharp && (at == 0 || self.flags.space) {
                text.push_str(if upper { "0X" } else { "0x" });
            }
            let _ = if upper { write!(text, "{byte:02X}") } else { write!(text, "{byte:02x}") };
        }
        self.pad(text.as_bytes(), true);
    }

    fn int(&mut self, int: i64, verb: char, argument: &Argument<'_>) {
        match verb {
            'v' | 'd' if self.flags.is_plain() => self.out.extend_from_slice(IntText::new(int).as_bytes()),
            'v' | 'd' => self.digits(int, &int.unsigned_abs().to_string(), verb),
            'b' => self.digits(int, &format!("{:b}", int.unsigned_abs()), verb),
            'o' | 'O' => self.digits(int, &format!("{:o}", int.unsigned_abs()), verb),
            'x' => self.digits(int, &format!("{:x}", int.unsigned_abs()), verb),
            'X' => self.digits(int, &format!("{:X}", int.unsigned_abs()), verb),
            'c' | 'q' => {
                let point = u32::try_from(int).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
                let mut out = Vec::new();
                if verb == 'c' {
                    utf8::push(&mut out, point);
                } else {
                    out.push(b'\'');
                    push_escaped(point, '\'', self.flags.plus, &mut out);
                    out.push(b'\'');
                }
                self.pad(&out, true);
            }
            'U' => self.unicode(int),
            _ => self.bad_verb(argument, verb),
        }
    }

    /// Digits with sign, prefix and leading zeros.
    fn digits(&mut self, int: i64, digits: &str, verb: char) {
        let (negative, width) = (int < 0, self.flags.width.unwrap_or(0));
        if self.flags.precision == Some(0) && int == 0 {
            return self.padding(width, false);
        }
        let signed = negative || self.flags.plus || self.flags.space;
        let least = match self.flags.precision {
            Some(precision) => precision,
            None if self.flags.zero && !self.flags.minus && self.flags.width.is_some() => {
                width.saturating_sub(usize::from(signed))
            }
            None => 0,
        };
        let mut text = String::new();
        text.push_str(match (negative, self.flags.plus, self.flags.space) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        });
        let zeros = least.saturating_sub(digits.len());
        text.push_str(match (verb, self.flags.sharp) {
            ('O', true) if zeros == 0 && !digits.starts_with('0') => "0o0",
            ('O', _) => "0o",
            ('b', true) => "0b",
            ('o', true) if zeros == 0 && !digits.starts_with('0') => "0",
            ('x', true) => "0x",
            ('X', true) => "0X",
            _ => "",
        });
        text.extend(std::iter::repeat_n('0', zeros));
        text.push_str(digits);
        self.pad(text.as_bytes(), false);
    }

    /// `U+0041`, with the character where the sharp flag asks for it.
    fn unicode(&mut self, int: i64) {
        let code = int as u64;
        let least = self.flags.precision.unwrap_or(0).max(4);
        let mut text = format!("U+{code:0least$X}");
        let point = u32::try_from(code).ok().and_then(char::from_u32).filter(|c| is_printable(*c));
        if let (true, Some(point)) = (self.flags.sharp, point) {
            let _ = write!(text, " '{point}'");
        }
        self.pad(text.as_bytes(), false);
    }

    fn float(&mut self, value: f64, verb: char, argument: &Argument<'_>) {
        let (form, default) = match verb {
            'v' => ('g', None),
            'b' | 'g' | 'G' | 'x' | 'X' => (verb, None),
            'f' | 'e' | 'E' => (verb, Some(6)),
            'F' => ('f', Some(6)),
            _ => return self.bad_verb(argument, verb),
        };
        let precision = self.flags.precision.or(default);
        let mut number = float::format(value, form, precision);
        if self.flags.sharp && form != 'b' {
            number = float::with_point(&number, form, precision);
        }
        let negative = number.starts_with('-');
        if !negative {
            number.insert(0, if self.flags.space && !self.flags.plus { ' ' } else { '+' });
        }
        if !self.flags.plus && number.starts_with('+') {
            return self.pad(number.get(1..).unwrap_or_default().as_bytes(), true);
        }
        // The sign stands before zeros.
        let width = self.flags.width.unwrap_or(0);
        if self.flags.zero && !self.flags.minus && width > number.len() {
            let (sign, digits) = number.split_at(1);
            self.out.extend_from_slice(sign.as_bytes());
            self.padding(width - number.len(), true);
            self.out.extend_from_slice(digits.as_bytes());
            return;
        }
        self.pad(number.as_bytes(), true);
    }

    /// `big.Int`'s own formatting.
    fn large(&mut self, integer: &Integer, verb: char, argument: &Argument<'_>) {
        if self.failing {
            // By then Go prints the fields.
            let words: Vec<String> = integer.iter_u64_digits().map(|word| word.to_string()).collect();
            let fields = format!("&{{{} [{}]}}", *integer < Integer::ZERO, words.join(" "));
            return self.out.extend_from_slice(fields.as_bytes());
        }
        let radix = match verb {
            'b' => 2,
            'o' | 'O' => 8,
            'd' | 's' | 'v' => 10,
            'x' | 'X' => 16,
            'p' | 'w' => return self.bad_verb(argument, verb),
            _ => return self.out.extend_from_slice(format!("%!{verb}(big.Int={integer})").as_bytes()),
        };
        let mut digits = integer.magnitude().to_str_radix(radix);
        if verb == 'X' {
            digits.make_ascii_uppercase();
        }
        let flags = self.flags;
        let sign = match (*integer < Integer::ZERO, flags.plus || flags.plus_v, flags.space) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        };
        let prefix = match (verb, flags.sharp || flags.sharp_v) {
            ('O', _) => "0o",
            ('b', true) => "0b",
            ('o', true) => "0",
            ('x', true) => "0x",
            ('X', true) => "0X",
            _ => "",
        };
        let mut zeros = flags.precision.unwrap_or(0).saturating_sub(digits.len());
        let length = sign.len() + prefix.len() + zeros + digits.len();
        let missing = flags.width.unwrap_or(0).saturating_sub(length);
        let (mut left, mut right) = (0, 0);
        match (flags.minus, flags.zero && flags.precision.is_none()) {
            (true, _) => right = missing,
            (_, true) => zeros += missing,
            _ => left = missing,
        }
        let spaces = |count: usize| " ".repeat(count);
        let text = format!("{}{sign}{prefix}{}{digits}{}", spaces(left), "0".repeat(zeros), spaces(right));
        self.out.extend_from_slice(text.as_bytes());
    }
}

/// Whether a string may stand between backquotes.
fn can_backquote(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes)
        .is_ok_and(|text| !text.contains(|c: char| (c < ' ' && c != '\t') || matches!(c, '`' | '\u{7f}' | '\u{feff}')))
}
