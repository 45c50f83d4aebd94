//! Tokens to a tree, by the rules and in the words of Go's `text/template/parse/parse.go`.

use std::collections::HashMap;

use super::super::super::value::quote;
use super::super::utf8;
use super::functions::Function;
use super::lex::{Keyword, Kind, Token};
use super::literal;
use super::node::{Command, Control, Node, NodeKind, Operand, OperandKind, Pipe, Template};

/// How deep controls and parentheses may be nested. Go takes 10,000 parentheses, and any number of controls.
const MAX_DEPTH: usize = 200;

/// A template's name, in errors and for itself.
pub(super) const NAME: &str = "template";

type Parsed<T> = Result<T, String>;

/// The template in `text`, by its tokens.
///
/// # Errors
/// Go's.
pub(super) fn parse(text: &[u8], tokens: &(Vec<Token>, Token)) -> Parsed<Template> {
    let mut parser = Parser { tokens: &tokens.0, last: &tokens.1, at: 0, lists: HashMap::new(), tree: Tree::new(), depth: 0 };
    let root = parser.root()?;
    parser.add(NAME.as_bytes().into(), root)?;
    Ok(Template { text: text.into(), lists: parser.lists })
}

/// What belongs to one template, the text's own or one that is defined in it.
struct Tree {
    /// Tokens that were read for it.
    read: usize,
    variables: Vec<Box<str>>,
    ranges: usize,
    action_line: usize,
}

impl Tree {
    fn new() -> Self {
        Self { read: 0, variables: vec!["$".into()], ranges: 0, action_line: 0 }
    }
}

struct Parser<'t> {
    tokens: &'t [Token],
    last: &'t Token,
    at: usize,
    lists: HashMap<Box<[u8]>, Vec<Node>>,
    tree: Tree,
    depth: usize,
}

/// What ends a list.
enum End {
    End,
    /// Where it stands; an `if` or `with` may follow at once.
    Else,
}

enum Item {
    Node(Node),
    End(End),
}

