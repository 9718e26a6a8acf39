//! The query options of the Web API: what is filtered, in which order, how far a page reaches.

pub(super) mod compare;
pub(super) mod filter;
pub(super) mod lexer;
pub(super) mod options;
