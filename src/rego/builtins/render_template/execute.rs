//! A template at work, by the rules and in the words of Go's `text/template/exec.go`.

use super::super::super::value::{Value, quote};
use super::super::sprintf;
use super::super::{Context, Failure};
use super::data::{Data, Found};
use super::functions::{Function, Parameter, Problem};
use super::node::{Command, Control, Node, NodeKind, Operand, OperandKind, Pipe, Place, Template};
use super::parse::NAME;

/// How deep templates, controls and parentheses may be nested while they are executed. Go takes 100,000 templates.
const MAX_DEPTH: usize = 250;

type Done<T> = Result<T, Failure>;

/// Where a list ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
}

/// What one template, the text's own or one that it calls, works with.
struct Frame<'t, 'a> {
    name: &'t [u8],
    variables: Vec<(&'t str, Found<'a>)>,
    /// What errors are about.
    place: Option<Place<'t>>,
}

struct Execution<'c, 't, 'a> {
    ctx: &'c mut Context<'a>,
    template: &'t Template,
    out: Vec<u8>,
    depth: usize,
}

/// What the template makes of `data`.
///
/// # Errors
/// Go's, or a bound.
pub(super) fn execute<'a>(ctx: &mut Context<'a>, template: &Template, data: Data<'a>) -> Done<Vec<u8>> {
    let dot = Found::from(data);
    let mut frame = Frame { name: NAME.as_bytes(), variables: vec![("$", dot)], place: None };
    let mut execution = Execution { ctx, template, out: Vec::new(), depth: 0 };
    let Some(list) = template.lists.get(NAME.as_bytes()) else { return Ok(Vec::new()) };
    execution.list(&mut frame, dot, list)?;
    Ok(execution.out)
}

