//! `regex.globs_match`: whether two simple patterns have a match in common, as the package that OPA uses finds out.

use super::super::super::value::Value;
use super::super::operand::{fail, string};
use super::super::{Context, Outcome, utf8};

/// How often a token comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flag {
    Once,
    Plus,
    Star,
}

/// What a token matches.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Rune(char),
    Any,
    /// Ranges, sorted and apart from each other.
    Set(Vec<(u32, u32)>),
}

#[derive(Debug, Clone)]
struct Token {
    kind: Kind,
    flag: Flag,
}

impl Token {
    fn is_flagged(&self) -> bool {
        self.flag != Flag::Once
    }

    /// Whether a rune is both tokens', flags aside.
    fn meets(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Any, _) | (_, Kind::Any) => true,
            (Kind::Rune(a), Kind::Rune(b)) => a == b,
            (Kind::Rune(rune), Kind::Set(set)) | (Kind::Set(set), Kind::Rune(rune)) => {
                let rune = u32::from(*rune);
                set.get(set.partition_point(|(_, to)| *to < rune)).is_some_and(|(from, _)| *from <= rune)
            }
            (Kind::Set(a), Kind::Set(b)) => {
                let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
                while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
                    if x.1 < y.0 {
                        a.next();
                    } else if y.1 < x.0 {
                        b.next();
                    } else {
                        return true;
                    }
                }
                false
            }
        }
    }
}

/// Reads the tokens of a pattern.
struct Scanner<'s> {
    runes: &'s [char],
    at: usize,
}

impl Scanner<'_> {
    fn error(&self, problem: &str) -> String {
        let input: String = self.runes.iter().collect();
        format!("input:{input}, pos:{}, {problem}: the input provided is invalid", self.at)
    }

    /// The next rune, and whether it is escaped.
    fn rune(&mut self) -> Result<Option<(char, bool)>, String> {
        let Some(rune) = self.runes.get(self.at) else { return Ok(None) };
        if *rune != '\\' {
            self.at += 1;
            return Ok(Some((*rune, false)));
        }
        let Some(escaped) = self.runes.get(self.at + 1) else {
            return Err(self.error(r"input ends with a \ (escape) character"));
        };
        self.at += 2;
        Ok(Some((*escaped, true)))
    }

    fn tokens(mut self) -> Result<Vec<Token>, String> {
        let mut tokens = Vec::new();
        while let Some((rune, escaped)) = self.rune()? {
            let kind = match rune {
                '.' if !escaped => Kind::Any,
                '[' if !escaped => self.set()?,
                ']' if !escaped => return Err(self.error("set-close ']' with no preceding '['")),
                '+' | '*' if !escaped => return Err(self.error(&format!("flag '{rune}' must be preceded by a non-flag"))),
                _ => Kind::Rune(rune),
            };
            let before = self.at;
            let flag = match self.rune()? {
                Some(('+', false)) => Flag::Plus,
                Some(('*', false)) => Flag::Star,
                _ => {
                    self.at = before;
                    Flag::Once
                }
            };
            tokens.push(Token { kind, flag });
        }
        Ok(tokens)
    }

    /// The set whose bracket was read.
    fn set(&mut self) -> Result<Kind, String> {
        let mut ranges = Vec::new();
        let mut previous = None;
        while let Some((rune, escaped)) = self.rune()? {
            match rune {
                ']' if !escaped => {
                    ranges.sort_unstable();
                    return Ok(Kind::Set(joined(ranges)));
                }
                '-' if !escaped => {
                    let Some(from) = previous.take() else {
                        return Err(self.error("range character '-' must be preceded by a Unicode character"));
                    };
                    if self.at + 1 >= self.runes.len() {
                        return Err(self.error("range character '-' must be followed by a Unicode character"));
                    }
                    let Some((to, escaped)) = self.rune()? else { break };
                    if !escaped && matches!(to, ']' | '-') {
                        return Err(self.error("range character '-' cannot be followed by a special symbol"));
                    }
                    if to < from {
                        return Err(self.error(&format!("range is out of order: '{to}' comes before '{from}' in Unicode")));
                    }
                    ranges.push((u32::from(from), u32::from(to)));
                }
                _ => {
                    ranges.push((u32::from(rune), u32::from(rune)));
                    previous = Some(rune);
                }
            }
        }
        Err(self.error("found [ without matching ]"))
    }
}

/// Sorted ranges without those that touch.
fn joined(sorted: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    let mut out: Vec<(u32, u32)> = Vec::new();
    for (from, to) in sorted {
        match out.last_mut() {
            Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
            _ => out.push((from, to)),
        }
    }
    out
}

/// The tokens of a pattern; of equal ones with flags, next to each other, one is left.
fn parse(pattern: &[u8]) -> Result<Vec<Token>, String> {
    let mut runes = Vec::new();
    let mut rest = pattern;
    while !rest.is_empty() {
        let (rune, len) = utf8::decode(rest);
        runes.push(rune);
        rest = rest.get(len..).unwrap_or_default();
    }
    let mut out: Vec<Token> = Vec::new();
    for token in (Scanner { runes: &runes, at: 0 }).tokens()? {
        match out.last_mut() {
            Some(last) if token.is_flagged() && last.is_flagged() && token.kind == last.kind => {
                if token.flag == Flag::Plus {
                    last.flag = Flag::Plus;
                }
            }
            _ => out.push(token),
        }
    }
    Ok(out)
}

