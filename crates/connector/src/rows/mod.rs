//! What a Log Analytics workspace holds of us: the rows of `ServiceDesk_CL` and `ServiceDeskLog_CL`. The structs here are the
//! one source of columns; table and stream definitions in `infra/` and the tables in `docs/OPERATIONS.md` are made from them.

pub mod definitions;
mod log;
mod service_desk;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use definitions::definitions;
pub use log::LogRow;
pub use service_desk::{RecordKind, RecordState, ServiceDeskRow};

/// What a column holds, by the names of stream declarations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// Text.
    String,
    /// An instant, UTC.
    DateTime,
}

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name, exactly.
    pub name: &'static str,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// What it means, one sentence or two.
    pub description: &'static str,
}

/// A kind of row.
pub trait Row: Serialize + Send + Sync + 'static {
    /// The table.
    const TABLE: &'static str;
    /// The stream of the data collection rule that fills it.
    const STREAM: &'static str;
    /// Its columns, in order.
    const COLUMNS: &'static [Column];
}

/// A type that a column can have.
trait Value {
    const KIND: ColumnType;
}

impl Value for String {
    const KIND: ColumnType = ColumnType::String;
}

impl Value for std::sync::Arc<str> {
    const KIND: ColumnType = ColumnType::String;
}

impl Value for jiff::Timestamp {
    const KIND: ColumnType = ColumnType::DateTime;
}

impl Value for Option<jiff::Timestamp> {
    const KIND: ColumnType = ColumnType::DateTime;
}

/// Whether a value has nothing to say; such a column is left out of the row.
trait Blank {
    fn blank(&self) -> bool;
}

impl Blank for String {
    fn blank(&self) -> bool {
        self.is_empty()
    }
}

impl Blank for Option<jiff::Timestamp> {
    fn blank(&self) -> bool {
        self.is_none()
    }
}

fn blank<T: Blank>(value: &T) -> bool {
    value.blank()
}

/// A struct whose fields are the columns of a table: name of the column, then what it means.
macro_rules! row {
    (
        $(#[$meta:meta])*
        pub struct $name:ident in $table:literal from $stream:literal {
            $( #[doc = $about:literal] $(#[$attribute:meta])* $field:ident: $kind:ty = $column:literal, )*
        }
    ) => {
        $(#[$meta])*
        pub struct $name {
            $( #[doc = $about] #[serde(rename = $column)] $(#[$attribute])* pub $field: $kind, )*
        }

        impl crate::rows::Row for $name {
            const TABLE: &'static str = $table;
            const STREAM: &'static str = $stream;
            const COLUMNS: &'static [crate::rows::Column] = &[$(
                crate::rows::Column {
                    name: $column,
                    kind: <$kind as crate::rows::Value>::KIND,
                    // A doc comment begins with the space after its slashes.
                    description: $about.trim_ascii(),
                },
            )*];
        }
    };
}
use row;
