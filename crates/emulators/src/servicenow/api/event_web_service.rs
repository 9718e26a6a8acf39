//! The Event Management web service, `POST /api/global/em/jsonv2`: events in bulk, without business rules on `em_event`.

use serde_json::{Value, json};

use super::payload;
use crate::{
    http::{Answer, Call},
    servicenow::{
        errors::Refusal,
        instance::{Instance, Session},
        writing::{self, Hand},
    },
};

/// Answers one request.
pub(crate) fn answer(instance: &Instance, call: &Call, session: &Session) -> Result<Answer, Refusal> {
    if call.method != "POST" {
        return Err(Refusal::method(&call.method));
    }
    let mut database = instance.write();
    let Some(table) = database.schema.id("em_event") else { return Err(Refusal::no_resource(&call.path)) };
    payload::json_type(call)?;
    let may = session.roles.iter().any(|role| matches!(role.as_str(), "admin" | "evt_mgmt_integration"));
    if !may {
        return Err(Refusal::new(403, "User Not Authorized", Some("Required role: evt_mgmt_integration")));
    }
    let body: Value = serde_json::from_slice(&call.body).map_err(|_| Refusal::bad_payload())?;
    let records = body.get("records").and_then(Value::as_array).ok_or_else(Refusal::bad_payload)?;
    let hand = Hand {
        name: &session.name,
        user: &session.user,
        now: instance.now(),
        zone: instance.zone(),
        display: false,
        administrator: false,
        restrictions: &session.restrictions,
    };
    let mut inserted = 0;
    for values in records.iter().filter_map(payload::flat) {
        writing::insert(&mut database, table, &values, &hand)?;
        inserted += 1;
    }
    Ok(Answer::json(200, &json!({"result": {"Default Bulk Endpoint": format!("{inserted} events were inserted")}})))
}
