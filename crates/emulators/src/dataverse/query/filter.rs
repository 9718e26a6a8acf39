//! `$filter`: comparisons, `and`, `or`, `not`, the text functions and the few query functions an integration uses. A column that does not
//! exist and a literal of the wrong type are refused, as the real thing does.

use std::{cmp::Ordering, iter::Peekable, vec::IntoIter};

use super::{
    super::{
        database::{Cell, Row},
        refusal::Refusal,
        schema::{Kind, Table},
    },
    compare,
    lexer::{self, Token},
};

/// A condition on a record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Compare(usize, Operator, Cell),
    Text(usize, Search, String),
    In(usize, Vec<Cell>),
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// A function on text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Search {
    Contains,
    StartsWith,
    EndsWith,
}

impl Condition {
    /// Whether a record fulfils it. What holds nothing is equal to nothing but `null`, and neither greater nor less than anything.
    pub(crate) fn holds(&self, row: &Row) -> bool {
        match self {
            Self::And(left, right) => left.holds(row) && right.holds(row),
            Self::Or(left, right) => left.holds(row) || right.holds(row),
            Self::Not(inner) => !inner.holds(row),
            Self::In(place, values) => values.iter().any(|value| compare::order(row.get(*place), value) == Ordering::Equal),
            Self::Text(place, search, wanted) => {
                let text = row.get(*place).as_text().to_lowercase();
                match search {
                    Search::Contains => text.contains(wanted.as_str()),
                    Search::StartsWith => text.starts_with(wanted.as_str()),
                    Search::EndsWith => text.ends_with(wanted.as_str()),
                }
            }
            Self::Compare(place, operator, wanted) => {
                let cell = row.get(*place);
                let order = compare::order(cell, wanted);
                let comparable = *cell != Cell::Null && *wanted != Cell::Null;
                match operator {
                    Operator::Equal => order == Ordering::Equal,
                    // The database knows three truths, but the Web API's `ne` also finds what holds nothing.
                    Operator::NotEqual => order != Ordering::Equal,
                    Operator::Greater => comparable && order == Ordering::Greater,
                    Operator::GreaterOrEqual => comparable && order != Ordering::Less,
                    Operator::Less => comparable && order == Ordering::Less,
                    Operator::LessOrEqual => comparable && order != Ordering::Greater,
                }
            }
        }
    }

    /// The earliest time that the column can have in a record that fulfils it.
    pub(crate) fn earliest(&self, column: usize) -> Option<i64> {
        match self {
            Self::And(left, right) => left.earliest(column).max(right.earliest(column)),
            Self::Compare(place, Operator::GreaterOrEqual | Operator::Greater | Operator::Equal, Cell::Time(time))
                if *place == column =>
            {
                Some(*time)
            }
            _ => None,
        }
    }
}

/// Reads a filter on a table; `now` in seconds since 1970.
pub(crate) fn parse(text: &str, table: &Table, now: i64) -> Result<Condition, Refusal> {
    let tokens = lexer::read(text).map_err(Refusal::bad)?;
    let mut parser = Parser { tokens: tokens.into_iter().peekable(), table, text, now };
    let condition = parser.or()?;
    if parser.tokens.peek().is_some() { Err(parser.broken()) } else { Ok(condition) }
}

struct Parser<'a> {
    tokens: Peekable<IntoIter<Token>>,
    table: &'a Table,
    text: &'a str,
    now: i64,
}

