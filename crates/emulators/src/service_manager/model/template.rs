//! `ObjectTemplate`s of management packs.

use uuid::Uuid;

use super::{class::Class, work_item::Value};

/// A template that fills an item of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its GUID.
    pub id: Uuid,
    /// Name in its management pack.
    pub name: String,
    /// What people see.
    pub label: String,
    /// The class it fills.
    pub class: Class,
    /// What it sets, whatever stood there before.
    pub values: Vec<(String, Value)>,
}
