//! A template as a tree, and its text for errors, as Go prints it.

use super::literal::Number;

/// A parsed template: its own list and those that it defines, by name.
#[derive(Debug)]
pub(in super::super) struct Template {
    pub(super) text: Box<[u8]>,
    pub(super) lists: std::collections::HashMap<Box<[u8]>, Vec<Node>>,
}

/// What is walked through.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) at: usize,
    pub(super) kind: NodeKind,
}

#[derive(Debug)]
pub(super) enum NodeKind {
    Text(Box<[u8]>),
    Action(Pipe),
    If(Control),
    With(Control),
    Range(Control),
    Template(Box<[u8]>, Option<Pipe>),
    Break,
    Continue,
}

/// `if`, `with` and `range`.
#[derive(Debug)]
pub(super) struct Control {
    pub(super) pipe: Pipe,
    pub(super) list: Vec<Node>,
    pub(super) otherwise: Option<Vec<Node>>,
}

/// Commands, each of which gets the value of the one before it.
#[derive(Debug, Default)]
pub(super) struct Pipe {
    pub(super) at: usize,
    /// `=`, and not `:=`.
    pub(super) assigns: bool,
    pub(super) variables: Vec<Box<str>>,
    pub(super) commands: Vec<Command>,
}

/// An operand, or a function and its operands.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) at: usize,
    pub(super) args: Vec<Operand>,
}

#[derive(Debug)]
pub(super) struct Operand {
    pub(super) at: usize,
    pub(super) kind: OperandKind,
}

#[derive(Debug)]
pub(super) enum OperandKind {
    Dot,
    Nil,
    Bool(bool),
    Number(Number, Box<str>),
    /// The text, and how it was written.
    Text(Box<[u8]>, Box<[u8]>),
    Function(Box<str>),
    Field(Vec<Box<str>>),
    /// A variable's name and the fields after it.
    Variable(Vec<Box<str>>),
    Chain(Box<Operand>, Vec<Box<str>>),
    Pipe(Box<Pipe>),
}

/// A place that an error may be about.
#[derive(Clone, Copy)]
pub(super) enum Place<'t> {
    Node(&'t Node),
    Pipe(&'t Pipe),
    Command(&'t Command),
    Operand(&'t Operand),
}

impl Place<'_> {
    pub(super) const fn at(&self) -> usize {
        match self {
            Self::Node(node) => node.at,
            Self::Pipe(pipe) => pipe.at,
            Self::Command(command) => command.at,
            Self::Operand(operand) => operand.at,
        }
    }

    pub(super) fn text(&self) -> String {
        let mut out = Vec::new();
        match self {
            Self::Node(node) => node.write(&mut out),
            Self::Pipe(pipe) => pipe.write(&mut out),
            Self::Command(command) => command.write(&mut out),
            Self::Operand(operand) => operand.write(&mut out),
        }
        String::from_utf8_lossy(&out).into_owned()
    }
}

impl Node {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match &self.kind {
            NodeKind::Text(text) => out.extend_from_slice(text),
            NodeKind::Action(pipe) => braced(out, |out| pipe.write(out)),
            NodeKind::If(control) => control.write("if", out),
            NodeKind::With(control) => control.write("with", out),
            NodeKind::Range(control) => control.write("range", out),
            NodeKind::Template(name, pipe) => braced(out, |out| {
                out.extend_from_slice(b"template ");
                out.extend_from_slice(crate::rego::value::quote(name).as_bytes());
                if let Some(pipe) = pipe {
                    out.push(b' ');
                    pipe.write(out);
                }
            }),
            NodeKind::Break => out.extend_from_slice(b"{{break}}"),
            NodeKind::Continue => out.extend_from_slice(b"{{continue}}"),
        }
    }
}

fn braced(out: &mut Vec<u8>, inner: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(b"{{");
    inner(out);
    out.extend_from_slice(b"}}");
}

impl Control {
    fn write(&self, name: &str, out: &mut Vec<u8>) {
        braced(out, |out| {
            out.extend_from_slice(name.as_bytes());
            out.push(b' ');
            self.pipe.write(out);
        });
        self.list.iter().for_each(|node| node.write(out));
        if let Some(otherwise) = &self.otherwise {
            out.extend_from_slice(b"{{else}}");
            otherwise.iter().for_each(|node| node.write(out));
        }
        out.extend_from_slice(b"{{end}}");
    }
}

impl Pipe {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        if !self.variables.is_empty() {
            out.extend_from_slice(self.variables.join(", ").as_bytes());
            out.extend_from_slice(if self.assigns { b" = " } else { b" := " });
        }
        for (at, command) in self.commands.iter().enumerate() {
            if at > 0 {
                out.extend_from_slice(b" | ");
            }
            command.write(out);
        }
    }
}

impl Command {
    fn write(&self, out: &mut Vec<u8>) {
        for (at, arg) in self.args.iter().enumerate() {
            if at > 0 {
                out.push(b' ');
            }
            arg.write_within(out);
        }
    }
}

impl Operand {
    /// As an operand of a command: a pipeline in its parentheses.
    fn write_within(&self, out: &mut Vec<u8>) {
        if matches!(self.kind, OperandKind::Pipe(_)) {
            out.push(b'(');
            self.write(out);
            out.push(b')');
        } else {
            self.write(out);
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let fields = |fields: &[Box<str>], out: &mut Vec<u8>| {
            for field in fields {
                out.push(b'.');
                out.extend_from_slice(field.as_bytes());
            }
        };
        match &self.kind {
            OperandKind::Dot => out.push(b'.'),
            OperandKind::Nil => out.extend_from_slice(b"nil"),
            OperandKind::Bool(bool) => out.extend_from_slice(bool.to_string().as_bytes()),
            OperandKind::Number(_, text) | OperandKind::Function(text) => out.extend_from_slice(text.as_bytes()),
            OperandKind::Text(_, quoted) => out.extend_from_slice(quoted),
            OperandKind::Field(names) => fields(names, out),
            OperandKind::Variable(names) => out.extend_from_slice(names.join(".").as_bytes()),
            OperandKind::Chain(operand, names) => {
                operand.write_within(out);
                fields(names, out);
            }
            OperandKind::Pipe(pipe) => pipe.write(out),
        }
    }

    pub(super) fn text(&self) -> String {
        Place::Operand(self).text()
    }
}
