//! Business objects by name: their ids, fields, relationships and states. Cherwell knows everything by ids that differ between
//! customers, so names are resolved when they are first needed and with every refresh, and remembered.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::client::Client;
use super::config::CherwellSettings;
use super::names;
use super::shapes::{Field, Relationship, Schema, Summary, short_id};
use crate::provider::ProviderError;
use crate::provider::cached::Cached;
use crate::rows::RecordKind;

/// A business object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) id: String,
    pub(super) name: String,
    /// By name in lower case.
    pub(super) fields: BTreeMap<String, Field>,
    pub(super) relationships: Vec<Relationship>,
    pub(super) states: Vec<String>,
    /// Short id in lower case.
    state_field: String,
    /// Short id in lower case.
    rec_id_field: String,
    /// Of a group: name and id of its members.
    pub(super) members: Vec<(String, String)>,
}

impl Definition {
    fn new(summary: Summary, schema: Schema) -> Self {
        let mut fields = BTreeMap::new();
        for mut field in schema.field_definitions {
            let id = short_id(&field.id).to_owned();
            field.id = id;
            field.key = field.id.to_ascii_lowercase();
            fields.insert(field.name.to_ascii_lowercase(), field);
        }
        let states = summary.states.split(',').map(|state| state.trim().to_owned()).filter(|state| !state.is_empty());
        let members = summary.group_summaries.into_iter().map(|member| (member.name, member.bus_ob_id));
        Self {
            id: summary.bus_ob_id,
            name: summary.name,
            fields,
            relationships: schema.relationships,
            states: states.collect(),
            state_field: short_id(&summary.state_field_id).to_ascii_lowercase(),
            rec_id_field: short_id(&summary.first_rec_id_field).to_ascii_lowercase(),
            members: members.collect(),
        }
    }

    /// A field by its name, whatever the case.
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(&name.trim().to_ascii_lowercase())
    }

    fn by_id(&self, id: &str) -> Option<&Field> {
        self.fields.values().find(|field| !id.is_empty() && field.key == id)
    }

    /// The field of the record's own id.
    pub(super) fn rec_id(&self) -> Option<&Field> {
        self.by_id(&self.rec_id_field).or_else(|| self.field("RecID"))
    }

    /// A field's id as requests give it.
    pub(super) fn long_id(&self, field: &Field) -> String {
        format!("BO:{},FI:{}", self.id, field.id)
    }

    /// A relationship by name or id.
    pub(super) fn relationship(&self, name: &str, setting: &str) -> Result<&Relationship, ProviderError> {
        self.relationships.iter().find(|relationship| relationship.is(name)).ok_or_else(|| {
            let known: Vec<&str> = self.relationships.iter().map(|relationship| relationship.name.as_str()).take(30).collect();
            ProviderError::Refused {
                cause: format!("the business object {} has no relationship \"{name}\"", self.name),
                remedy: format!("set {setting} to one of: {}", known.join(", ")),
            }
        })
    }

    /// Replaces ids of fields, as the tool names them in errors, by names.
    pub(super) fn named(&self, text: &str) -> String {
        let (mut named, lower) = (text.to_owned(), text.to_ascii_lowercase());
        for field in self.fields.values().filter(|field| field.key.len() >= 16 && lower.contains(&field.key)) {
            let at = named.to_ascii_lowercase().find(&format!("bo:{},fi:{}", self.id.to_ascii_lowercase(), field.key));
            let (from, length) = match at {
                Some(at) => (at, "bo:,fi:".len() + self.id.len() + field.id.len()),
                None => match named.to_ascii_lowercase().find(&field.key) {
                    Some(at) => (at, field.id.len()),
                    None => continue,
                },
            };
            if named.is_char_boundary(from) && named.is_char_boundary(from + length) {
                named.replace_range(from..from + length, &field.name);
            }
        }
        named
    }
}

/// The fields of a kind of record by what they mean.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) object: Arc<Definition>,
    fields: BTreeMap<&'static str, Field>,
    /// Names that the settings give and that are not there.
    pub(super) missing: Vec<String>,
}

