//! The criteria of `GetProjectionByCriteria`, the JSON form of the SDK's criteria XML: read strictly, then compared as the database
//! compares (texts without regard to case). What cannot be read is a text, which the portal answers with status 500.

mod evaluate;
mod parse;

pub(super) use evaluate::{Condition, compile};
pub(super) use parse::parse;

use uuid::Uuid;

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    /// All of two or more.
    And(Vec<Expression>),
    /// One of two or more.
    Or(Vec<Expression>),
    /// One comparison.
    Simple(Comparison),
}

/// A property compared with a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Comparison {
    pub(super) property: Name,
    pub(super) operator: Operator,
    pub(super) value: String,
}

/// What stands on the left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    /// What every object has: `Id` (the GUID of the object, not `IR1043`), `LastModified`, `DisplayName` …
    Generic(String),
    /// A property of a class.
    Property(Uuid, String),
}

/// How it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Like,
}
