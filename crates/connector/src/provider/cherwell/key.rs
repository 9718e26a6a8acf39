//! Where a record carries our key: in a field of its own, or, where the customer has none, as a line of its description. Either way the
//! key is read from the record that came, whatever was asked.

use super::client::{Filter, Operator};
use super::config::CherwellSettings;
use super::definitions::Shape;
use super::shapes::{Field, Record};
use crate::provider::ProviderError;
use crate::provider::text::cut_note;
use crate::work_item::WorkItemKey;

/// The place of the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// This field holds nothing else.
    Field(Field),
    /// A line of this field.
    Line(Field),
}

/// The line of a key: brackets end it, so that the first generation is not found in the twelfth.
pub(super) fn line(key: &WorkItemKey) -> String {
    format!("[{key}]")
}

/// A text with the key's line at its end, cut to `most` in front of it.
pub(super) fn with_line(text: &str, key: &WorkItemKey, most: usize) -> String {
    let line = line(key);
    if text.lines().any(|own| own.trim() == line) {
        return cut_note(text, most);
    }
    cut_note(&format!("{}\n\n{line}", text.trim_end()), most)
}

/// The last key that stands in a text.
fn in_text(text: &str) -> Option<WorkItemKey> {
    let mut keys = text.rsplit('[').filter_map(|part| WorkItemKey::parse(part.split_once(']')?.0));
    keys.next()
}

impl Place {
    /// The place that the settings name.
    pub(super) fn of(shape: &Shape, settings: &CherwellSettings) -> Result<Self, ProviderError> {
        let name = settings.external_id_field.trim();
        if name.is_empty() {
            return shape.need("description", "cherwell.fields").cloned().map(Self::Line);
        }
        shape.object.field(name).cloned().map(Self::Field).ok_or_else(|| ProviderError::Refused {
            cause: format!("{} has no field {name} for the connector's key", shape.object.name),
            remedy: format!(
                "add a text field {name} of at least 60 characters to {} in CSM Administrator, or name another in \
                 cherwell.external_id_field; or set it to \"\" and cherwell.description_marker = true",
                shape.object.name
            ),
        })
    }

    /// The field it is in.
    pub(super) const fn field(&self) -> &Field {
        match self {
            Self::Field(field) | Self::Line(field) => field,
        }
    }

    /// What finds records with this key.
    pub(super) fn exactly(&self, key: &WorkItemKey) -> Filter<'_> {
        match self {
            Self::Field(field) => (field, Operator::Eq, key.to_string()),
            Self::Line(field) => (field, Operator::Contains, line(key)),
        }
    }

    /// What finds records of every generation.
    pub(super) fn any(&self, correlation: &str) -> Filter<'_> {
        match self {
            Self::Field(field) => (field, Operator::StartsWith, format!("az-{correlation}-")),
            Self::Line(field) => (field, Operator::Contains, format!("[az-{correlation}-")),
        }
    }

    /// The key that a record carries.
    pub(super) fn carried(&self, record: &Record) -> Option<WorkItemKey> {
        let text = record.value(Some(self.field()));
        match self {
            Self::Field(_) => WorkItemKey::parse(text.trim()),
            Self::Line(_) => in_text(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_the_key_whatever_stands_around_it() {
        let key = WorkItemKey { correlation: "0123456789abcdef0123456789abcdef".to_owned(), generation: 12 };
        let text = with_line("Disk [C:] is full\n", &key, 4000);
        assert_eq!(text, "Disk [C:] is full\n\n[az-0123456789abcdef0123456789abcdef-12]");
        assert_eq!(with_line(&text, &key, 4000), text, "once is enough");
        assert_eq!(in_text(&format!("{text}\nseen by Ana [1]")), Some(key.clone()));
        assert_eq!(in_text("Disk [C:] is full [az-12]"), None);
        let short = with_line(&"x".repeat(200), &key, 80);
        assert!(short.encode_utf16().count() <= 80 && in_text(&short) == Some(key), "{short}");
    }
}
