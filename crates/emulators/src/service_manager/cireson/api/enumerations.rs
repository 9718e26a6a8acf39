//! Lists: a level of a tree, a whole tree, one label. Labels are in the language of the sign-in.

use serde_json::{Value, json};
use uuid::Uuid;

use super::Request;
use crate::{
    http::Answer,
    service_manager::{
        cireson::{access::Session, answers, portal::Portal},
        model::Enumeration,
    },
};

/// `Enum/GetList`: the first level, or all with `Flatten=true`. An unknown list is an empty one (inferred).
pub(super) fn get_list(portal: &Portal, request: &Request<'_>, session: &Session) -> Result<Answer, Answer> {
    let list = request.guid("id")?;
    let group = portal.read();
    let trees = group.enumerations();
    let found = if request.switch("Flatten") { trees.values(list) } else { trees.children(list) };
    let item = |node: &Enumeration| {
        json!({
            "ID": node.id,
            "Text": node.label(session.language),
            "Name": node.name,
            "HasChildren": !trees.children(node.id).is_empty(),
            "Ordinal": node.ordinal,
        })
    };
    Ok(answers::data(&found.into_iter().map(item).collect::<Value>()))
}

/// `Enum/GetFlatList`: the whole tree, led by an item that stands for nothing (clients skip it), without ordinals.
pub(super) fn get_flat_list(portal: &Portal, request: &Request<'_>, session: &Session) -> Result<Answer, Answer> {
    let list = request.guid("id")?;
    let filter = request.optional("itemFilter").unwrap_or_default().to_lowercase();
    let group = portal.read();
    let trees = group.enumerations();
    let nothing = json!({"Id": Uuid::nil(), "Text": "", "Name": "", "HasChildren": false, "Ordinal": null});
    let item = |node: &Enumeration| {
        json!({
            "Id": node.id,
            "Text": node.label(session.language),
            "Name": node.name,
            "HasChildren": !trees.children(node.id).is_empty(),
            "Ordinal": null,
        })
    };
    let found = trees.values(list).into_iter().filter(|node| node.label(session.language).to_lowercase().contains(&filter));
    Ok(answers::data(&std::iter::once(nothing).chain(found.map(item)).collect::<Value>()))
}

/// `Enum/GetEnumDisplayName`: the label as a JSON text (inferred), empty when there is no such value.
pub(super) fn get_display_name(portal: &Portal, request: &Request<'_>, session: &Session) -> Result<Answer, Answer> {
    let id = request.guid("id")?;
    let label = portal.read().enumerations().get(id).map(|node| node.label(session.language).to_owned());
    Ok(answers::data(&Value::String(label.unwrap_or_default())))
}