impl Parser<'_> {
    fn broken(&self) -> Refusal {
        Refusal::bad(format!("Syntax error at position {} in '{}'.", self.text.len(), self.text))
    }

    fn word(&mut self, word: &str) -> bool {
        self.tokens.next_if(|token| matches!(token, Token::Name(name) if name == word)).is_some()
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), Refusal> {
        if self.tokens.next().as_ref() == Some(wanted) { Ok(()) } else { Err(self.broken()) }
    }

    fn name(&mut self) -> Result<String, Refusal> {
        if let Some(Token::Name(name)) = self.tokens.next() { Ok(name) } else { Err(self.broken()) }
    }

    fn or(&mut self) -> Result<Condition, Refusal> {
        let mut left = self.and()?;
        while self.word("or") {
            left = Condition::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Condition, Refusal> {
        let mut left = self.not()?;
        while self.word("and") {
            left = Condition::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Condition, Refusal> {
        if self.word("not") {
            return Ok(Condition::Not(Box::new(self.not()?)));
        }
        if self.tokens.next_if_eq(&Token::Open).is_some() {
            let inner = self.or()?;
            self.expect(&Token::Close)?;
            return Ok(inner);
        }
        let name = self.name()?;
        let search = match name.as_str() {
            "contains" => Some(Search::Contains),
            "startswith" => Some(Search::StartsWith),
            "endswith" => Some(Search::EndsWith),
            _ => None,
        };
        if let Some(search) = search {
            return self.search(search);
        }
        if let Some(function) = name.strip_prefix("Microsoft.Dynamics.CRM.") {
            return self.function(function);
        }
        self.comparison(&name)
    }

    fn column(&self, property: &str) -> Result<usize, Refusal> {
        self.table.property(property).ok_or_else(|| Refusal::no_property(property, &self.table.logical_name))
    }

    fn search(&mut self, search: Search) -> Result<Condition, Refusal> {
        self.expect(&Token::Open)?;
        let property = self.name()?;
        let place = self.column(&property)?;
        self.expect(&Token::Comma)?;
        let Some(Token::Text(wanted)) = self.tokens.next() else { return Err(self.broken()) };
        self.expect(&Token::Close)?;
        Ok(Condition::Text(place, search, wanted.to_lowercase()))
    }

    fn comparison(&mut self, property: &str) -> Result<Condition, Refusal> {
        let place = self.column(property)?;
        let operator = match self.name()?.as_str() {
            "eq" => Operator::Equal,
            "ne" => Operator::NotEqual,
            "gt" => Operator::Greater,
            "ge" => Operator::GreaterOrEqual,
            "lt" => Operator::Less,
            "le" => Operator::LessOrEqual,
            _ => return Err(self.broken()),
        };
        let token = self.tokens.next().ok_or_else(|| self.broken())?;
        Ok(Condition::Compare(place, operator, self.literal(place, token)?))
    }

    /// `Microsoft.Dynamics.CRM.LastXDays(PropertyName='modifiedon',PropertyValue=30)` and the like.
    fn function(&mut self, function: &str) -> Result<Condition, Refusal> {
        self.expect(&Token::Open)?;
        let (mut property, mut values) = (String::new(), Vec::new());
        loop {
            let parameter = self.name()?;
            self.expect(&Token::Equals)?;
            match (parameter.as_str(), self.tokens.next()) {
                ("PropertyName", Some(Token::Text(name))) => property = name,
                ("PropertyValues", Some(Token::BracketOpen)) => {
                    while self.tokens.next_if_eq(&Token::BracketClose).is_none() {
                        values.extend(self.tokens.next().filter(|token| *token != Token::Comma));
                        if self.tokens.peek().is_none() {
                            return Err(self.broken());
                        }
                    }
                }
                ("PropertyValue", Some(value)) => values.push(value),
                _ => return Err(self.broken()),
            }
            match self.tokens.next() {
                Some(Token::Comma) => {}
                Some(Token::Close) => break,
                _ => return Err(self.broken()),
            }
        }
        let place = self.column(&property)?;
        match (function, values.first()) {
            ("LastXDays" | "LastXHours", Some(Token::Integer(count))) => {
                let unit = if function == "LastXDays" { 86_400 } else { 3_600 };
                let from = Condition::Compare(place, Operator::GreaterOrEqual, Cell::Time(self.now - count * unit));
                let until = Condition::Compare(place, Operator::LessOrEqual, Cell::Time(self.now));
                Ok(Condition::And(Box::new(from), Box::new(until)))
            }
            ("In", _) => {
                let kind = self.table.column(place).map(|column| column.kind).unwrap_or_default();
                // Values of this function are texts whatever the column's type.
                let cells = values.into_iter().map(|token| match token {
                    Token::Text(text) if kind != Kind::Text && kind != Kind::Memo => {
                        let token = lexer::read(&text).ok().and_then(|tokens| tokens.into_iter().next());
                        self.literal(place, token.ok_or_else(|| self.broken())?)
                    }
                    token => self.literal(place, token),
                });
                Ok(Condition::In(place, cells.collect::<Result<_, _>>()?))
            }
            _ => Err(Refusal::bad(format!("The query function Microsoft.Dynamics.CRM.{function} is not part of this emulator."))),
        }
    }

    fn literal(&self, place: usize, token: Token) -> Result<Cell, Refusal> {
        let kind = self.table.column(place).map(|column| column.kind).unwrap_or_default();
        let (cell, given) = match token {
            Token::Name(name) if name == "null" => return Ok(Cell::Null),
            Token::Name(name) if name == "true" || name == "false" => (Cell::Boolean(name == "true"), "Edm.Boolean"),
            Token::Text(text) => (Cell::text(&text), "Edm.String"),
            Token::Integer(number) => (Cell::Integer(number), "Edm.Int32"),
            Token::Decimal(number) => (Cell::Decimal(number), "Edm.Double"),
            Token::Guid(id) => (Cell::Id(id), "Edm.Guid"),
            Token::Time(time) => (Cell::Time(time), "Edm.DateTimeOffset"),
            _ => return Err(self.broken()),
        };
        let wanted = edm(kind);
        let numbers = ["Edm.Int32", "Edm.Int64", "Edm.Decimal", "Edm.Double"];
        if wanted == given || (numbers.contains(&wanted) && numbers.contains(&given)) {
            return Ok(cell);
        }
        Err(Refusal::bad(format!(
            "A binary operator with incompatible types was detected. Found operand types '{wanted}' and '{given}' for operator kind 'Equal'."
        )))
    }
}

/// The type on the wire.
pub(crate) fn edm(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Memo => "Edm.String",
        Kind::Integer | Kind::Choice | Kind::State | Kind::Status => "Edm.Int32",
        Kind::BigInteger => "Edm.Int64",
        Kind::Decimal => "Edm.Decimal",
        Kind::Boolean => "Edm.Boolean",
        Kind::DateTime => "Edm.DateTimeOffset",
        Kind::Lookup | Kind::Customer | Kind::Owner | Kind::UniqueIdentifier => "Edm.Guid",
    }
}