impl Shape {
    /// Finds the fields of `kind` in its business object.
    pub(super) fn new(object: Arc<Definition>, kind: RecordKind, settings: &CherwellSettings) -> Self {
        let (names, own) = names::of(kind, settings);
        let (mut fields, mut missing) = (BTreeMap::new(), Vec::new());
        for (meaning, _) in names {
            // The tool itself says which field is the state, unless the settings do.
            let state =
                (*meaning == "status" && !own.contains_key("status")).then(|| object.by_id(&object.state_field)).flatten();
            let found = names::candidates(names, own, meaning).into_iter().find_map(|name| object.field(name));
            match state.or(found) {
                Some(field) => {
                    fields.insert(*meaning, field.clone());
                }
                None => missing.extend(own.get(*meaning).filter(|name| !name.trim().is_empty()).cloned()),
            }
        }
        Self { object, fields, missing }
    }

    /// The field of this meaning.
    pub(super) fn get(&self, meaning: &str) -> Option<&Field> {
        self.fields.get(meaning)
    }

    /// The field of this meaning, without which nothing goes; `setting` is where it is named.
    pub(super) fn need(&self, meaning: &str, setting: &str) -> Result<&Field, ProviderError> {
        self.get(meaning).ok_or_else(|| ProviderError::Refused {
            cause: format!(
                "the business object {} has no field for \"{meaning}\" under the names that are tried",
                self.object.name
            ),
            remedy: format!("set {setting}.{meaning} to the field's name in Cherwell"),
        })
    }
}

/// Business objects that were asked about.
#[derive(Debug)]
pub(super) struct Definitions(pub(super) Cached<Definition>);

impl Definitions {
    /// The business object of this name; `setting` is where it is named.
    pub(super) async fn get(&self, client: &Client, name: &str, setting: &str) -> Result<Arc<Definition>, ProviderError> {
        let answer = self.0.get(name, read(client, name, setting)).await?;
        if let Some((at, error)) = answer.stale {
            tracing::warn!(business_object = name, %error, "the definition cannot be read now; that of {at} is used");
        }
        Ok(answer.value)
    }

    /// Reads it anew.
    pub(super) async fn refresh(&self, client: &Client, name: &str, setting: &str) -> Result<Arc<Definition>, ProviderError> {
        let read = Arc::new(read(client, name, setting).await?);
        self.0.put(name, Arc::clone(&read));
        Ok(read)
    }
}

async fn read(client: &Client, name: &str, setting: &str) -> Result<Definition, ProviderError> {
    let is = |summary: &Summary| summary.name.eq_ignore_ascii_case(name) || summary.display_name.eq_ignore_ascii_case(name);
    let summary = client.summaries(name).await?.into_iter().find(|summary| is(summary) && !summary.bus_ob_id.is_empty());
    let summary = summary.ok_or_else(|| ProviderError::Refused {
        cause: format!("there is no business object \"{name}\", or the integration user may not see it"),
        remedy: format!("set {setting} to its name as CSM Administrator shows it (without blanks), and check the user's rights"),
    })?;
    let schema = client.schema(&summary.bus_ob_id, name).await?;
    Ok(Definition::new(summary, schema))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_messages_become_names() {
        let key = "936725cd10c735d1dd8c5b4cd4969cb0bd833655f4".to_owned();
        let field = Field { name: "Service".to_owned(), id: key.clone(), key, ..Field::default() };
        let object = Definition {
            id: "6dd53665c0c24cab86870a21cf6434ae".to_owned(),
            fields: BTreeMap::from([("service".to_owned(), field)]),
            ..Definition::default()
        };
        for id in [
            "BO:6DD53665c0c24cab86870a21cf6434ae,FI:936725cd10c735d1dd8c5b4cd4969cb0bd833655f4",
            "936725CD10c735d1dd8c5b4cd4969cb0bd833655f4",
        ] {
            assert_eq!(object.named(&format!("é required [{id}]!")), "é required [Service]!");
        }
    }
}
