//! Tokens: their kinds, their names in messages, and which words are keywords under which imports.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Illegal,
    Eof,
    Whitespace,
    Ident,
    Package,
    Import,
    As,
    Default,
    Else,
    Not,
    Some,
    With,
    Null,
    True,
    False,
    Number,
    String,
    TemplatePart,
    TemplateEnd,
    RawTemplatePart,
    RawTemplateEnd,
    LBrack,
    RBrack,
    LBrace,
    RBrace,
    LParen,
    RParen,
    Comma,
    Colon,
    Add,
    Sub,
    Mul,
    Quo,
    Rem,
    And,
    Or,
    Unify,
    Equal,
    Assign,
    In,
    Neq,
    Gt,
    Lt,
    Gte,
    Lte,
    Dot,
    Semicolon,
    Every,
    Contains,
    If,
    LogicalAnd,
    LogicalOr,
}

impl Kind {
    /// The name in messages; of an operator it is also the builtin's.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Illegal => "illegal",
            Self::Eof => "eof",
            Self::Whitespace => "whitespace",
            Self::Ident => "identifier",
            Self::Package => "package",
            Self::Import => "import",
            Self::As => "as",
            Self::Default => "default",
            Self::Else => "else",
            Self::Not => "not",
            Self::Some => "some",
            Self::With => "with",
            Self::Null => "null",
            Self::True => "true",
            Self::False => "false",
            Self::Number => "number",
            Self::String => "string",
            Self::TemplatePart => "template-string-part",
            Self::TemplateEnd => "template-string-end",
            Self::RawTemplatePart => "raw-template-string-part",
            Self::RawTemplateEnd => "raw-template-string-end",
            _ => self.mark(),
        }
    }

    /// The name of a bracket, an operator or a keyword that may be imported.
    const fn mark(self) -> &'static str {
        match self {
            Self::LBrack => "[",
            Self::RBrack => "]",
            Self::LBrace => "{",
            Self::RBrace => "}",
            Self::LParen => "(",
            Self::RParen => ")",
            Self::Comma => ",",
            Self::Colon => ":",
            Self::Add => "plus",
            Self::Sub => "minus",
            Self::Mul => "mul",
            Self::Quo => "div",
            Self::Rem => "rem",
            Self::And | Self::LogicalAnd => "and",
            Self::Or | Self::LogicalOr => "or",
            Self::Unify => "eq",
            Self::Equal => "equal",
            Self::Assign => "assign",
            Self::In => "in",
            Self::Neq => "neq",
            Self::Gt => "gt",
            Self::Lt => "lt",
            Self::Gte => "gte",
            Self::Lte => "lte",
            Self::Dot => ".",
            Self::Semicolon => ";",
            Self::Every => "every",
            Self::Contains => "contains",
            Self::If => "if",
            _ => "unknown",
        }
    }

    /// Whether it is a keyword of every version.
    pub(super) const fn is_base_keyword(self) -> bool {
        matches!(
            self,
            Self::Package
                | Self::Import
                | Self::As
                | Self::Default
                | Self::Else
                | Self::Not
                | Self::Some
                | Self::With
                | Self::Null
                | Self::True
                | Self::False
        )
    }

    /// Whether messages call it a keyword rather than a token.
    pub(super) const fn is_keyword(self) -> bool {
        self.is_base_keyword() || self.is_added_keyword()
    }

    /// Whether it is a keyword that had to be imported in some version.
    pub(super) const fn is_added_keyword(self) -> bool {
        matches!(self, Self::In | Self::Every | Self::Contains | Self::If | Self::Not | Self::LogicalAnd | Self::LogicalOr)
    }

    /// Whether a term may end with it. A word counts: where it is none, an operator cannot follow either.
    pub(super) const fn ends_term(self) -> bool {
        matches!(
            self,
            Self::Ident
                | Self::Contains
                | Self::Null
                | Self::True
                | Self::False
                | Self::Number
                | Self::String
                | Self::TemplateEnd
                | Self::RawTemplateEnd
                | Self::RBrack
                | Self::RBrace
                | Self::RParen
        )
    }
}

/// A set of the keywords that `import future.keywords…` adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct FutureKeywords(u8);

impl FutureKeywords {
    /// None.
    pub(crate) const NONE: Self = Self(0);
    /// All: `import future.keywords`.
    pub(crate) const ALL: Self = Self(0b111_1111);
    /// Those that are part of the language since v1.
    pub(super) const SINCE_V1: Self = Self(0b000_1111);
    /// Each of them, by name, in the order of messages.
    const NAMES: [(&'static str, Self, Kind); 7] = [
        ("and", Self(0b010_0000), Kind::LogicalAnd),
        ("contains", Self(0b000_0100), Kind::Contains),
        ("every", Self(0b000_0010), Kind::Every),
        ("if", Self(0b000_1000), Kind::If),
        ("in", Self(0b000_0001), Kind::In),
        ("not", Self(0b001_0000), Kind::Not),
        ("or", Self(0b100_0000), Kind::LogicalOr),
    ];
    pub(super) const AND_OR: Self = Self(0b110_0000);
    pub(super) const NOT: Self = Self(0b001_0000);

    /// The keyword `name`; `every` brings `in` along.
    #[must_use]
    pub(crate) fn named(name: &str) -> Option<Self> {
        let (_, set, kind) = Self::NAMES.iter().find(|(n, ..)| *n == name)?;
        Some(if *kind == Kind::Every { Self(set.0 | 1) } else { *set })
    }

    /// Both sets together.
    #[must_use]
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one of `other` is in the set.
    #[must_use]
    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The word's own bit; empty for a word that is never such a keyword.
    pub(super) fn of_word(word: &str) -> Self {
        Self::NAMES.iter().find(|(name, ..)| *name == word).map_or(Self::NONE, |(_, set, _)| *set)
    }

    /// The kind of the one keyword in the set.
    pub(super) fn kind(self) -> Kind {
        Self::NAMES.iter().find(|(_, set, _)| *set == self).map_or(Kind::Ident, |(.., kind)| *kind)
    }
}

/// The kind of a word that is a keyword of every version.
pub(super) fn base_keyword(word: &str) -> Option<Kind> {
    Some(match word {
        "package" => Kind::Package,
        "import" => Kind::Import,
        "as" => Kind::As,
        "default" => Kind::Default,
        "else" => Kind::Else,
        "not" => Kind::Not,
        "some" => Kind::Some,
        "with" => Kind::With,
        "null" => Kind::Null,
        "true" => Kind::True,
        "false" => Kind::False,
        _ => return None,
    })
}