impl<'t, 'a> Execution<'_, 't, 'a> {
    fn error<T>(&self, frame: &Frame<'t, 'a>, problem: impl std::fmt::Display) -> Done<T> {
        let Some(place) = frame.place else { return Err(Failure::Builtin(format!("template: {NAME}: {problem}"))) };
        let before = self.template.text.get(..place.at()).unwrap_or_default();
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let column = before.len() - memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
        let (name, text) = (quote(frame.name), place.text());
        Err(Failure::Builtin(format!("template: {NAME}:{line}:{column}: executing {name} at <{text}>: {problem}")))
    }

    /// Runs `run` one level deeper.
    fn deeper<T>(&mut self, frame: &mut Frame<'t, 'a>, run: impl FnOnce(&mut Self, &mut Frame<'t, 'a>) -> Done<T>) -> Done<T> {
        if self.depth >= MAX_DEPTH {
            return self.error(frame, format_args!("exceeded maximum template depth ({MAX_DEPTH})"));
        }
        self.depth += 1;
        let done = run(self, frame);
        self.depth -= 1;
        done
    }

    fn list(&mut self, frame: &mut Frame<'t, 'a>, dot: Found<'a>, list: &'t [Node]) -> Done<Flow> {
        for node in list {
            self.ctx.charge(1)?;
            frame.place = Some(Place::Node(node));
            let flow = match &node.kind {
                NodeKind::Text(text) => {
                    self.write(text)?;
                    Flow::On
                }
                NodeKind::Action(pipe) => {
                    self.action(frame, dot, node, pipe)?;
                    Flow::On
                }
                NodeKind::If(control) => self.deeper(frame, |this, frame| this.choose(frame, dot, control, false))?,
                NodeKind::With(control) => self.deeper(frame, |this, frame| this.choose(frame, dot, control, true))?,
                NodeKind::Range(control) => self.deeper(frame, |this, frame| this.range(frame, dot, control))?,
                NodeKind::Template(name, pipe) => {
                    self.deeper(frame, |this, frame| this.called(frame, dot, name, pipe.as_ref()))?;
                    Flow::On
                }
                NodeKind::Break => Flow::Break,
                NodeKind::Continue => Flow::Continue,
            };
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn write(&mut self, text: &[u8]) -> Done<()> {
        self.ctx.charge(text.len() / 32)?;
        self.ctx.reserve(self.out.len() + text.len())?;
        self.out.extend_from_slice(text);
        Ok(())
    }

    /// A pipeline whose value is printed, unless it is given to a variable.
    fn action(&mut self, frame: &mut Frame<'t, 'a>, dot: Found<'a>, node: &'t Node, pipe: &'t Pipe) -> Done<()> {
        let value = self.pipeline(frame, dot, pipe)?;
        if !pipe.variables.is_empty() {
            return Ok(());
        }
        frame.place = Some(Place::Node(node));
        match value.data.argument() {
            None => self.write(b"<no value>"),
            Some(argument) => {
                self.ctx.reserve(self.out.len())?;
                sprintf::print(self.ctx, &[argument], &mut self.out)
            }
        }
    }

    /// `if` and `with`.
    fn choose(&mut self, frame: &mut Frame<'t, 'a>, dot: Found<'a>, control: &'t Control, with: bool) -> Done<Flow> {
        let mark = frame.variables.len();
        let value = self.pipeline(frame, dot, &control.pipe)?;
        let flow = match &control.otherwise {
            _ if value.data.truth() => self.list(frame, if with { value } else { dot }, &control.list)?,
            Some(otherwise) => self.list(frame, dot, otherwise)?,
            None => Flow::On,
        };
        frame.variables.truncate(mark);
        Ok(flow)
    }

    fn range(&mut self, frame: &mut Frame<'t, 'a>, dot: Found<'a>, control: &'t Control) -> Done<Flow> {
        let mark = frame.variables.len();
        let value = self.pipeline(frame, dot, &control.pipe)?;
        let any = match value.data {
            Data::Nothing | Data::Nil => false,
            Data::List(elements, _) => {
                let pairs = elements.iter().enumerate().map(|(at, element)| (Data::Int(at as i64), Ok(element)));
                self.each(frame, control, pairs)?;
                !elements.is_empty()
            }
            Data::Map(entries) => {
                let key = |key: Value<'a>| Data::Text(key.as_bytes().unwrap_or_default());
                self.each(frame, control, entries.iter().map(|(name, element)| (key(name), Ok(element))))?;
                !entries.is_empty()
            }
            Data::Int(_) | Data::Byte(_) => self.count(frame, control, value)?,
            _ => {
                let shown = self.shown(value)?;
                return self.error(frame, format_args!("range can't iterate over {shown}"));
            }
        };
        let flow = match &control.otherwise {
            // An else stands outside the loop, so that its break leaves the loop around it.
            Some(otherwise) if !any => self.list(frame, dot, otherwise)?,
            _ => Flow::On,
        };
        frame.variables.truncate(mark);
        Ok(if flow == Flow::Break { Flow::On } else { flow })
    }

    /// The numbers below one; whether there is any.
    fn count(&mut self, frame: &mut Frame<'t, 'a>, control: &'t Control, value: Found<'a>) -> Done<bool> {
        if control.pipe.variables.len() > 1 {
            let shown = self.shown(value)?;
            return self.error(frame, format_args!("can't use {shown} to iterate over more than one variable"));
        }
        let (end, is_byte) = match value.data {
            Data::Int(int) => (int, false),
            Data::Byte(byte) => (i64::from(byte), true),
            _ => (0, false),
        };
        let number = |at: i64| if is_byte { Data::Byte(u8::try_from(at).unwrap_or_default()) } else { Data::Int(at) };
        self.each(frame, control, (0..end).map(|at| (Data::Nothing, Err(number(at)))))?;
        Ok(end > 0)
    }

    /// The body, for each pair of an index and an element: of the data, or another value.
    fn each(
        &mut self,
        frame: &mut Frame<'t, 'a>,
        control: &'t Control,
        pairs: impl Iterator<Item = (Data<'a>, Result<Value<'a>, Data<'a>>)>,
    ) -> Done<()> {
        let mark = frame.variables.len();
        for (index, element) in pairs {
            self.ctx.charge(1)?;
            let element = element.map_or_else(Found::from, |value| Found::element(self.ctx, value));
            self.bind(frame, &control.pipe, index.into(), element)?;
            let flow = self.list(frame, element, &control.list)?;
            frame.variables.truncate(mark);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(())
    }

    /// Gives the variables of a range their values: one gets the element, two the index and the element.
    fn bind(&self, frame: &mut Frame<'t, 'a>, pipe: &'t Pipe, index: Found<'a>, element: Found<'a>) -> Done<()> {
        let values: &[Found<'a>] = if pipe.variables.len() > 1 { &[index, element] } else { &[element] };
        if pipe.assigns {
            return pipe.variables.iter().zip(values).try_for_each(|(name, value)| self.assign(frame, name, *value));
        }
        let declared = frame.variables.len().saturating_sub(pipe.variables.len());
        for ((_, variable), value) in frame.variables.iter_mut().skip(declared).zip(values) {
            *variable = *value;
        }
        Ok(())
    }

    fn called(&mut self, frame: &mut Frame<'t, 'a>, dot: Found<'a>, name: &'t [u8], pipe: Option<&'t Pipe>) -> Done<()> {
        let Some(list) = self.template.lists.get(name) else {
            return self.error(frame, format_args!("template {} not defined", quote(name)));
        };
        let dot = match pipe {
            Some(pipe) => self.pipeline(frame, dot, pipe)?,
            None => Found::NOTHING,
        };
        let mut inner = Frame { name, variables: vec![("$", dot)], place: frame.place };
        self.list(&mut inner, dot, list)?;
        Ok(())
    }

    fn shown(&mut self, value: Found<'a>) -> Done<String> {
        let mut out = Vec::new();
        match value.data.argument() {
            Some(argument) => sprintf::print(self.ctx, &[argument], &mut out)?,
            None => out.extend_from_slice(b"<invalid reflect.Value>"),
        }
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    fn assign(&self, frame: &mut Frame<'t, 'a>, name: &'t str, value: Found<'a>) -> Done<()> {
        match frame.variables.iter_mut().rev().find(|(variable, _)| *variable == name) {
            Some((_, variable)) => {
                *variable = value;
                Ok(())
            }
            None => self.error(frame, format_args!("undefined variable: {name}")),
        }
    }

    fn pipeline(&mut self, frame: &mut Frame<'t, 'a>, dot: Found<'a>, pipe: &'t Pipe) -> Done<Found<'a>> {
        frame.place = Some(Place::Pipe(pipe));
        let mut value = None;
        for command in &pipe.commands {
            self.ctx.charge(1)?;
            value = Some(self.command(frame, dot, command, value)?.opened());
        }
        let value = value.unwrap_or(Found::NOTHING);
        for name in &pipe.variables {
            if pipe.assigns {
                self.assign(frame, name, value)?;
            } else {
                frame.variables.push((name, value));
            }
        }
        Ok(value)
    }

    /// `last` is the value of the command before, which is the last argument of this one.
    fn command(
        &mut self,
        frame: &mut Frame<'t, 'a>,
        dot: Found<'a>,
        command: &'t Command,
        last: Option<Found<'a>>,
    ) -> Done<Found<'a>> {
        let Some(first) = command.args.first() else { return Ok(Found::NOTHING) };
        let has_args = command.args.len() > 1 || last.is_some();
        match &first.kind {
            OperandKind::Field(names) => return self.field_of_dot(frame, dot, first, names, has_args),
            OperandKind::Chain(operand, names) => return self.chain(frame, dot, first, operand, names, has_args),
            OperandKind::Function(name) => {
                return self.function(
                    frame,
                    dot,
                    Place::Command(command),
                    first,
                    name,
                    command.args.get(1..).unwrap_or_default(),
                    last,
                );
            }
            OperandKind::Pipe(pipe) => {
                self.refuse_arguments(frame, first, has_args)?;
                return self.deeper(frame, |this, frame| this.pipeline(frame, dot, pipe));
            }
            OperandKind::Variable(names) => return self.variable(frame, first, names, has_args),
            _ => {}
        }
        frame.place = Some(Place::Operand(first));
        self.refuse_arguments(frame, first, has_args)?;
        match &first.kind {
            OperandKind::Nil => self.error(frame, "nil is not a command"),
            _ => self.constant(frame, dot, first),
        }
    }

    fn refuse_arguments(&self, frame: &Frame<'t, 'a>, first: &Operand, has_args: bool) -> Done<()> {
        if has_args { self.error(frame, format_args!("can't give argument to non-function {}", first.text())) } else { Ok(()) }
    }

    /// A constant, or the dot.
    fn constant(&self, frame: &mut Frame<'t, 'a>, dot: Found<'a>, operand: &'t Operand) -> Done<Found<'a>> {
        Ok(match &operand.kind {
            OperandKind::Dot => dot,
            OperandKind::Bool(bool) => Data::Bool(*bool).into(),
            OperandKind::Text(text, _) => Data::Text(self.ctx.arena.alloc_slice_copy(text)).into(),
            OperandKind::Number(number, text) => {
                frame.place = Some(Place::Operand(operand));
                let lower = text.to_ascii_lowercase();
                let hex = lower.starts_with("0x") && !lower.contains('p');
                let fraction = !hex && !text.starts_with('\'') && lower.contains(['.', 'e', 'p']);
                match (number.complex, number.float, number.int) {
                    (Some((real, imaginary)), ..) => Data::Complex(real, imaginary).into(),
                    (_, Some(float), _) if fraction => Data::Float(float).into(),
                    (.., Some(int)) => Data::Int(int).into(),
                    _ if number.unsigned => return self.error(frame, format_args!("{text} overflows int")),
                    _ => Found::NOTHING,
                }
            }
            _ => Found::NOTHING,
        })
    }

    fn field_of_dot(
        &self,
        frame: &mut Frame<'t, 'a>,
        dot: Found<'a>,
        operand: &'t Operand,
        names: &'t [Box<str>],
        has_args: bool,
    ) -> Done<Found<'a>> {
        frame.place = Some(Place::Operand(operand));
        self.fields(frame, dot, names, has_args)
    }

    fn variable(
        &self,
        frame: &mut Frame<'t, 'a>,
        operand: &'t Operand,
        names: &'t [Box<str>],
        has_args: bool,
    ) -> Done<Found<'a>> {
        frame.place = Some(Place::Operand(operand));
        let Some((name, fields)) = names.split_first() else { return Ok(Found::NOTHING) };
        let Some((_, value)) = frame.variables.iter().rev().find(|(variable, _)| *variable == &**name) else {
            return self.error(frame, format_args!("undefined variable: {name}"));
        };
        if fields.is_empty() {
            self.refuse_arguments(frame, operand, has_args)?;
            return Ok(*value);
        }
        self.fields(frame, *value, fields, has_args)
    }

    fn chain(
        &mut self,
        frame: &mut Frame<'t, 'a>,
        dot: Found<'a>,
        whole: &'t Operand,
        operand: &'t Operand,
        names: &'t [Box<str>],
        has_args: bool,
    ) -> Done<Found<'a>> {
        frame.place = Some(Place::Operand(whole));
        let value = self.argument(frame, dot, None, operand)?;
        self.fields(frame, value, names, has_args)
    }

    /// One field after another; arguments are the last one's, and none takes any.
    fn fields(&self, frame: &Frame<'t, 'a>, mut value: Found<'a>, names: &'t [Box<str>], has_args: bool) -> Done<Found<'a>> {
        for (at, name) in names.iter().enumerate() {
            let type_name = value.type_name();
            value = match value.data {
                Data::Nothing => Found::NOTHING,
                Data::Nil => return self.error(frame, format_args!("nil pointer evaluating {type_name}.{name}")),
                Data::Map(_) if has_args && at + 1 == names.len() => {
                    return self.error(frame, format_args!("{name} is not a method but has arguments"));
                }
                Data::Map(entries) => match entries.get_str(name.as_bytes()) {
                    Some(element) => Found::element(self.ctx, element),
                    None => Found::NOTHING,
                },
                _ => return self.error(frame, format_args!("can't evaluate field {name} in type {type_name}")),
            };
        }
        Ok(value)
    }

    #[expect(clippy::too_many_arguments, reason = "as Go's evalFunction; the place is the command's, or the name's")]
    fn function(
        &mut self,
        frame: &mut Frame<'t, 'a>,
        dot: Found<'a>,
        place: Place<'t>,
        operand: &'t Operand,
        name: &'t str,
        args: &'t [Operand],
        last: Option<Found<'a>>,
    ) -> Done<Found<'a>> {
        frame.place = Some(Place::Operand(operand));
        let Some(function) = Function::named(name) else {
            return self.error(frame, format_args!("{} is not a defined function", quote(name.as_bytes())));
        };
        let given = args.len() + usize::from(last.is_some());
        match function.arity() {
            (least, true) if given < least => {
                return self
                    .error(frame, format_args!("wrong number of args for {name}: want at least {least} got {}", args.len()));
            }
            (exactly, false) if given != exactly => {
                return self.error(frame, format_args!("wrong number of args for {name}: want {exactly} got {given}"));
            }
            _ => {}
        }
        let mut values = Vec::with_capacity(given);
        for (at, arg) in args.iter().enumerate() {
            let value = self.argument(frame, dot, Some(function.parameter(at)), arg)?;
            // The first that decides is the value.
            if matches!(function, Function::And | Function::Or) && value.opened().data.truth() == (function == Function::Or) {
                return Ok(value);
            }
            values.push(value);
        }
        if let Some(last) = last {
            values.push(self.taken(frame, last, Some(function.parameter(args.len())))?);
        }
        let callee = args.first().map_or_else(String::new, Operand::text);
        match function.call(self.ctx, &values, &callee) {
            Ok(value) => Ok(value),
            Err(Problem::Bound(failure)) => Err(failure),
            Err(Problem::Text(problem)) => {
                frame.place = Some(place);
                self.error(frame, format_args!("error calling {name}: {problem}"))
            }
        }
    }

    /// A value as a parameter takes it; without one, as it is.
    fn taken(&self, frame: &Frame<'t, 'a>, value: Found<'a>, parameter: Option<Parameter>) -> Done<Found<'a>> {
        match (parameter, value.data) {
            (Some(Parameter::Any), Data::Nothing) => Ok(Found::NIL),
            (Some(Parameter::String), Data::Nothing) => self.error(frame, "invalid value; expected string"),
            (Some(Parameter::String), Data::Text(_)) => Ok(value.opened()),
            (Some(Parameter::String), data) => {
                self.error(frame, format_args!("wrong type for value; expected string; got {}", data.type_name()))
            }
            _ => Ok(value),
        }
    }

    fn argument(
        &mut self,
        frame: &mut Frame<'t, 'a>,
        dot: Found<'a>,
        parameter: Option<Parameter>,
        operand: &'t Operand,
    ) -> Done<Found<'a>> {
        frame.place = Some(Place::Operand(operand));
        let value = match &operand.kind {
            OperandKind::Nil if parameter == Some(Parameter::String) => return self.error(frame, "cannot assign nil to string"),
            OperandKind::Nil => return Ok(if parameter == Some(Parameter::Any) { Found::NIL } else { Found::NOTHING }),
            OperandKind::Bool(_) | OperandKind::Number(..) if parameter == Some(Parameter::String) => {
                return self.error(frame, format_args!("expected string; found {}", operand.text()));
            }
            OperandKind::Bool(_) | OperandKind::Number(..) | OperandKind::Text(..) => return self.constant(frame, dot, operand),
            OperandKind::Dot => dot,
            OperandKind::Field(names) => self.field_of_dot(frame, dot, operand, names, false)?,
            OperandKind::Variable(names) => self.variable(frame, operand, names, false)?,
            OperandKind::Pipe(pipe) => self.deeper(frame, |this, frame| this.pipeline(frame, dot, pipe))?,
            OperandKind::Function(name) => self.function(frame, dot, Place::Operand(operand), operand, name, &[], None)?,
            OperandKind::Chain(inner, names) => self.chain(frame, dot, operand, inner, names, false)?,
        };
        self.taken(frame, value, parameter)
    }
}
