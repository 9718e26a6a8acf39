//! An incident as a form holds it: how values are put into it, what the connector reads from it, and the aliases under which related
//! computers and comments stand. A portal does not look at members that it does not know, so what it does not show is not written but
//! told.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::Connection;
use super::super::config::ComputerRelation;
use super::super::mapping::{self, COMMENT, ENUMERATED, LENGTHS, guid};
use super::Cireson;
use super::lists::{self, is_enumerated};
use super::refresh::PROPERTIES;
use super::shape::{Projection, date, list_value, member, shown, text};
use crate::provider::ProviderError;
use crate::provider::fields::cut_to;
use crate::provider::text::cut_note;

/// Aliases under which logs have been seen, best for writing first.
const LOGS: [&str; 5] = ["AnalystComments", "AppliesToTroubleTicket", "UserComments", "ActionLogs", "ActionLog"];
/// What the server computes.
const COMPUTED: [&str; 4] = ["Priority", "Id", "DisplayName", "LastModified"];

/// What a property holds; nothing when the form has no such property. A portal may leave out what is empty: what every incident has is
/// written all the same, and looked at afterwards.
fn held<'a>(form: &'a Projection, property: &str) -> Option<&'a Value> {
    let everywhere = PROPERTIES.contains(&property) || ENUMERATED.contains(&property);
    form.get(property).or_else(|| everywhere.then_some(&Value::Null))
}

/// The value that is put into a property, or why there is none.
pub(super) async fn value_for(
    tool: &Cireson,
    form: &Projection,
    property: &str,
    given: &str,
) -> Result<Result<Value, String>, ProviderError> {
    if COMPUTED.contains(&property) {
        return Ok(Err("Service Manager computes it".to_owned()));
    }
    let Some(held) = held(form, property) else {
        return Ok(Err("not in the portal's projection: no such property, or another projection is needed".to_owned()));
    };
    let given = given.trim();
    if is_enumerated(property, form) {
        if given.is_empty() {
            return Ok(Ok(list_value(None)));
        }
        return Ok(match tool.lists.id_of(&tool.client, property, given).await? {
            Some(id) => Ok(list_value(Some(&id))),
            None if lists::list_of(property).is_none() => {
                Err(format!("\"{given}\" is no GUID, and the list of this property is not known: write the value's GUID"))
            }
            None => Err(format!("\"{given}\" is not one of the list's values that the integration user can read")),
        });
    }
    Ok(match held {
        _ if given.is_empty() => Ok(Value::Null),
        Value::Bool(_) => match given.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Ok(Value::Bool(true)),
            "false" | "no" | "0" => Ok(Value::Bool(false)),
            _ => Err(format!("\"{given}\" is neither true nor false")),
        },
        Value::Number(_) => {
            serde_json::from_str::<serde_json::Number>(given).map(Value::Number).map_err(|_| format!("\"{given}\" is no number"))
        }
        Value::Array(_) | Value::Object(_) => Err("holds related objects, which cannot be given by a mapping".to_owned()),
        Value::Null | Value::String(_) => Ok(Value::String(cut_to(&LENGTHS, property, given))),
    })
}

/// Current values by property: list values by their full names where the connection goes by them, else as people see them.
pub(super) async fn values(tool: &Cireson, object: &Projection) -> Result<BTreeMap<String, String>, ProviderError> {
    let mut values = BTreeMap::new();
    for (name, value) in &object.0 {
        if value.is_array() || (value.is_object() && !is_enumerated(name, object)) {
            continue;
        }
        let text = match object.list_value(name) {
            Some(id) if is_ours(&tool.connection, name) => tool.lists.name_of(&tool.client, name, id).await?,
            _ => shown(value),
        };
        values.insert(name.clone(), text);
    }
    Ok(values)
}

/// Whether the connection writes a property, so that its values must be told the same way every time.
fn is_ours(connection: &Connection, property: &str) -> bool {
    let mapped = connection.incident.fields.contains_key(property);
    let followed = connection.policy.update_fields.iter().flatten().any(|name| name == property);
    mapped || followed || ["Impact", "Urgency", "Source", "Status"].contains(&property)
}

/// What the record does not hold as it was sent, and why. `skipped` was not sent at all.
pub(super) async fn dropped(
    tool: &Cireson,
    sent: &BTreeMap<String, String>,
    object: &Projection,
    skipped: Vec<(String, String)>,
) -> Result<Vec<(String, String)>, ProviderError> {
    let mut same = BTreeMap::new();
    for (name, given) in sent {
        if is_enumerated(name, object) {
            let wanted = tool.lists.id_of(&tool.client, name, given).await?;
            let held = object.list_value(name);
            let equal = wanted.as_deref().is_some_and(|wanted| held.is_some_and(|held| held.eq_ignore_ascii_case(wanted)));
            let kept = if equal || (given.is_empty() && held.is_none()) { given.clone() } else { object.shown(name) };
            same.insert(name.as_str(), kept);
        } else if let Some(value) = object.get(name) {
            let kept = shown(value);
            // A date comes back in another text.
            let (there, here) = (super::shape::instant(&kept), super::shape::instant(given));
            same.insert(name.as_str(), if there.is_some() && there == here { given.clone() } else { kept });
        }
    }
    let readable = sent.iter().filter(|(name, _)| !skipped.iter().any(|(skipped, _)| skipped == *name));
    let mut dropped = crate::provider::fields::dropped(readable, |name| {
        same.get(name).map(|kept| crate::provider::fields::Kept::plain(kept.as_str()))
    });
    dropped.extend(skipped);
    Ok(dropped)
}

