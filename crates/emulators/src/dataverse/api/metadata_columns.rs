//! Columns as metadata: their types, labels, and the options of choices, states and status reasons.

use serde_json::{Map, Value, json};

use super::super::{
    guid,
    schema::{Column, Kind, Required, Table},
};

/// The language of every label.
const LANGUAGE: u32 = 1033;

/// A label in the one language there is.
pub(super) fn label(text: &str) -> Value {
    if text.is_empty() {
        return json!({"LocalizedLabels": [], "UserLocalizedLabel": null});
    }
    let localized = json!({
        "Label": text,
        "LanguageCode": LANGUAGE,
        "IsManaged": true,
        "MetadataId": guid::show(guid::of_name(&format!("label {text}"))),
        "HasChanged": null,
    });
    json!({"LocalizedLabels": [localized], "UserLocalizedLabel": localized})
}

/// Whether a column has this type, `Microsoft.Dynamics.CRM.PicklistAttributeMetadata`.
pub(super) fn is(column: &Column, cast: &str) -> bool {
    cast.strip_prefix("Microsoft.Dynamics.CRM.") == Some(column.kind.metadata_type())
}

/// All columns of a table, or those of one type.
pub(super) fn all(table: &Table, cast: Option<&str>) -> Vec<Map<String, Value>> {
    let chosen = table.columns.iter().filter(|column| cast.is_none_or(|cast| is(column, cast)));
    chosen.map(|column| attribute(table, column, cast.is_some())).collect()
}

/// A column; `cast` to its own type, it also has its options.
pub(super) fn attribute(table: &Table, column: &Column, cast: bool) -> Map<String, Value> {
    let kind = column.kind.attribute_type();
    let required = match column.required {
        Required::None => "None",
        Required::Recommended => "Recommended",
        Required::Application => "ApplicationRequired",
        Required::System => "SystemRequired",
    };
    let mut fields = json!({
        "MetadataId": guid::show(guid::of_name(&format!("{}.{}", table.logical_name, column.name))),
        "LogicalName": column.name,
        "SchemaName": column.schema_name,
        "EntityLogicalName": table.logical_name,
        "AttributeType": kind,
        "AttributeTypeName": {"Value": format!("{kind}Type")},
        "DisplayName": label(&column.label),
        "Description": label(""),
        "RequiredLevel": {"Value": required, "CanBeChanged": true, "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings"},
        "IsCustomAttribute": column.is_custom(),
        "IsPrimaryId": column.name == table.primary_id,
        "IsPrimaryName": column.name == table.primary_name,
        "IsValidForCreate": column.create,
        "IsValidForRead": true,
        "IsValidForUpdate": column.update,
        "IsLogical": false,
        "AttributeOf": null,
    });
    if let Some(fields) = fields.as_object_mut() {
        if !cast {
            fields.insert("@odata.type".to_owned(), format!("#Microsoft.Dynamics.CRM.{}", column.kind.metadata_type()).into());
        }
        match column.kind {
            Kind::Text | Kind::Memo => {
                fields.insert("MaxLength".to_owned(), column.max.unwrap_or(100).into());
                fields.insert(
                    "FormatName".to_owned(),
                    json!({"Value": if column.kind == Kind::Text { "Text" } else { "TextArea" }}),
                );
            }
            Kind::Lookup | Kind::Customer | Kind::Owner => {
                fields.insert("Targets".to_owned(), json!(column.targets));
            }
            Kind::DateTime => {
                fields.insert("Format".to_owned(), "DateAndTime".into());
            }
            Kind::Choice | Kind::State | Kind::Status if cast => {
                fields.insert("DefaultFormValue".to_owned(), column.default.unwrap_or(-1).into());
                let set = options(table, column);
                let global = if column.global.is_some() { set.clone() } else { Value::Null };
                fields.insert("OptionSet".to_owned(), set);
                fields.insert("GlobalOptionSet".to_owned(), global);
            }
            _ => {}
        }
    }
    if let Value::Object(fields) = fields { fields } else { Map::new() }
}

fn options(table: &Table, column: &Column) -> Value {
    let name = column.global.clone().unwrap_or_else(|| format!("{}_{}", table.logical_name, column.name));
    let option = |value: i64, text: &str| {
        json!({
            "Value": value,
            "Label": label(text),
            "Description": label(""),
            "Color": null,
            "IsManaged": true,
            "ExternalValue": "",
            "MetadataId": null,
            "HasChanged": null,
        })
    };
    let with = |mut value: Value, further: Value| {
        if let (Some(fields), Value::Object(further)) = (value.as_object_mut(), further) {
            fields.extend(further);
        }
        value
    };
    let list: Vec<Value> = match column.kind {
        Kind::State => table
            .states
            .iter()
            .map(|state| {
                let further = json!({
                    "@odata.type": "#Microsoft.Dynamics.CRM.StateOptionMetadata",
                    "DefaultStatus": state.statuses.first().map(|status| status.value),
                    "InvariantName": state.label,
                });
                with(option(state.value, &state.label), further)
            })
            .collect(),
        Kind::Status => table
            .states
            .iter()
            .flat_map(|state| state.statuses.iter().map(move |status| (state, status)))
            .map(|(state, status)| {
                let further = json!({
                    "@odata.type": "#Microsoft.Dynamics.CRM.StatusOptionMetadata",
                    "State": state.value,
                    "TransitionData": null,
                });
                with(option(status.value, &status.label), further)
            })
            .collect(),
        _ => column.options.iter().map(|choice| option(choice.value, &choice.label)).collect(),
    };
    json!({
        "MetadataId": guid::show(guid::of_name(&format!("option set {name}"))),
        "Name": name,
        "IsGlobal": column.global.is_some(),
        "IsCustomOptionSet": column.is_custom(),
        "OptionSetType": column.kind.attribute_type(),
        "DisplayName": label(&column.label),
        "Options": list,
    })
}
