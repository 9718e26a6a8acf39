//! Records and definitions in the shapes of the wire.

use serde_json::{Value, json};

use super::{
    content::{Content, Field, Kind, Object, Relationship, Source},
    database::{Database, Record},
    options::FieldIds,
    reply::Tail,
    search::Reading,
};

/// How a release writes things.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub(crate) field_ids: FieldIds,
    /// Release 10: `fullFieldId`, `hasMoreRecords`, `systemUtcOffset`.
    pub(crate) ten: bool,
}

/// `BO:…,FI:…`
pub(crate) fn long_id(object: &Object, field: &Field) -> String {
    format!("BO:{},FI:{}", object.id, field.id)
}

impl Style {
    fn id(self, object: &Object, field: &Field, in_record: bool) -> String {
        match self.field_ids {
            FieldIds::Long => long_id(object, field),
            FieldIds::Mixed if in_record => long_id(object, field),
            FieldIds::Mixed | FieldIds::Short => field.id.clone(),
        }
    }

    /// A field with a value as it is kept.
    pub(crate) fn item(self, object: &Object, field: &Field, kept: &str, in_record: bool, reading: &Reading<'_>) -> Value {
        let value = if field.kind == Kind::DateTime { reading.show(kept) } else { kept.to_owned() };
        let mut item = json!({
            "dirty": false,
            "displayName": field.label,
            "fieldId": self.id(object, field, in_record),
            "html": null,
            "name": field.name,
            "value": value,
        });
        if let (true, Some(item)) = (self.ten, item.as_object_mut()) {
            item.insert("fullFieldId".to_owned(), long_id(object, field).into());
        }
        item
    }

    /// A record with these fields.
    pub(crate) fn record(self, database: &Database, record: &Record, places: &[usize], reading: &Reading<'_>) -> Value {
        let Some(object) = database.content.objects.get(record.object) else { return Value::Null };
        let fields = places.iter().filter_map(|place| {
            let field = object.fields.get(*place)?;
            Some(self.item(object, field, record.value(*place), true, reading))
        });
        Tail::GOOD.on(json!({
            "busObId": object.id,
            "busObPublicId": record.public,
            "busObRecId": record.id,
            "fields": fields.collect::<Vec<_>>(),
            "links": [],
        }))
    }

    fn definition(self, object: &Object, field: &Field) -> Value {
        let date = field.kind == Kind::DateTime;
        json!({
            "autoFill": false,
            "calculated": false,
            "category": "",
            "decimalDigits": 0,
            "description": field.label,
            "details": "",
            "displayName": field.label,
            "enabled": !field.read_only,
            "fieldId": self.id(object, field, false),
            "hasDate": date,
            "hasTime": date,
            "isFullTextSearchable": field.kind == Kind::Text,
            "maximumSize": field.size.to_string(),
            "name": field.name,
            "readOnly": field.read_only,
            "required": field.required,
            "type": field.kind.name(),
            "typeLocalized": field.kind.name(),
            "validated": field.source != Source::Free,
            "wholeDigits": if field.kind == Kind::Number { 10 } else { 0 },
        })
    }

    fn relationship(self, content: &Content, relationship: &Relationship) -> Value {
        let target = content.objects.get(relationship.target);
        let fields = target.map(|target| target.fields.iter().map(|field| self.definition(target, field)).collect::<Vec<_>>());
        json!({
            "cardinality": relationship.cardinality,
            "description": relationship.name,
            "displayName": relationship.name,
            "fieldDefinitions": fields.unwrap_or_default(),
            "relationshipId": relationship.id,
            "target": target.map(|target| target.id.clone()),
        })
    }

    /// What a business object is made of.
    pub(crate) fn schema(self, content: &Content, object: &Object, with_relationships: bool) -> Value {
        let relationships = object.relationships.iter().filter(|_| with_relationships);
        json!({
            "busObId": object.id,
            "fieldDefinitions": object.fields.iter().map(|field| self.definition(object, field)).collect::<Vec<_>>(),
            "firstRecIdField": id_of(object, "RecID"),
            "gridDefinitions": [{"gridId": format!("{}-default", object.id), "name": "Default", "displayName": "Default"}],
            "name": object.name,
            "recIdFields": id_of(object, "RecID"),
            "relationships": relationships.map(|relationship| self.relationship(content, relationship)).collect::<Vec<_>>(),
            "stateFieldId": if object.states.is_empty() { "" } else { id_of(object, "Status") },
            "states": object.states,
        })
    }
}

/// Short id of a field, by its stock name.
fn id_of<'a>(object: &'a Object, role: &str) -> &'a str {
    object.role(role).and_then(|place| object.fields.get(place)).map_or("", |field| &field.id)
}

/// A business object in one line.
pub(crate) fn summary(content: &Content, object: &Object) -> Value {
    let members = object.members.iter().filter_map(|member| content.objects.get(*member));
    json!({
        "firstRecIdField": id_of(object, "RecID"),
        "groupSummaries": members.map(|member| summary(content, member)).collect::<Vec<_>>(),
        "recIdFields": id_of(object, "RecID"),
        "stateFieldId": if object.states.is_empty() { "" } else { id_of(object, "Status") },
        "states": object.states,
        "busObId": object.id,
        "displayName": object.label,
        "group": !object.members.is_empty(),
        "lookup": false,
        "major": object.major,
        "name": object.name,
        "supporting": object.supporting,
    })
}

/// A column of a search's answer.
pub(crate) fn column(object: &Object, field: &Field) -> Value {
    json!({
        "caption": field.label,
        "currencyCulture": "",
        "currencySymbol": "",
        "decimalDigits": 0,
        "defaultSortOrderAscending": true,
        "displayName": field.label,
        "fieldName": field.name,
        "fullFieldId": long_id(object, field),
        "hasDefaultSortField": false,
        "fieldId": field.id,
        "isBinary": false,
        "isCurrency": false,
        "isDateTime": field.kind == Kind::DateTime,
        "isFilterAllowed": true,
        "isLogical": field.kind == Kind::Logical,
        "isNumber": field.kind == Kind::Number,
        "isShortDate": false,
        "isShortTime": false,
        "isVisible": true,
        "sortable": true,
        "sortOrder": "",
        "storageName": field.name,
        "wholeDigits": if field.kind == Kind::Number { 10 } else { 0 },
    })
}
