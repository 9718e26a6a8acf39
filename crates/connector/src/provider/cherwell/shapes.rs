//! The shapes of Cherwell's answers, read with tolerance: names and numbers come as texts or as what they are, lists may be null,
//! and field ids come short or long. What an answer means is not decided here.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A text that may also come as a number, a boolean or null.
fn text<'de, D: Deserializer<'de>>(value: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(value)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        _ => String::new(),
    })
}

fn flag<'de, D: Deserializer<'de>>(value: D) -> Result<Option<bool>, D::Error> {
    let text = text(value)?;
    Ok((!text.is_empty()).then(|| text.eq_ignore_ascii_case("true")))
}

fn number<'de, D: Deserializer<'de>>(value: D) -> Result<Option<u64>, D::Error> {
    Ok(text(value)?.trim().parse().ok())
}

/// A list that may be null.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(value)?.unwrap_or_default())
}

/// The part of a field id behind `FI:`, or all of it.
pub(super) fn short_id(id: &str) -> &str {
    let mut parts = id.split(',').map(str::trim);
    let field = parts.find_map(|part| part.get(..3).filter(|head| head.eq_ignore_ascii_case("FI:")).and(part.get(3..)));
    field.unwrap_or(id).trim()
}

/// Why a field was not saved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Invalid {
    #[serde(deserialize_with = "text")]
    pub(super) field_id: String,
    #[serde(deserialize_with = "text")]
    pub(super) error: String,
}

/// What ends every answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Tail {
    #[serde(deserialize_with = "text")]
    pub(super) error_code: String,
    #[serde(deserialize_with = "text")]
    pub(super) error_message: String,
    /// What the first version of the teams calls has instead.
    #[serde(deserialize_with = "text")]
    error: String,
    #[serde(deserialize_with = "flag")]
    has_error: Option<bool>,
    #[serde(deserialize_with = "list")]
    pub(super) field_validation_errors: Vec<Invalid>,
    /// Of a save: the record that it made or changed.
    #[serde(deserialize_with = "text")]
    pub(super) bus_ob_rec_id: String,
    /// The tail is there at all.
    #[serde(deserialize_with = "text")]
    http_status_code: String,
}

impl Tail {
    /// The tail of a body; nothing when it has none, as lists have not.
    pub(super) fn of(body: &[u8]) -> Option<Self> {
        // Broken off in the middle: what is there says nothing.
        let tail: Self = serde_json::from_slice(body).ok()?;
        let none = tail.has_error.is_none() && tail.error_code.is_empty() && tail.http_status_code.is_empty();
        (!none).then_some(tail)
    }

    /// Whether it tells of an error.
    pub(super) fn failed(&self) -> bool {
        self.has_error == Some(true) || !self.error_code.trim().is_empty() || !self.field_validation_errors.is_empty()
    }

    /// In one line: message and code.
    pub(super) fn says(&self) -> String {
        let message = [&self.error_message, &self.error].into_iter().map(|text| text.trim()).find(|text| !text.is_empty());
        match (message, self.error_code.trim()) {
            (Some(message), "") => message.to_owned(),
            (Some(message), code) => format!("{message} ({code})"),
            (None, "") => "an error without words".to_owned(),
            (None, code) => code.to_owned(),
        }
    }
}

/// A field of a record as it comes.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Item {
    #[serde(deserialize_with = "text")]
    field_id: String,
    #[serde(deserialize_with = "text")]
    full_field_id: String,
    #[serde(deserialize_with = "text")]
    name: String,
    #[serde(deserialize_with = "text")]
    value: String,
}

