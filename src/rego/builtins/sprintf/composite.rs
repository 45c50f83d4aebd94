//! Lists and maps as Go prints them, without recursion: each part by the verb of the whole.

use super::super::super::value::{Elements, Entries, Value, number};
use super::Argument;
use super::verbs::Printer;

const LIST: &[u8] = b"[]interface {}";
const MAP: &[u8] = b"map[string]interface {}";

/// What is still to be printed.
enum Todo<'a> {
    Value(Value<'a>),
    Key(Value<'a>),
    Text(&'static [u8]),
}

pub(super) fn list(printer: &mut Printer<'_>, elements: Elements<'_>, verb: char) {
    let mut todo = Vec::new();
    open_list(printer, elements, &mut todo);
    run(printer, todo, verb);
}

pub(super) fn map(printer: &mut Printer<'_>, entries: Entries<'_>, verb: char) {
    let mut todo = Vec::new();
    open_map(printer, entries, &mut todo);
    run(printer, todo, verb);
}

fn run(printer: &mut Printer<'_>, mut todo: Vec<Todo<'_>>, verb: char) {
    while let Some(next) = todo.pop() {
        match next {
            Todo::Text(text) => printer.out.extend_from_slice(text),
            Todo::Key(key) => printer.print(&Argument::Text(key.as_bytes().unwrap_or_default().into()), verb),
            Todo::Value(Value::Null) => {
                printer.out.extend_from_slice(if printer.flags.sharp_v { b"interface {}(nil)" } else { b"<nil>" })
            }
            Todo::Value(Value::Bool(bool)) => printer.print(&Argument::Bool(bool), verb),
            Todo::Value(Value::String(text)) => printer.print(&Argument::Text(text.into()), verb),
            Todo::Value(value) if value.is_number() => {
                number::with_text(&value, |text| printer.print(&Argument::Json(text), verb));
            }
            Todo::Value(value) => match (value.as_object(), value.as_array()) {
                (Some(entries), _) => open_map(printer, entries, &mut todo),
                (_, Some(elements)) => open_list(printer, elements, &mut todo),
                _ => {}
            },
        }
    }
}

/// The parts are put on `todo`, the last first.
fn open_list<'a>(printer: &mut Printer<'_>, elements: Elements<'a>, todo: &mut Vec<Todo<'a>>) {
    let sharp = printer.flags.sharp_v;
    let (open, between, close): (_, &[u8], &[u8]) =
        if sharp { ([LIST, b"{"].concat(), b", ", b"}") } else { (b"[".to_vec(), b" ", b"]") };
    printer.out.extend(open);
    todo.push(Todo::Text(close));
    for (at, element) in elements.iter().enumerate().rev() {
        todo.push(Todo::Value(element));
        if at > 0 {
            todo.push(Todo::Text(between));
        }
    }
}

fn open_map<'a>(printer: &mut Printer<'_>, entries: Entries<'a>, todo: &mut Vec<Todo<'a>>) {
    let sharp = printer.flags.sharp_v;
    let (open, between, close): (_, &[u8], &[u8]) =
        if sharp { ([MAP, b"{"].concat(), b", ", b"}") } else { (b"map[".to_vec(), b" ", b"]") };
    printer.out.extend(open);
    todo.push(Todo::Text(close));
    for (at, (key, value)) in entries.iter().enumerate().rev() {
        todo.extend([Todo::Value(value), Todo::Text(b":"), Todo::Key(key)]);
        if at > 0 {
            todo.push(Todo::Text(between));
        }
    }
}