impl<'t> Parser<'t> {
    /// The token at that place; the last one stands for all that would follow.
    fn token(&self, at: usize) -> &'t Token {
        self.tokens.get(at).unwrap_or(self.last)
    }

    fn next(&mut self) -> &'t Token {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn peek(&mut self) -> &'t Token {
        self.tree.read = self.tree.read.max(self.at + 1);
        self.token(self.at)
    }

    fn next_non_space(&mut self) -> &'t Token {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    /// Skips spaces.
    fn peek_non_space(&mut self) -> &'t Token {
        let token = self.next_non_space();
        self.at -= 1;
        token
    }

    fn error<T>(&self, problem: impl std::fmt::Display) -> Parsed<T> {
        let line = self.tree.read.checked_sub(1).map_or(0, |last| self.token(last).line);
        Err(format!("template: {NAME}:{line}: {problem}"))
    }

    fn unexpected<T>(&self, token: &Token, context: &str) -> Parsed<T> {
        if token.kind != Kind::Error {
            return self.error(format_args!("unexpected {} in {context}", shown(token)));
        }
        let problem = utf8::lossy(&token.text);
        let line = self.tree.action_line;
        if line == 0 || line == token.line {
            return self.error(problem);
        }
        let action = if problem.ends_with(" action") { "" } else { " in action" };
        self.error(format_args!("{problem}{action} started at {NAME}:{line}"))
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Parsed<&'t Token> {
        let token = self.next_non_space();
        if token.kind == kind { Ok(token) } else { self.unexpected(token, context) }
    }

    /// Runs `parse` one level deeper.
    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return self.error("max expression depth exceeded");
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn add(&mut self, name: Box<[u8]>, list: Vec<Node>) -> Parsed<()> {
        if self.lists.get(&name).is_none_or(|old| is_empty(old)) {
            self.lists.insert(name, list);
        } else if !is_empty(&list) {
            return self.error(format_args!("template: multiple definition of template {}", quote(&name)));
        }
        Ok(())
    }

    fn root(&mut self) -> Parsed<Vec<Node>> {
        let mut list = Vec::new();
        while self.peek().kind != Kind::Eof {
            if self.peek().kind == Kind::LeftDelimiter {
                let start = self.at;
                self.next();
                if self.next_non_space().kind == Kind::Keyword(Keyword::Define) {
                    self.definition()?;
                    continue;
                }
                self.at = start;
            }
            match self.item()? {
                Item::Node(node) => list.push(node),
                Item::End(end) => return self.error(format_args!("unexpected {}", end.text())),
            }
        }
        Ok(list)
    }

    /// Parses what has variables of its own.
    fn separately<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let outer = std::mem::replace(&mut self.tree, Tree::new());
        let parsed = parse(self)?;
        self.tree = outer;
        Ok(parsed)
    }

    fn definition(&mut self) -> Parsed<()> {
        const CONTEXT: &str = "define clause";
        self.separately(|parser| {
            let token = parser.expect(Kind::Quoted, CONTEXT)?;
            let name = parser.unquote(token)?;
            parser.expect(Kind::RightDelimiter, CONTEXT)?;
            match parser.list()? {
                (list, End::End) => parser.add(name, list),
                (_, end) => parser.error(format_args!("unexpected {} in {CONTEXT}", end.text())),
            }
        })
    }

    fn unquote(&self, token: &Token) -> Parsed<Box<[u8]>> {
        literal::string(&token.text).or_else(|problem| self.error(problem))
    }

    fn list(&mut self) -> Parsed<(Vec<Node>, End)> {
        let mut list = Vec::new();
        while self.peek_non_space().kind != Kind::Eof {
            match self.item()? {
                Item::Node(node) => list.push(node),
                Item::End(end) => return Ok((list, end)),
            }
        }
        self.error("unexpected EOF")
    }

    fn item(&mut self) -> Parsed<Item> {
        let token = self.next_non_space();
        match token.kind {
            Kind::Text => Ok(Item::Node(Node { at: token.at, kind: NodeKind::Text(token.text.clone()) })),
            Kind::LeftDelimiter => {
                self.tree.action_line = token.line;
                let item = self.deeper(Self::action)?;
                self.tree.action_line = 0;
                Ok(item)
            }
            _ => self.unexpected(token, "input"),
        }
    }

    fn action(&mut self) -> Parsed<Item> {
        let token = self.next_non_space();
        let node = match token.kind {
            Kind::Keyword(Keyword::Block) => self.block()?,
            Kind::Keyword(Keyword::Break) => self.leave(token.at, "{{break}}", NodeKind::Break)?,
            Kind::Keyword(Keyword::Continue) => self.leave(token.at, "{{continue}}", NodeKind::Continue)?,
            Kind::Keyword(Keyword::Else) => {
                if !matches!(self.peek_non_space().kind, Kind::Keyword(Keyword::If | Keyword::With)) {
                    self.expect(Kind::RightDelimiter, "else")?;
                }
                return Ok(Item::End(End::Else));
            }
            Kind::Keyword(Keyword::End) => {
                self.expect(Kind::RightDelimiter, "end")?;
                return Ok(Item::End(End::End));
            }
            Kind::Keyword(keyword @ (Keyword::If | Keyword::Range | Keyword::With)) => self.control(keyword)?,
            Kind::Keyword(Keyword::Template) => self.template()?,
            // `define` among it, which is more than a word out of place at the top alone.
            _ => {
                self.at -= 1;
                let pipe = self.pipeline("command", Kind::RightDelimiter)?;
                Node { at: token.at, kind: NodeKind::Action(pipe) }
            }
        };
        Ok(Item::Node(node))
    }

    fn leave(&mut self, at: usize, what: &str, kind: NodeKind) -> Parsed<Node> {
        let token = self.next_non_space();
        if token.kind != Kind::RightDelimiter {
            return self.unexpected(token, what);
        }
        if self.tree.ranges == 0 {
            return self.error(format_args!("{what} outside {{{{range}}}}"));
        }
        Ok(Node { at, kind })
    }

    fn control(&mut self, keyword: Keyword) -> Parsed<Node> {
        let context = match keyword {
            Keyword::If => "if",
            Keyword::Range => "range",
            _ => "with",
        };
        let declared = self.tree.variables.len();
        let pipe = self.pipeline(context, Kind::RightDelimiter)?;
        self.tree.ranges += usize::from(keyword == Keyword::Range);
        let (list, end) = self.list()?;
        self.tree.ranges -= usize::from(keyword == Keyword::Range);
        let otherwise = match end {
            End::End => None,
            End::Else if keyword != Keyword::Range && self.peek().kind == Kind::Keyword(keyword) => {
                // `{{else if}}` is a control within the else, and shares its end.
                self.next();
                Some(vec![self.deeper(|parser| parser.control(keyword))?])
            }
            End::Else => match self.list()? {
                (list, End::End) => Some(list),
                (_, end) => return self.error(format_args!("expected end; found {}", end.text())),
            },
        };
        self.tree.variables.truncate(declared);
        let at = pipe.at;
        let control = Control { pipe, list, otherwise };
        let kind = match keyword {
            Keyword::If => NodeKind::If(control),
            Keyword::Range => NodeKind::Range(control),
            _ => NodeKind::With(control),
        };
        Ok(Node { at, kind })
    }

    fn template_name(&mut self, context: &str) -> Parsed<(usize, Box<[u8]>)> {
        let token = self.expect(Kind::Quoted, context)?;
        Ok((token.at, self.unquote(token)?))
    }

    fn block(&mut self) -> Parsed<Node> {
        const CONTEXT: &str = "block clause";
        let (at, name) = self.template_name(CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelimiter)?;
        let end = self.separately(|parser| match parser.list()? {
            (list, End::End) => parser.add(name.clone(), list).map(|()| End::End),
            (_, end) => Ok(end),
        })?;
        match end {
            End::End => Ok(Node { at, kind: NodeKind::Template(name, Some(pipe)) }),
            end => self.error(format_args!("unexpected {} in {CONTEXT}", end.text())),
        }
    }

    fn template(&mut self) -> Parsed<Node> {
        const CONTEXT: &str = "template clause";
        let (at, name) = self.template_name(CONTEXT)?;
        if self.next_non_space().kind == Kind::RightDelimiter {
            return Ok(Node { at, kind: NodeKind::Template(name, None) });
        }
        self.at -= 1;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelimiter)?;
        Ok(Node { at, kind: NodeKind::Template(name, Some(pipe)) })
    }

    fn pipeline(&mut self, context: &str, end: Kind) -> Parsed<Pipe> {
        let mut pipe = Pipe { at: self.peek_non_space().at, ..Pipe::default() };
        while self.declares(&mut pipe, context)? {}
        loop {
            let token = self.next_non_space();
            match token.kind {
                kind if kind == end => {
                    self.check(&pipe, context)?;
                    return Ok(pipe);
                }
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::Quoted
                | Kind::Variable
                | Kind::LeftParen => {
                    self.at -= 1;
                    let command = self.command()?;
                    pipe.commands.push(command);
                }
                _ => return self.unexpected(token, context),
            }
        }
    }

    /// `$x :=`, `$x =` or `$x,`; whether another variable follows.
    fn declares(&mut self, pipe: &mut Pipe, context: &str) -> Parsed<bool> {
        let variable = self.peek_non_space();
        if variable.kind != Kind::Variable {
            return Ok(false);
        }
        let start = self.at;
        self.next();
        let next = self.peek_non_space();
        let comma = next.kind == Kind::Char && &*next.text == b",";
        if !comma && !matches!(next.kind, Kind::Assign | Kind::Declare) {
            self.at = start;
            return Ok(false);
        }
        self.next_non_space();
        let name: Box<str> = utf8::lossy(&variable.text).into();
        pipe.variables.push(name.clone());
        self.tree.variables.push(name);
        if !comma {
            pipe.assigns = next.kind == Kind::Assign;
            return Ok(false);
        }
        if context != "range" || pipe.variables.len() >= 2 {
            return self.error(format_args!("too many declarations in {context}"));
        }
        match self.peek_non_space().kind {
            Kind::Variable | Kind::RightDelimiter | Kind::RightParen => Ok(true),
            _ => self.error("range can only initialize variables"),
        }
    }

    fn check(&self, pipe: &Pipe, context: &str) -> Parsed<()> {
        if pipe.commands.is_empty() {
            return self.error(format_args!("missing value for {context}"));
        }
        for (at, command) in pipe.commands.iter().enumerate().skip(1) {
            let first = command.args.first().map(|operand| &operand.kind);
            use OperandKind::{Bool, Dot, Nil, Number, Text};
            if matches!(first, Some(Bool(_) | Dot | Nil | Number(..) | Text(..))) {
                return self.error(format_args!("non executable command in pipeline stage {}", at + 1));
            }
        }
        Ok(())
    }

    fn command(&mut self) -> Parsed<Command> {
        let mut command = Command { at: self.peek_non_space().at, args: Vec::new() };
        loop {
            self.peek_non_space();
            if let Some(operand) = self.operand()? {
                command.args.push(operand);
            }
            let token = self.next();
            match token.kind {
                Kind::Space => continue,
                Kind::RightDelimiter | Kind::RightParen => self.at -= 1,
                Kind::Pipe => {}
                _ => return self.unexpected(token, "operand"),
            }
            break;
        }
        if command.args.is_empty() { self.error("empty command") } else { Ok(command) }
    }

    /// A term and the fields after it.
    fn operand(&mut self) -> Parsed<Option<Operand>> {
        let Some(mut term) = self.term()? else { return Ok(None) };
        let first = self.peek();
        if first.kind != Kind::Field {
            return Ok(Some(term));
        }
        let mut names = Vec::new();
        while self.peek().kind == Kind::Field {
            names.push(field_name(self.next()));
        }
        match &mut term.kind {
            OperandKind::Field(own) | OperandKind::Variable(own) => {
                own.extend(names);
                term.at = first.at;
                Ok(Some(term))
            }
            OperandKind::Function(_) | OperandKind::Pipe(_) | OperandKind::Chain(..) => {
                Ok(Some(Operand { at: first.at, kind: OperandKind::Chain(Box::new(term), names) }))
            }
            _ => self.error(format_args!("unexpected . after term {}", quote(term.text().as_bytes()))),
        }
    }

    fn term(&mut self) -> Parsed<Option<Operand>> {
        let token = self.next_non_space();
        let text = || utf8::lossy(&token.text);
        let kind = match token.kind {
            Kind::Identifier if Function::named(&text()).is_none() => {
                return self.error(format_args!("function {} not defined", quote(&token.text)));
            }
            Kind::Identifier => OperandKind::Function(text().into()),
            Kind::Dot => OperandKind::Dot,
            Kind::Nil => OperandKind::Nil,
            Kind::Variable => {
                if !self.tree.variables.iter().any(|name| **name == *text()) {
                    return self.error(format_args!("undefined variable {}", quote(&token.text)));
                }
                OperandKind::Variable(vec![text().into()])
            }
            Kind::Field => OperandKind::Field(vec![field_name(token)]),
            Kind::Bool => OperandKind::Bool(&*token.text == b"true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => {
                let number = match token.kind {
                    Kind::CharConstant => literal::character(&token.text),
                    Kind::Complex => literal::complex(&text()),
                    _ => literal::number(&text()),
                };
                OperandKind::Number(number.or_else(|problem| self.error(problem))?, text().into())
            }
            Kind::LeftParen => {
                let pipe = self.deeper(|parser| parser.pipeline("parenthesized pipeline", Kind::RightParen))?;
                OperandKind::Pipe(Box::new(pipe))
            }
            Kind::Quoted => OperandKind::Text(self.unquote(token)?, token.text.clone()),
            _ => {
                self.at -= 1;
                return Ok(None);
            }
        };
        let at = match &kind {
            OperandKind::Pipe(pipe) => pipe.at,
            _ => token.at,
        };
        Ok(Some(Operand { at, kind }))
    }
}

impl End {
    const fn text(&self) -> &'static str {
        match self {
            Self::End => "{{end}}",
            Self::Else => "{{else}}",
        }
    }
}

/// The name without its point.
fn field_name(token: &Token) -> Box<str> {
    utf8::lossy(token.text.get(1..).unwrap_or_default()).into()
}

/// Whether there is nothing but space.
fn is_empty(list: &[Node]) -> bool {
    list.iter().all(|node| match &node.kind {
        NodeKind::Text(text) => String::from_utf8_lossy(text).trim().is_empty(),
        _ => false,
    })
}

/// A token in an error.
fn shown(token: &Token) -> String {
    match token.kind {
        Kind::Eof => "EOF".to_owned(),
        Kind::Keyword(_) | Kind::Dot | Kind::Nil => format!("<{}>", utf8::lossy(&token.text)),
        _ if token.text.len() > 10 => {
            let end = utf8::runes(&token.text).nth(10).map_or(token.text.len(), |(at, ..)| at);
            format!("{}...", quote(token.text.get(..end).unwrap_or_default()))
        }
        _ => quote(&token.text),
    }
}