/// A record: only the fields that were asked for and may be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// Id of its business object: of a member, when a group was asked.
    pub(super) object: String,
    pub(super) rec_id: String,
    pub(super) public_id: String,
    /// Values by short id in lower case.
    values: BTreeMap<String, String>,
    /// Short ids by name in lower case.
    names: BTreeMap<String, String>,
    /// What the record says of itself instead of its fields.
    pub(super) trouble: Option<String>,
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        #[derive(Deserialize, Default)]
        #[serde(rename_all = "camelCase", default)]
        struct Raw {
            #[serde(deserialize_with = "text")]
            bus_ob_id: String,
            #[serde(deserialize_with = "text")]
            bus_ob_rec_id: String,
            #[serde(deserialize_with = "text")]
            bus_ob_public_id: String,
            #[serde(deserialize_with = "list")]
            fields: Vec<Item>,
            #[serde(deserialize_with = "flag")]
            has_error: Option<bool>,
            #[serde(deserialize_with = "text")]
            error_code: String,
            #[serde(deserialize_with = "text")]
            error_message: String,
        }
        let raw = Raw::deserialize(value)?;
        let failed = raw.has_error == Some(true) || !raw.error_code.is_empty();
        let mut record = Self {
            object: raw.bus_ob_id,
            rec_id: raw.bus_ob_rec_id,
            public_id: raw.bus_ob_public_id,
            trouble: failed.then(|| format!("{} {}", raw.error_code, raw.error_message)),
            ..Self::default()
        };
        for item in raw.fields {
            let id = short_id(if item.field_id.is_empty() { &item.full_field_id } else { &item.field_id }).to_ascii_lowercase();
            if !item.name.is_empty() {
                record.names.insert(item.name.to_ascii_lowercase(), id.clone());
            }
            record.values.insert(id, item.value);
        }
        Ok(record)
    }
}

impl Record {
    /// The value of a field: by its id, else by its name, for members of a group may have ids of their own. Nothing when it is not there.
    pub(super) fn get(&self, field: &Field) -> Option<&str> {
        let named = || self.names.get(&field.name.to_ascii_lowercase()).and_then(|id| self.values.get(id));
        self.values.get(&field.key).or_else(named).map(String::as_str)
    }

    /// The same; empty when it is not there.
    pub(super) fn value(&self, field: Option<&Field>) -> &str {
        field.and_then(|field| self.get(field)).unwrap_or_default()
    }
}

/// A page of records.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Found {
    #[serde(deserialize_with = "list")]
    pub(super) business_objects: Vec<Record>,
    #[serde(deserialize_with = "number")]
    total_rows: Option<u64>,
    /// From release 10 on.
    #[serde(deserialize_with = "flag")]
    has_more_records: Option<bool>,
}

impl Found {
    /// Whether there are more than came. Asked for `size`; a server that tells neither is believed by the length of the page.
    pub(super) fn more(&self, size: u32) -> bool {
        let came = u64::try_from(self.business_objects.len()).unwrap_or(u64::MAX);
        match (self.has_more_records, self.total_rows) {
            // Older releases only tell a total; a full page is believed to be the last when the next one is empty.
            (None, total) => came >= u64::from(size) || total.is_some_and(|total| total > came),
            (more, total) => more == Some(true) || total.is_some_and(|total| total > came),
        }
    }

    /// How many there are in all.
    pub(super) const fn total(&self) -> Option<u64> {
        self.total_rows
    }
}

/// Children of a record.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Family {
    #[serde(deserialize_with = "list")]
    pub(super) related_business_objects: Vec<Record>,
    #[serde(deserialize_with = "number")]
    pub(super) total_records: Option<u64>,
}

/// A field as the schema has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Field {
    #[serde(deserialize_with = "text")]
    pub(super) name: String,
    #[serde(rename = "displayName", deserialize_with = "text")]
    pub(super) label: String,
    /// Short, once it is part of a definition.
    #[serde(rename = "fieldId", deserialize_with = "text")]
    pub(super) id: String,
    /// The same in lower case, by which it is found.
    #[serde(skip)]
    pub(super) key: String,
    #[serde(rename = "type", deserialize_with = "text")]
    pub(super) kind: String,
    #[serde(deserialize_with = "number")]
    pub(super) maximum_size: Option<u64>,
    #[serde(deserialize_with = "flag")]
    pub(super) required: Option<bool>,
    #[serde(deserialize_with = "flag")]
    pub(super) validated: Option<bool>,
    #[serde(deserialize_with = "flag")]
    pub(super) read_only: Option<bool>,
}

impl Field {
    /// Longest text; nothing when the tool does not say.
    pub(super) fn most(&self) -> Option<usize> {
        let text = self.kind.is_empty() || self.kind.eq_ignore_ascii_case("text");
        self.maximum_size.filter(|most| *most > 0 && text).and_then(|most| usize::try_from(most).ok())
    }
}

/// A relationship as the schema has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Relationship {
    #[serde(rename = "relationshipId", deserialize_with = "text")]
    pub(super) id: String,
    #[serde(rename = "displayName", deserialize_with = "text")]
    pub(super) name: String,
    #[serde(deserialize_with = "text")]
    description: String,
}

impl Relationship {
    /// Whether a name of the settings means it.
    pub(super) fn is(&self, name: &str) -> bool {
        [&self.id, &self.name, &self.description].into_iter().any(|own| own.trim().eq_ignore_ascii_case(name.trim()))
    }
}

