//! Encoded queries: reading them, deciding which records match, and finding those without reading the whole table.

mod compare;
mod dates;
mod find;
mod matcher;
pub mod parse;

pub(crate) use find::leave_out;
pub use find::{Found, Request, find};
pub use matcher::{Context, Path};
pub use parse::{Query, parse};
