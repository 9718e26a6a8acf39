//! People: what one may do, who there is, and their support groups.

use serde_json::{Map, Value, json};

use super::Request;
use crate::{
    http::Answer,
    service_manager::{
        cireson::{access::Session, answers, portal::Portal},
        model::{Class, Person, ids},
    },
};

/// `User/IsUserAuthorized`; nobody of that name is `null` (inferred).
pub(super) fn is_user_authorized(portal: &Portal, request: &Request<'_>, _: &Session) -> Result<Answer, Answer> {
    let user = request.needed("userName")?;
    let domain = request.optional("domain").unwrap_or_default();
    let name = if domain.is_empty() || user.contains('\\') { portal.access.full_name(user) } else { format!("{domain}\\{user}") };
    let group = portal.read();
    Ok(answers::data(&group.person(&name).map_or(Value::Null, console_user)))
}

/// A person with the rights that the portal's own pages go by.
fn console_user(person: &Person) -> Value {
    let (first, last) = person.display_name.split_once(' ').unwrap_or((&person.display_name, ""));
    let analyst = person.analyst;
    let mut user = json!({
        "Id": person.base_id,
        "Name": person.display_name,
        "PrincipalName": format!("{}@contoso.com", person.user_name),
        "UserName": person.user_name,
        "Domain": person.domain,
        "Company": "Contoso",
        "Title": null,
        "FirstName": first,
        "LastName": last,
        "EmployeeId": null,
        "Analyst": i32::from(analyst),
        "AssetManager": 0,
        "KnowledgeManager": 0,
        "IsAdmin": person.administrator,
        "IsLocalizationManager": false,
        "Security": security(analyst),
        "IncidentFormProjectionId": Class::Incident.projection(),
        "ChangeRequestFormProjectionId": Class::ChangeRequest.projection(),
    });
    if let Some(user) = user.as_object_mut() {
        for form in ["IncidentForm", "ServiceRequestForm", "ChangeRequestForm", "ProblemForm", "ReleaseRecordForm"] {
            user.insert(form.to_owned(), json!(ids::unpublished(form)));
        }
    }
    user
}

fn security(analyst: bool) -> Value {
    let rights = [
        "CanCreateIncident",
        "CanCreateServiceRequest",
        "CanCreateChangeRequest",
        "CanCreateProblem",
        "CanCreateReleaseRecord",
        "CanEditManualActivity",
        "CanCompleteManualActivity",
        "CanFailManualActivity",
        "CanEditReviewActivity",
        "CanApproveReviewActivity",
        "CanRejectReviewActivity",
        "CanAddReviewerReviewActivity",
        "CanEditReviewerReviewActivity",
        "CanDeleteReviewerReviewActivity",
    ];
    let scopes = ["IsWorkItemScoped", "IsConfigItemScoped", "IsServiceCatalogScoped"];
    let rights = rights.map(|name| (name.to_owned(), Value::Bool(analyst)));
    let scopes = scopes.map(|name| (name.to_owned(), Value::Bool(false)));
    Value::Object(rights.into_iter().chain(scopes).collect::<Map<_, _>>())
}

/// `User/GetUserList`: id and name, ten unless told otherwise. There are no groups of Active Directory in this installation.
pub(super) fn get_user_list(portal: &Portal, request: &Request<'_>, _: &Session) -> Result<Answer, Answer> {
    let filter = request.optional("userFilter").unwrap_or_default().to_lowercase();
    let most = request.optional("maxNumberOfResults").map_or(Ok(10), str::parse);
    let most = most.map_err(|_| answers::message(400, "The request is invalid."))?;
    let (analysts, groups) = (request.switch("filterByAnalyst"), request.switch("groupsOnly"));
    let group = portal.read();
    let found = group.people().iter().filter(|person| {
        let named = person.display_name.to_lowercase().contains(&filter) || person.user_name.to_lowercase().contains(&filter);
        named && !groups && (person.analyst || !analysts)
    });
    let found: Value = found.take(most).map(|person| json!({"Id": person.base_id, "Name": person.display_name})).collect();
    Ok(answers::data(&found))
}

/// `User/GetUsersTierQueueEnumerations`: the support groups somebody is in; every analyst is in all of them here.
pub(super) fn get_tier_queues(portal: &Portal, request: &Request<'_>, session: &Session) -> Result<Answer, Answer> {
    let id = request.guid("id")?;
    let group = portal.read();
    let analyst = group.people().iter().any(|person| person.base_id == id && person.analyst);
    let queues = if analyst { group.enumerations().values(ids::TIER_QUEUE) } else { Vec::new() };
    let item = |node: &&_| {
        let node: &crate::service_manager::model::Enumeration = node;
        json!({"Id": node.id, "Text": node.label(session.language), "Name": node.name})
    };
    Ok(answers::data(&queues.iter().map(item).collect::<Value>()))
}
