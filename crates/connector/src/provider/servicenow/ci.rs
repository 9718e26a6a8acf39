//! Finding the configuration item that an alert is about: by the field that holds the ARM id, then by FQDN and name. Names
//! are not unique in a CMDB, so every step is accounted for and nothing is guessed without being told to.

use super::Connection;
use super::client::{Client, Row, Write, fits_query};
use crate::provider::configuration_items::{self, By, Search};
use crate::provider::fields::filled;
use crate::provider::{ConfigurationItemFound, ConfigurationItemQuery, ProviderError};
use crate::work_item::ConfigurationItem;

const FIELDS: &str = "sys_id,name,fqdn,sys_class_name,install_status,operational_status,sys_updated_on";
/// Value of `install_status` that means "retired".
const RETIRED: &str = "7";

/// One step of the look-up.
struct Step<'a> {
    /// Columns of which one must hold `wanted`, whatever its case.
    columns: Vec<&'a str>,
    wanted: &'a str,
}

impl Step<'_> {
    /// For people: `name = web01`.
    fn says(&self) -> String {
        format!("{} = {}", self.columns.join(" or "), self.wanted)
    }

    fn query(&self) -> String {
        self.columns.iter().map(|column| format!("{column}={}", self.wanted)).collect::<Vec<_>>().join("^OR")
    }
}

/// All steps for `query`, best first.
fn steps<'a>(query: &'a ConfigurationItemQuery, id_field: &'a str) -> Vec<Step<'a>> {
    let step = |step: configuration_items::Step<'a>| Step {
        columns: match step.by {
            By::ResourceId => vec![id_field],
            By::NameOrFqdn => vec!["name", "fqdn"],
            By::Name => vec!["name"],
        },
        wanted: step.wanted,
    };
    configuration_items::steps(query, !id_field.is_empty(), fits_query).into_iter().map(step).collect()
}

/// Computers and servers before anything else that happens to have the same name.
fn rank(row: &Row) -> u8 {
    let class = row.value("sys_class_name");
    u8::from(!(class.contains("computer") || class.contains("server") || class.contains("vm_instance")))
}

/// Those that fit best, the one updated last first.
fn best(rows: Vec<Row>, step: &Step<'_>) -> (usize, Vec<Row>) {
    let holds = |row: &Row| step.columns.iter().any(|column| row.value(column).eq_ignore_ascii_case(step.wanted));
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
    let mut search = Search::new(&connection.configuration_item, query, fits_query);
    let id_field = connection.own.servicenow.ci_resource_id_field.trim();
    let fields = if id_field.is_empty() { FIELDS.to_owned() } else { format!("{FIELDS},{id_field}") };
    for step in steps(query, id_field) {
        let says = format!("cmdb_ci {}", step.says());
        match client.rows("cmdb_ci", &format!("{}^ORDERBYDESCsys_updated_on", step.query()), &fields, 20).await {
            Ok(rows) => {
                let (all, best) = best(rows, &step);
                if search.looked(&says, all, best.iter().map(item).collect()) {
                    return Ok(search.done());
                }
            }
            Err(error) => search.refused(&says, error)?,
        }
    }
    if search.creates() {
        create(client, connection, query, &mut search).await?;
    }
    Ok(search.done())
}

async fn create(
    client: &Client,
    connection: &Connection,
    query: &ConfigurationItemQuery,
    search: &mut Search<'_>,
) -> Result<(), ProviderError> {
    let Some((name, fqdn)) = configuration_items::new_name(query) else {
        return Ok(());
    };
    let settings = &connection.own.servicenow;
    let mut values = filled([("name", name.to_owned()), ("fqdn", fqdn.unwrap_or_default().to_owned())]);
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
    let written = client.write(&write).await.map(|row| item(&row));
    search.created(&settings.ci_class, name, written)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(names: &[&str], id: Option<&str>) -> Vec<String> {
        let query = ConfigurationItemQuery {
            resource_id: id.map(str::to_owned),
            names: names.iter().map(|&name| name.to_owned()).collect(),
        };
        steps(&query, "correlation_id").iter().map(Step::says).collect()
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
        let query = ConfigurationItemQuery { resource_id: None, names: vec!["web01".to_owned()] };
        let step = steps(&query, "").remove(0);
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
