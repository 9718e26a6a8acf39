//! Finding the configuration item that an alert is about: by the field that holds the ARM id, then by FQDN and name. Names
//! are not unique in a CMDB, so every step is accounted for and nothing is guessed without being told to.

use std::collections::BTreeMap;

use super::Connection;
use super::client::{Client, Row, Write, fits_query};
use crate::provider::{ConfigurationItemFound, ConfigurationItemQuery, ProviderError};
use crate::settings::Ambiguous;
use crate::work_item::ConfigurationItem;

const FIELDS: &str = "sys_id,name,fqdn,sys_class_name,install_status,operational_status,sys_updated_on";
/// Value of `install_status` that means "retired".
const RETIRED: &str = "7";

/// One step of the look-up.
struct Step {
    /// For people: `name = web01`.
    says: String,
    query: String,
    /// Columns of which one must hold `wanted`, whatever its case.
    columns: Vec<String>,
    wanted: String,
}

/// All steps for `query`, best first.
fn steps(query: &ConfigurationItemQuery, id_field: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut add = |columns: &[&str], wanted: &str| {
        let terms: Vec<_> = columns.iter().map(|column| format!("{column}={wanted}")).collect();
        let step = Step {
            says: format!("{} = {wanted}", columns.join(" or ")),
            query: terms.join("^OR"),
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            wanted: wanted.to_owned(),
        };
        if fits_query(wanted) && !steps.iter().any(|known| known.query == step.query) {
            steps.push(step);
        }
    };
    if let Some(id) = query.resource_id.as_deref().filter(|_| !id_field.is_empty()) {
        add(&[id_field], id);
    }
    for name in query.names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        match name.split_once('.') {
            // An IP address has dots but no short name.
            Some((short, _)) if name.parse::<std::net::IpAddr>().is_err() => {
                add(&["name", "fqdn"], name);
                add(&["name"], short);
            }
            _ => add(&["name"], name),
        }
    }
    steps
}

/// Computers and servers before anything else that happens to have the same name.
fn rank(row: &Row) -> u8 {
    let class = row.value("sys_class_name");
    u8::from(!(class.contains("computer") || class.contains("server") || class.contains("vm_instance")))
}

/// Those that fit best, the one updated last first.
fn best(rows: Vec<Row>, step: &Step) -> (usize, Vec<Row>) {
    let holds = |row: &Row| step.columns.iter().any(|column| row.value(column).eq_ignore_ascii_case(&step.wanted));
    let mut rows: Vec<Row> = rows.into_iter().filter(|row| holds(row) && !row.value("sys_id").is_empty()).collect();
    let all = rows.len();
    rows.retain(|row| row.value("install_status") != RETIRED);
    if let Some(first) = rows.iter().map(rank).min() {
        rows.retain(|row| rank(row) == first);
    }
    rows.sort_by(|one, other| other.value("sys_updated_on").cmp(one.value("sys_updated_on")));
    (all, rows)
}

fn item(row: &Row) -> ConfigurationItem {
    ConfigurationItem {
        id: row.value("sys_id").to_owned(),
        name: row.value("name").to_owned(),
        class: row.value("sys_class_name").to_owned(),
    }
}

/// Looks, step by step; creates one at the end when the settings say so.
pub(super) async fn find(
    client: &Client,
    connection: &Connection,
    query: &ConfigurationItemQuery,
) -> Result<ConfigurationItemFound, ProviderError> {
    let mut found = ConfigurationItemFound::default();
    let id_field = connection.own.servicenow.ci_resource_id_field.trim();
    let fields = if id_field.is_empty() { FIELDS.to_owned() } else { format!("{FIELDS},{id_field}") };
    let mut several = false;
    for name in query.names.iter().filter(|name| !name.trim().is_empty() && !fits_query(name.trim())) {
        found.account.push(format!("\"{name}\" holds a character that no query may hold, and was not looked for"));
    }
    for step in steps(query, id_field) {
        let (all, rows) = match client.rows("cmdb_ci", &format!("{}^ORDERBYDESCsys_updated_on", step.query), &fields, 20).await {
            Ok(rows) => best(rows, &step),
            Err(ProviderError::Refused { cause, remedy }) => {
                found.account.push(format!("cmdb_ci {}: {cause}; {remedy}", step.says));
                continue;
            }
            Err(other) => return Err(other),
        };
        let counted = if all == 1 { "1 record".to_owned() } else { format!("{all} records") };
        let ends = match rows.as_slice() {
            [] if all > 0 => ", all retired".to_owned(),
            [] => String::new(),
            [one] => {
                found.item = Some(item(one));
                format!(", linked {} ({})", one.value("name"), one.value("sys_class_name"))
            }
            [first, ..] if connection.configuration_item.ambiguous == Ambiguous::First => {
                found.item = Some(item(first));
                format!(", {} fit equally, linked the one updated last", rows.len())
            }
            _ => {
                several = true;
                format!(", {} fit equally, linked none (configuration_item.ambiguous = \"none\")", rows.len())
            }
        };
        found.account.push(format!("cmdb_ci {}: {counted}{ends}", step.says));
        if found.item.is_some() {
            return Ok(found);
        }
    }
    // Several are enough of them.
    if connection.configuration_item.create && !several {
        create(client, connection, query, &mut found).await?;
    }
    Ok(found)
}

