//! The webhook receivers that post to our routes, in the shape of templates and of the REST API.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::Options;

/// Stands where the address belongs.
const PLACE: &str = "https://CONNECTOR.azurewebsites.net";
/// Azure's own limit for webhooks of one group.
pub(super) const MOST_WEBHOOKS: usize = 10;

/// A receiver that posts to `route`. Its name is unlike those in `taken`, since names are unique across all receivers of a group and the
/// ITSM receiver is still there.
pub(super) fn webhook(receiver: &str, route: &str, options: &Options, taken: &mut HashSet<String>) -> Value {
    let place = options.url.as_ref().map_or(PLACE, |url| url.as_str().trim_end_matches('/'));
    let uri = format!("{place}/api/alerts/{route}");
    let name = unlike(&format!("{receiver} (connector)"), taken);
    match &options.secure {
        None => json!({"name": name, "serviceUri": format!("{uri}?code=KEY"), "useCommonAlertSchema": true}),
        Some(secure) => json!({
            "name": name,
            "serviceUri": uri,
            "useCommonAlertSchema": true,
            "useAadAuth": true,
            "objectId": secure.object_id,
            "identifierUri": secure.identifier_uri,
            "tenantId": secure.tenant,
        }),
    }
}

fn unlike(wanted: &str, taken: &mut HashSet<String>) -> String {
    let mut name = wanted.to_owned();
    let mut number = 1_u32;
    while !taken.insert(name.to_lowercase()) {
        number = number.saturating_add(1);
        name = format!("{wanted} {number}");
    }
    name
}
