//! Patterns for names of files, as Go's `filepath.Match` reads them: neither `*` nor `?` nor a class matches a slash.

/// Whether `pattern` is the whole of `name`. A malformed pattern matches nothing.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    // Where to go on after the last star that was seen: the place in the pattern behind it, and in the name.
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(p) == Some(&'*') {
            p += 1;
            star = Some((p, n));
            continue;
        }
        if n == name.len() && p == pattern.len() {
            return true;
        }
        match name.get(n).and_then(|c| matches_one(pattern.get(p..).unwrap_or_default(), *c)) {
            Some(length) => (p, n) = (p + length, n + 1),
            // The star takes one character more, unless that is a slash or there is none.
            None => match star {
                Some((after, taken)) if name.get(taken).is_some_and(|c| *c != '/') => {
                    star = Some((after, taken + 1));
                    (p, n) = (after, taken + 1);
                }
                _ => return false,
            },
        }
    }
}

/// How long the part of the pattern is that matches `c`.
fn matches_one(pattern: &[char], c: char) -> Option<usize> {
    match pattern {
        ['?', ..] => (c != '/').then_some(1),
        ['\\', escaped, ..] => (*escaped == c).then_some(2),
        ['[', rest @ ..] => {
            let (is_in, length) = class(rest, c)?;
            (is_in && c != '/').then_some(length + 1)
        }
        [other, ..] => (*other == c && *other != '\\').then_some(1),
        [] => None,
    }
}

/// Whether `c` is in the class that `pattern` begins after its bracket, and the length of the rest.
fn class(pattern: &[char], c: char) -> Option<(bool, usize)> {
    let negated = pattern.first() == Some(&'^');
    let mut at = usize::from(negated);
    let mut is_in = false;
    let mut is_first = true;
    while is_first || pattern.get(at) != Some(&']') {
        is_first = false;
        let (low, after) = class_char(pattern, at)?;
        let (high, after) = if pattern.get(after) == Some(&'-') { class_char(pattern, after + 1)? } else { (low, after) };
        is_in |= low <= c && c <= high;
        at = after;
    }
    Some((is_in != negated, at + 1))
}

fn class_char(pattern: &[char], at: usize) -> Option<(char, usize)> {
    match pattern.get(at)? {
        '-' | ']' => None,
        '\\' => pattern.get(at + 1).map(|c| (*c, at + 2)),
        c => Some((*c, at + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn matches_as_go_does() {
        for (pattern, name, expected) in [
            ("abc", "abc", true),
            ("*", "abc", true),
            ("*c", "abc", true),
            ("a*", "a", true),
            ("a*", "ab/c", false),
            ("a*/b", "abc/b", true),
            ("a*/b", "a/c/b", false),
            ("a*b*c*d*e*/f", "axbxcxdxe/f", true),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/fff", false),
            ("ab[c]", "abc", true),
            ("ab[b-d]", "abc", true),
            ("ab[^e-g]", "abc", true),
            ("ab[^b-d]", "abc", false),
            ("a\\*b", "a*b", true),
            ("a\\*b", "ab", false),
            ("a?b", "a/b", false),
            ("[\\]a]", "]", true),
            ("[x-]", "x", false),
            ("[]a]", "]", false),
            ("[", "a", false),
            ("..*", "..data", true),
            ("..*", "policy.rego", false),
            ("**", "a/b", false),
            ("{a,b}", "a", false),
            ("", "", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