async fn create(
    client: &Client,
    connection: &Connection,
    query: &ConfigurationItemQuery,
    found: &mut ConfigurationItemFound,
) -> Result<(), ProviderError> {
    let Some(name) = query.names.iter().map(|name| name.trim()).find(|name| !name.is_empty()) else {
        return Ok(());
    };
    let settings = &connection.own.servicenow;
    let is_address = name.parse::<std::net::IpAddr>().is_ok();
    let short = name.split('.').next().filter(|short| !is_address && !short.is_empty()).unwrap_or(name);
    let mut values = BTreeMap::from([("name".to_owned(), short.to_owned())]);
    if short != name {
        values.insert("fqdn".to_owned(), name.to_owned());
    }
    if let Some(id) = query.resource_id.as_deref().filter(|_| !settings.ci_resource_id_field.is_empty()) {
        values.insert(settings.ci_resource_id_field.clone(), id.to_owned());
    }
    let write = Write {
        table: &settings.ci_class,
        sys_id: None,
        values: &values,
        fields: FIELDS,
        input_display_value: false,
        what: "creating a configuration item",
    };
    match client.write(&write).await {
        Ok(row) => {
            found.account.push(format!("{}: created {short}", settings.ci_class));
            found.item = Some(item(&row));
            found.created = true;
        }
        // The work item matters more than its configuration item.
        Err(ProviderError::Refused { cause, remedy }) => {
            found.account.push(format!("{}: {short} could not be created: {cause}; {remedy}", settings.ci_class));
        }
        Err(other) => return Err(other),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(names: &[&str], id: Option<&str>) -> Vec<String> {
        let query = ConfigurationItemQuery {
            resource_id: id.map(str::to_owned),
            names: names.iter().map(|&name| name.to_owned()).collect(),
        };
        steps(&query, "correlation_id").into_iter().map(|step| step.says).collect()
    }

    #[test]
    fn the_resource_id_comes_first_then_each_fqdn_and_its_short_name_once() {
        assert_eq!(
            says(&["web01.contoso.com", "web01"], Some("/subscriptions/1/vm")),
            ["correlation_id = /subscriptions/1/vm", "name or fqdn = web01.contoso.com", "name = web01"]
        );
    }

    #[test]
    fn an_address_has_no_short_name_and_an_impossible_name_is_not_asked_for() {
        assert_eq!(says(&["10.0.0.4", "bad^name"], None), ["name = 10.0.0.4"]);
    }

    fn row(name: &str, class: &str, status: &str, updated: &str) -> Row {
        Row::from_json(&serde_json::json!({"sys_id": updated, "name": name, "sys_class_name": class,
            "install_status": status, "sys_updated_on": updated}))
    }

    #[test]
    fn records_that_do_not_carry_the_name_and_retired_ones_do_not_count() {
        let step = steps(&ConfigurationItemQuery { resource_id: None, names: vec!["web01".to_owned()] }, "").remove(0);
        let rows = vec![
            row("db01", "cmdb_ci_computer", "1", "2026-01-01"),
            row("WEB01", "cmdb_ci_computer", "7", "2026-01-02"),
            row("web01", "cmdb_ci_appl", "1", "2026-01-04"),
            row("Web01", "cmdb_ci_linux_server", "1", "2026-01-03"),
        ];
        let (all, best) = best(rows, &step);
        assert_eq!(all, 3);
        assert_eq!(best.iter().map(|row| row.value("sys_class_name")).collect::<Vec<_>>(), ["cmdb_ci_linux_server"]);
    }
}
