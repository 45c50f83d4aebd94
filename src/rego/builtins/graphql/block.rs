//! The text of a block string: without the indent that its lines share, and without empty lines around it.

/// How far a line is indented; nothing where it is blank.
fn indent(line: &str) -> Option<usize> {
    line.bytes().position(|byte| byte != b' ' && byte != b'\t')
}

/// The text that a raw block string stands for.
pub(super) fn block_text(raw: &str) -> String {
    let mut lines: Vec<&str> = raw.split('\n').collect();
    // The first line counts, too, though it never loses its indent: with a text beside the opening quotes nothing is shared.
    if let Some(shared) = lines.iter().filter_map(|line| indent(line)).min() {
        for line in lines.iter_mut().skip(1) {
            *line = line.get(shared..).unwrap_or_default();
        }
    }
    let start = lines.iter().position(|line| indent(line).is_some());
    let end = lines.iter().rposition(|line| indent(line).is_some());
    match (start, end) {
        (Some(start), Some(end)) => lines.get(start..=end).unwrap_or_default().join("\n"),
        _ => String::new(),
    }
}
