//! Whether the tables and fields of a work item type can be used.

use std::collections::BTreeSet;

use super::super::config::{EventMode, WriteMode};
use super::super::{ServiceNow, mapping};
use super::{failed, username};
use crate::probe::Report;
use crate::provider::ProviderError;
use crate::work_item::WorkItemType;

/// Probes of one work item type.
pub(super) async fn run(provider: &ServiceNow, kind: WorkItemType, report: &mut Report) {
    let table = mapping::table(kind);
    let name = format!("table {table} read");
    let wanted = wanted(provider, kind);
    let columns = format!("sys_id,{}", wanted.iter().map(String::as_str).collect::<Vec<_>>().join(","));
    let row = match provider.client.rows(table, "ORDERBYDESCsys_created_on", &columns, 1).await {
        Ok(rows) => rows.into_iter().next(),
        Err(error @ ProviderError::Refused { .. })
            if kind == WorkItemType::Event && !error.to_string().contains("nvalid table") =>
        {
            report.warning(
                name,
                "events may not be read",
                error.to_string(),
                "give the integration user the role evt_mgmt_operator: without it an event whose sending broke off is sent twice",
            );
            return write_right(provider, kind, report).await;
        }
        Err(error) => return failed(report, &name, &format!("{table} cannot be read"), &error),
    };
    match &row {
        Some(_) => report.passed(name, format!("{table} can be read")),
        None => report.warning(
            name,
            format!("no record of {table} is visible"),
            "the table is empty, or read rights hide every record (ServiceNow does not tell which)",
            "if there are records, give the integration user the right to read them (role itil, evt_mgmt_operator for events and alerts): \
             without it the connector cannot find its own records again",
        ),
    }
    let missing: BTreeSet<&str> =
        wanted.iter().map(String::as_str).filter(|column| !row.as_ref().is_some_and(|row| row.has(column))).collect();
    fields(provider, kind, &missing, report).await;
    write_right(provider, kind, report).await;
}

/// Columns that the connection writes or needs.
fn wanted(provider: &ServiceNow, kind: WorkItemType) -> BTreeSet<String> {
    let fixed: &[&str] = match kind {
        WorkItemType::Incident => &[
            "number",
            "state",
            "short_description",
            "description",
            "impact",
            "urgency",
            "correlation_id",
            "correlation_display",
            "cmdb_ci",
            "close_code",
            "close_notes",
            "work_notes",
        ],
        WorkItemType::Event => &["message_key", "severity", "source", "node", "description", "additional_info", "time_of_event"],
        WorkItemType::Alert => &["message_key", "severity", "source", "node", "description", "state"],
    };
    let connection = &provider.connection;
    let mut wanted: BTreeSet<String> = fixed.iter().map(|&name| name.to_owned()).collect();
    wanted.extend(connection.mapping(kind).fields.keys().cloned());
    if kind == WorkItemType::Incident {
        wanted.extend(connection.policy.update_fields.iter().flatten().cloned());
    }
    wanted
}

/// Says of each column that was not in a record whether it does not exist or is hidden.
async fn fields(provider: &ServiceNow, kind: WorkItemType, missing: &BTreeSet<&str>, report: &mut Report) {
    let table = mapping::table(kind);
    let name = format!("fields of {table}");
    if missing.is_empty() {
        return report.passed(name, "every field that is written exists and can be read");
    }
    // A column that surely exists tells whether the dictionary can be read at all.
    let (parents, control) = match kind {
        WorkItemType::Incident => (vec!["incident", "task"], "short_description"),
        WorkItemType::Event | WorkItemType::Alert => (vec![table], "message_key"),
    };
    let elements: Vec<&str> = missing.iter().copied().chain([control]).collect();
    let query = format!("nameIN{}^elementIN{}", parents.join(","), elements.join(","));
    let rows = match provider.client.rows("sys_dictionary", &query, "name,element", 200).await {
        Ok(rows) => rows,
        Err(ProviderError::Refused { .. }) => Vec::new(),
        Err(error) => return failed(report, &name, "the dictionary cannot be read", &error),
    };
    let known: BTreeSet<&str> =
        rows.iter().filter(|row| parents.contains(&row.value("name"))).map(|row| row.value("element")).collect();
    let listed = |names: &[&str]| names.join(", ");
    if !known.contains(control) {
        return report.warning(
            name,
            format!("not seen in a record: {}", listed(&missing.iter().copied().collect::<Vec<_>>())),
            "no record holds them and sys_dictionary cannot be read, so whether they exist is not known",
            "check the names in the instance, and the integration user's rights to these fields",
        );
    }
    let absent: Vec<&str> = missing.iter().copied().filter(|column| !known.contains(column)).collect();
    let hidden: Vec<&str> = missing.iter().copied().filter(|column| known.contains(column)).collect();
    if !absent.is_empty() {
        return report.failed(
            name,
            format!("no such field in {table}: {}", listed(&absent)),
            "ServiceNow ignores unknown fields silently, so their values would be lost",
            "correct the names in the connection's mapping, or add the columns in the instance",
        );
    }
    report.warning(
        name,
        format!("exist but were not in a record that was read: {}", listed(&hidden)),
        "the integration user may not read them, or no record is visible; a field that cannot be read is often not writable either",
        "give the integration user the right to read and write these fields",
    );
}

/// The right to create cannot be tried without creating, so it is judged by the user's roles, when they can be read.
async fn write_right(provider: &ServiceNow, kind: WorkItemType, report: &mut Report) {
    let settings = &provider.connection.own.servicenow;
    let name = format!("table {} write", mapping::table(kind));
    let fitting: &[&str] = match kind {
        WorkItemType::Incident if settings.write == WriteMode::ImportSet => &["import_transformer", "import_set_loader", "admin"],
        WorkItemType::Incident => &["itil", "sn_incident_write", "admin"],
        WorkItemType::Event if settings.events == EventMode::Jsonv2 => &["evt_mgmt_integration", "evt_mgmt_admin", "admin"],
        WorkItemType::Event | WorkItemType::Alert => &["evt_mgmt_integration", "evt_mgmt_operator", "evt_mgmt_admin", "admin"],
    };
    let not_tried = "nothing is written by a check, and the user's roles cannot be read; the first delivery will tell";
    let Some(user) = username(&provider.connection.own.auth).filter(|user| super::super::client::fits_query(user)) else {
        return report.skipped(name, not_tried);
    };
    let query = format!("user.user_name={user}");
    let rows = provider.client.rows("sys_user_has_role", &query, "user.user_name,role.name", 500).await.unwrap_or_default();
    let roles: BTreeSet<&str> = rows
        .iter()
        .filter(|row| row.value("user.user_name").eq_ignore_ascii_case(user))
        .map(|row| row.value("role.name"))
        .filter(|role| !role.is_empty())
        .collect();
    if roles.is_empty() {
        return report.skipped(name, not_tried);
    }
    match fitting.iter().find(|role| roles.contains(**role)) {
        Some(role) => report.passed(name, format!("{user} has the role {role} (judged by roles; nothing was written)")),
        None => report.warning(
            name,
            format!("{user} has none of the roles {}", fitting.join(", ")),
            "judged by roles; a role of your own may give the right as well",
            format!("give {user} the role {}", fitting.first().copied().unwrap_or_default()),
        ),
    }
}