/// What a business object is made of.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Schema {
    #[serde(deserialize_with = "list")]
    pub(super) field_definitions: Vec<Field>,
    #[serde(deserialize_with = "list")]
    pub(super) relationships: Vec<Relationship>,
}

/// A business object in one line.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Summary {
    #[serde(deserialize_with = "text")]
    pub(super) bus_ob_id: String,
    #[serde(deserialize_with = "text")]
    pub(super) name: String,
    #[serde(deserialize_with = "text")]
    pub(super) display_name: String,
    #[serde(deserialize_with = "text")]
    pub(super) state_field_id: String,
    #[serde(deserialize_with = "text")]
    pub(super) states: String,
    #[serde(deserialize_with = "text")]
    pub(super) first_rec_id_field: String,
    #[serde(deserialize_with = "list")]
    pub(super) group_summaries: Vec<Summary>,
}

/// What the server tells of itself.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ServiceInfo {
    #[serde(deserialize_with = "text")]
    pub(super) api_version: String,
    /// Shape not documented: a .NET zone or its name.
    pub(super) time_zone: Value,
    #[serde(deserialize_with = "text")]
    pub(super) system_utc_offset: String,
    #[serde(deserialize_with = "text")]
    pub(super) system_date_time: String,
}

/// A team.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Team {
    #[serde(deserialize_with = "text")]
    pub(super) team_name: String,
}

/// Teams.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Teams {
    #[serde(deserialize_with = "list")]
    pub(super) teams: Vec<Team>,
}

/// Values of a field's list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Values {
    #[serde(deserialize_with = "list")]
    pub(super) values: Vec<Value>,
}

/// The blank form of a new record.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Form {
    #[serde(deserialize_with = "list")]
    pub(super) fields: Vec<Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_in_every_form_of_their_ids() {
        let body = r#"{"busObId":"AB","busObRecId":"r1","busObPublicId":10222,"fields":[
            {"dirty":false,"fieldId":"BO:AB,FI:F1","name":"Title","value":"x"},
            {"fieldId":"F2","name":"Other","value":null}, {"fullFieldId":"BO:AB,FI:F3","name":"Third","value":3}],"hasError":false}"#;
        let record: Record = serde_json::from_str(body).unwrap();
        let field = |id: &str, name: &str| Field { key: id.to_owned(), name: name.to_owned(), ..Field::default() };
        assert_eq!((record.rec_id.as_str(), record.public_id.as_str(), &record.trouble), ("r1", "10222", &None));
        assert_eq!(record.get(&field("f1", "Title")), Some("x"));
        assert_eq!(record.get(&field("unknown", "TITLE")), Some("x"), "by name, where a member has its own ids");
        assert_eq!(record.get(&field("f2", "Other")), Some(""));
        assert_eq!(record.get(&field("f3", "Third")), Some("3"));
        assert_eq!(record.get(&field("f4", "Fourth")), None);
    }

    #[test]
    fn whether_more_follows_is_told_in_three_ways() {
        let more = |text: &str, size| serde_json::from_str::<Found>(text).unwrap().more(size);
        assert!(more(r#"{"businessObjects":[{}],"totalRows":2}"#, 10));
        assert!(!more(r#"{"businessObjects":[{}],"totalRows":"1","hasMoreRecords":false}"#, 1));
        assert!(more(r#"{"businessObjects":[{}],"hasMoreRecords":true}"#, 10));
        assert!(more(r#"{"businessObjects":[{}],"totalRows":1}"#, 1), "a total may be that of the page");
        assert!(more(r#"{"businessObjects":[{}]}"#, 1) && !more(r#"{"businessObjects":null}"#, 1));
    }

    #[test]
    fn a_tail_is_one_only_when_it_is_there() {
        assert_eq!(Tail::of(b"[]"), None);
        assert_eq!(Tail::of(br#"{"Message":"no"}"#), None);
        let good = Tail::of(br#"{"errorCode":null,"errorMessage":null,"hasError":false,"httpStatusCode":"OK"}"#).unwrap();
        assert!(!good.failed());
        let bad = Tail::of(br#"{"errorCode":"RECORDNOTFOUND","errorMessage":"Record not found","httpStatusCode":500}"#).unwrap();
        assert!(bad.failed());
        assert_eq!(bad.says(), "Record not found (RECORDNOTFOUND)");
    }
}