/// The alias of the computers: as set, but affected ones only where the projection has them, else the related ones, as far as that can be
/// told.
pub(super) fn computers_alias(connection: &Connection, form: &Projection) -> &'static str {
    const ABOUT: &str = "AboutConfigItem";
    const RELATES: &str = "RelatesToConfigItem";
    match connection.own.service_manager.computer_relation {
        ComputerRelation::Affected if form.has(ABOUT) || !form.has(RELATES) => ABOUT,
        ComputerRelation::Affected | ComputerRelation::Related => RELATES,
    }
}

/// Ties a computer to the form.
pub(super) fn tie(connection: &Connection, form: &mut Projection, base_id: &str) {
    let alias = computers_alias(connection, form);
    let mut objects = form.related(alias).to_vec();
    if !is_tied(form, alias, base_id) {
        objects.push(json!({"BaseId": base_id}));
    }
    form.set(alias, Value::Array(objects));
}

/// Whether a computer stands under an alias.
pub(super) fn is_tied(object: &Projection, alias: &str, base_id: &str) -> bool {
    object.related(alias).iter().any(|item| text(item, "BaseId").eq_ignore_ascii_case(base_id))
}

/// The alias under which comments are written.
pub(super) fn comments_alias<'a>(connection: &'a Connection, form: &Projection) -> &'a str {
    let settings = &connection.own.service_manager.cireson;
    if let Some(alias) = &settings.comments {
        return alias;
    }
    match LOGS.into_iter().take(2).find(|alias| form.has(alias)) {
        Some("AnalystComments") | None if settings.user_comments => "UserComments",
        Some(alias) => alias,
        None => "AnalystComments",
    }
}

/// Appends a comment, cut to its length with its marker kept.
pub(super) fn comment(connection: &Connection, form: &mut Projection, note: &str, by: &str, now: Timestamp) {
    let user = connection.own.service_manager.cireson.user_comments;
    let (class, name) = if user {
        (guid::USER_COMMENT, "System.WorkItem.TroubleTicket.UserCommentLog")
    } else {
        (guid::ANALYST_COMMENT, "System.WorkItem.TroubleTicket.AnalystCommentLog")
    };
    let entry = json!({
        "ClassTypeId": class,
        "ClassName": name,
        "BaseId": null,
        "TimeAdded": super::shape::NEVER,
        "Comment": cut_note(note, COMMENT),
        "EnteredBy": by,
        "EnteredDate": date(now),
        "IsPrivate": false,
    });
    let alias = comments_alias(connection, form).to_owned();
    let mut entries = form.related(&alias).to_vec();
    entries.push(entry);
    form.set(&alias, Value::Array(entries));
}

/// Whether a comment with `marker` stands in the record; nothing when it shows no comments.
pub(super) fn has_comment(connection: &Connection, object: &Projection, marker: &str) -> Option<bool> {
    let own = connection.own.service_manager.cireson.comments.as_deref();
    let shown: Vec<&str> = LOGS.into_iter().chain(own).filter(|alias| object.has(alias)).collect();
    let says = |entry: &Value| {
        ["Comment", "Description"]
            .iter()
            .any(|name| member(entry, name).and_then(Value::as_str).is_some_and(|text| text.contains(marker)))
    };
    let found = shown.iter().any(|alias| object.related(alias).iter().any(says));
    (!shown.is_empty()).then_some(found)
}

/// The address of an incident's page.
pub(super) fn page(tool: &Cireson, id: &str) -> String {
    match mapping::page(&tool.connection, id) {
        own if !own.is_empty() => own,
        _ => crate::provider::wire::below(tool.client.base(), &["Incident", "Edit", id]).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(members: Value) -> Projection {
        Projection::new(members).unwrap()
    }

    #[test]
    fn what_every_incident_has_may_be_left_out_of_a_form_and_what_is_not_known_may_not() {
        let form = form(json!({"Title": "x", "CostCentre": null}));
        assert_eq!(held(&form, "Title"), Some(&json!("x")));
        assert_eq!(held(&form, "CostCentre"), Some(&Value::Null));
        assert_eq!((held(&form, "ContactMethod"), held(&form, "TierQueue")), (Some(&Value::Null), Some(&Value::Null)));
        assert_eq!(held(&form, "AzureKey"), None);
    }

    #[test]
    fn a_marker_is_found_under_every_alias_that_a_portal_may_have() {
        let connection: crate::settings::Connection = toml::from_str(
            "provider = \"service_manager\"\nurl = \"https://x\"\nauth = { type = \"password\", username = \"x\", password = \"$X\" }",
        )
        .unwrap();
        let crate::provider::product::Product::ServiceManager(own) = connection.product.clone() else { unreachable!() };
        let connection = Connection::new(&connection, &own);
        let note = json!([{"Comment": "Over.\n[event 1]"}]);
        for alias in LOGS {
            let found = ["[event 1]", "[event 2]"].map(|marker| has_comment(&connection, &form(json!({alias: note})), marker));
            assert_eq!(found, [Some(true), Some(false)], "{alias}");
        }
        assert_eq!(has_comment(&connection, &form(json!({"Title": "x"})), "[event 1]"), None);
        let written = |members: Value| comments_alias(&connection, &form(members)).to_owned();
        assert_eq!(written(json!({"AppliesToTroubleTicket": []})), "AppliesToTroubleTicket");
        assert_eq!(written(json!({"AppliesToTroubleTicket": [], "AnalystComments": []})), "AnalystComments");
        assert_eq!(written(json!({})), "AnalystComments");
    }
}