/// Cuts off what both begin and end with, but for one token on each side. `None` where that differs.
fn trimmed<'t>(a: &'t [Token], b: &'t [Token]) -> Option<(&'t [Token], &'t [Token])> {
    let plain = |a: Option<&Token>, b: Option<&Token>| {
        a.zip(b).filter(|(a, b)| !a.is_flagged() && !b.is_flagged()).map(|(a, b)| a.meets(b))
    };
    let mut from = 0;
    while let Some(meets) = plain(a.get(from), b.get(from)) {
        if !meets {
            return None;
        }
        from += 1;
    }
    from = from.saturating_sub(1);
    let (mut to_a, mut to_b) = (a.len(), b.len());
    while to_a > from
        && to_b > from
        && let Some(meets) = plain(a.get(to_a - 1), b.get(to_b - 1))
    {
        if !meets {
            return None;
        }
        (to_a, to_b) = (to_a - 1, to_b - 1);
    }
    if to_a < a.len() {
        (to_a, to_b) = (to_a + 1, to_b + 1);
    }
    Some((a.get(from..to_a)?, b.get(from..to_b)?))
}

/// What is known of the ends of both patterns, from a place in each. Which pattern is looked at first makes a difference.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    /// They intersect, the first looked at first.
    first: bool,
    /// They intersect, the second looked at first.
    second: bool,
    /// They do when the first's token may come any number of times.
    starred_first: bool,
    /// They do when the second's token may.
    starred_second: bool,
}

/// Whether the patterns have a match in common: from their ends to their beginnings, a row for each token of the first.
fn intersect(a: &[Token], b: &[Token]) -> bool {
    let mut below = vec![Cell::default(); b.len() + 1];
    let mut row = below.clone();
    for i in (0..=a.len()).rev() {
        for j in (0..=b.len()).rev() {
            let at = |row: &[Cell], j: usize| row.get(j).copied().unwrap_or_default();
            let (down, right, across) = (at(&below, j), at(&row, j + 1), at(&below, j + 1));
            let cell = cell((a.get(i), a.get(i + 1)), (b.get(j), b.get(j + 1)), down, right, across);
            if let Some(place) = row.get_mut(j) {
                *place = cell;
            }
        }
        std::mem::swap(&mut below, &mut row);
    }
    below.first().is_some_and(|cell| cell.first)
}

fn cell(a: (Option<&Token>, Option<&Token>), b: (Option<&Token>, Option<&Token>), down: Cell, right: Cell, across: Cell) -> Cell {
    let meets = |a: Option<&Token>, b: Option<&Token>| a.zip(b).is_some_and(|(a, b)| a.meets(b));
    let mut cell = Cell::default();
    let both = meets(a.0, b.0);
    if a.0.is_some() {
        cell.starred_first = match b.0 {
            None => a.1.is_none(),
            Some(_) => (meets(a.1, b.0) && down.first) || (both && right.starred_first),
        };
    }
    if b.0.is_some() {
        cell.starred_second = match a.0 {
            None => b.1.is_none(),
            Some(_) => (meets(a.0, b.1) && right.second) || (both && down.starred_second),
        };
    }
    let (Some(x), Some(y)) = (a.0, b.0) else {
        let ended = a.0.is_none() && b.0.is_none();
        (cell.first, cell.second) = (ended, ended);
        return cell;
    };
    if !x.is_flagged() && !y.is_flagged() {
        (cell.first, cell.second) = (both && across.first, both && across.second);
        return cell;
    }
    let by_first = match x.flag {
        Flag::Star => cell.starred_first,
        _ => both && (right.starred_first || (y.is_flagged() && down.first)),
    };
    let by_second = match y.flag {
        Flag::Star => cell.starred_second,
        _ => both && (down.starred_second || (x.is_flagged() && right.second)),
    };
    cell.first = if x.is_flagged() { by_first } else { by_second };
    cell.second = if y.is_flagged() { by_second } else { by_first };
    cell
}

pub(in super::super) fn globs_match<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (first, second) = (string(operands, 1)?, string(operands, 2)?);
    let size = first.len().saturating_add(second.len());
    ctx.reserve(size.saturating_mul(64))?;
    ctx.charge(size)?;
    ctx.charge(first.len().saturating_mul(second.len()) / 4)?;
    let (first, second) = (parse(first).map_err(fail)?, parse(second).map_err(fail)?);
    Ok(Value::Bool(trimmed(&first, &second).is_some_and(|(a, b)| intersect(a, b))))
}

#[cfg(test)]
mod tests {
    use super::{intersect, parse, trimmed};

    fn check(a: &str, b: &str) -> Result<bool, String> {
        let (a, b) = (parse(a.as_bytes())?, parse(b.as_bytes())?);
        Ok(trimmed(&a, &b).is_some_and(|(a, b)| intersect(a, b)))
    }

    #[test]
    fn patterns_intersect_as_opa_says() {
        for (a, b, want) in [
            ("a.a.[0-9]+z", ".b.b2359825792*594823z", true),
            ("[a-z]+", "[0-9]*", false),
            ("", "", true),
            ("a", "", false),
            ("a*", "a+", true),
            ("[a-d]x", "[d-f]x", true),
            (r"a\*", "a.", true),
            ("ab*c", "abbbc", true),
            ("ab*c", "abbbd", false),
        ] {
            assert_eq!(check(a, b), Ok(want), "{a} {b}");
            assert_eq!(check(b, a), Ok(want), "{b} {a}");
        }
    }

    #[test]
    fn errors_are_opas() {
        let error = |a: &str| check(a, "").err().unwrap_or_default();
        assert_eq!(error("pqrs]"), "input:pqrs], pos:5, set-close ']' with no preceding '[': the input provided is invalid");
        assert_eq!(error("+"), "input:+, pos:1, flag '+' must be preceded by a non-flag: the input provided is invalid");
        assert_eq!(error("[a"), "input:[a, pos:2, found [ without matching ]: the input provided is invalid");
        assert_eq!(error(r"a\"), r"input:a\, pos:1, input ends with a \ (escape) character: the input provided is invalid");
    }
}
