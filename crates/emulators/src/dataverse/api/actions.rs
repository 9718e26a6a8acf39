//! Actions and functions that are bound to no table.

use serde_json::{Map, Value, json};

use super::{
    super::{
        access::Act,
        database::Cell,
        environment::Request,
        guid,
        refusal::Refusal,
        writing::{self, Hand},
    },
    ok, payload,
};
use crate::http::Answer;

/// `GET /WhoAmI`
pub(super) fn who_am_i(request: &Request<'_>) -> Answer {
    let unit = {
        let database = request.environment.read();
        let units = database.schema.id("businessunit").and_then(|table| database.shelf(table));
        units.and_then(|shelf| shelf.rows.keys().next().copied()).unwrap_or_default()
    };
    ok(&json!({
        "@odata.context": format!("{}/$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse", request.base),
        "BusinessUnitId": guid::show(unit),
        "UserId": guid::show(request.session.user),
        "OrganizationId": guid::show(guid::of_name(&request.environment.url)),
    }))
}

/// `POST /CloseIncident`: makes the resolution record and resolves the incident, in one go.
pub(super) fn close_incident(request: &Request<'_>) -> Result<Answer, Refusal> {
    let mut fields = payload::object(request)?;
    let parameter =
        |name: &str| Refusal::new(400, "0x80048d19", format!("Required parameter '{name}' is missing for CloseIncident."));
    let Some(Value::Object(mut resolution)) = fields.remove("IncidentResolution") else {
        return Err(parameter("IncidentResolution"));
    };
    let status = fields.remove("Status").and_then(|status| status.as_i64()).ok_or_else(|| parameter("Status"))?;
    if let Some(unknown) = fields.keys().find(|name| !name.starts_with('@')) {
        return Err(Refusal::new(
            400,
            "0x80048d19",
            format!(
                "The parameter '{unknown}' in the request payload is not a valid parameter for the operation 'CloseIncident'."
            ),
        ));
    }
    let mut database = request.environment.write();
    let (Some(incidents), Some(resolutions)) = (database.schema.id("incident"), database.schema.id("incidentresolution")) else {
        return Err(Refusal::no_segment("CloseIncident"));
    };
    let (Some(incident), Some(table)) = (database.table(incidents).cloned(), database.table(resolutions).cloned()) else {
        return Err(Refusal::no_segment("CloseIncident"));
    };
    request.session.check(Act::Write, &incident)?;
    request.session.check(Act::Create, &table)?;
    flatten(&mut resolution, &incident.primary_id);
    let changes = payload::changes(request, &database, &table, &resolution, true)?;
    let lookup = table.place("incidentid");
    let link = changes.iter().find(|(place, _)| Some(*place) == lookup).and_then(|(_, cell)| cell.link());
    let (_, id) = link
        .ok_or_else(|| Refusal::new(400, "0x80040203", "Required member 'IncidentId' missing for field 'IncidentResolution'"))?;
    let row = database.row(incidents, id).cloned().ok_or_else(|| Refusal::no_record("incident", &guid::show(id)))?;
    let place = |place: Option<usize>| place.unwrap_or_default();
    let (state, code) = (place(incident.places.state), place(incident.places.status));
    if row.get(state).integer() != Some(0) {
        // The text is the server's, the code is a guess.
        return Err(Refusal::new(400, "0x80040203", "Already Closed or Canceled"));
    }
    let status = if status == -1 { 5 } else { status };
    let hand = Hand { user: request.session.user, now: request.environment.now() };
    let cells =
        writing::changed_cells(&database, incidents, &row, &[(state, Cell::Integer(1)), (code, Cell::Integer(status))], hand)?;
    let key = database.new_id();
    let mut new = writing::new_cells(&mut database, resolutions, key, &changes, hand);
    for (column, value) in [("statecode", 1), ("statuscode", 2)] {
        if let Some(cell) = table.place(column).and_then(|place| new.get_mut(place)) {
            *cell = Cell::Integer(value);
        }
    }
    database.put(resolutions, key, new);
    database.put(incidents, id, cells);
    Ok(Answer::empty(204))
}

/// `"incidentid": {"incidentid": "…", "@odata.type": …}` says the same as a binding; Microsoft's samples write either.
fn flatten(resolution: &mut Map<String, Value>, key: &str) {
    let nested = resolution.get("incidentid").and_then(|value| value.get(key)).and_then(Value::as_str).map(str::to_owned);
    if let Some(id) = nested {
        resolution.remove("incidentid");
        resolution.insert("incidentid@odata.bind".to_owned(), format!("/incidents({id})").into());
    }
}
