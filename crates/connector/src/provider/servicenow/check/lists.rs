//! Whether what the settings name exists in the instance: templates, choices, the staging table, the CMDB's fields.

use super::super::client::fits_query;
use super::super::config::WriteMode;
use super::super::{ServiceNow, choices, mapping};
use super::failed;
use crate::probe::Report;
use crate::provider::ProviderError;
use crate::work_item::WorkItemType;

/// The template named in the mapping of `kind`.
pub(super) async fn template(provider: &ServiceNow, kind: WorkItemType, report: &mut Report) {
    let Some(wanted) = provider.connection.mapping(kind).template.as_deref().filter(|name| fits_query(name)) else {
        return;
    };
    let (step, table) = (format!("template \"{wanted}\""), mapping::table(kind));
    let rows = match provider.client.rows("sys_template", &format!("name={wanted}"), "name,table,active,template", 20).await {
        Ok(rows) => rows,
        Err(error) => return failed(report, &step, "templates cannot be read", &error),
    };
    let named: Vec<_> = rows.iter().filter(|row| row.value("name").eq_ignore_ascii_case(wanted)).collect();
    let cause = if named.is_empty() {
        "no template of this name is visible (missing, or the role template_editor is)".to_owned()
    } else if let Some(row) = named.iter().find(|row| row.value("table") == table) {
        if row.value("active") != "false" {
            let parsed = super::super::template::parse(wanted, row.value("template"));
            if parsed.remarks.is_empty() {
                return report.passed(step, format!("{} constants", parsed.fields.len()));
            }
            let remedy = "give these fields as constants in the template or in the mapping";
            return report.warning(step, format!("{} constants", parsed.fields.len()), parsed.remarks.join("; "), remedy);
        }
        "the template is not active".to_owned()
    } else {
        let tables: Vec<_> = named.iter().map(|row| row.value("table")).collect();
        format!("the template is for {}, not for {table}", tables.join(", "))
    };
    report.failed(
        step,
        "work items are made without it",
        cause,
        "check the name in the connection's mapping, and the template in the instance",
    );
}

/// The close code that a resolution will get.
pub(super) async fn close_code(provider: &ServiceNow, report: &mut Report) {
    let wanted = provider.connection.policy.close_code.as_deref();
    match choices::look_up(&provider.client, "close_code").await {
        Ok(list) if list.is_empty() => report.warning(
            "choices close_code",
            "the instance's close codes are not visible",
            "sys_choice gave no close code: the role personalize_choices is missing, or incidents have their own list",
            "give the role personalize_choices, or set policy.close_code",
        ),
        Ok(list) => {
            let (code, remark) = choices::close_code(wanted, Some(&list));
            match remark {
                Some(remark) => report.warning(
                    "choices close_code",
                    format!("incidents are resolved with \"{code}\""),
                    remark,
                    "set policy.close_code to one of the instance's own",
                ),
                None => report.passed("choices close_code", format!("incidents are resolved with \"{code}\"")),
            }
        }
        Err(error) => failed(report, "choices close_code", "the instance's choice lists cannot be read", &error),
    }
}

/// Constants of the mapping that must be one of a choice list.
pub(super) async fn constants(provider: &ServiceNow, report: &mut Report) {
    let mapping = &provider.connection.incident.fields;
    for (field, value) in mapping.iter().filter(|(_, value)| !value.is_empty() && !value.contains(['{', '}'])) {
        // Lists that cannot be read were said to be so by the close code's probe.
        let Ok(list) = choices::look_up(&provider.client, field).await else { continue };
        if list.is_empty() {
            continue;
        }
        let by_label = provider.connection.own.servicenow.input_display_value;
        let step = format!("choices {field}");
        if list.iter().any(|choice| choice.value == *value || (by_label && choice.label == *value)) {
            report.passed(step, format!("\"{value}\" is one of the list"));
            continue;
        }
        let known: Vec<_> = list.iter().take(20).map(|choice| format!("{} ({})", choice.value, choice.label)).collect();
        report.warning(
            step,
            format!("\"{value}\" is not one of the instance's values"),
            "ServiceNow drops values it does not know, or stores them unseen",
            format!("use one of: {}", known.join(", ")),
        );
    }
}

/// The staging table of import-set mode.
pub(super) async fn staging_table(provider: &ServiceNow, report: &mut Report) {
    let settings = &provider.connection.own.servicenow;
    if settings.write != WriteMode::ImportSet {
        return;
    }
    let table = &settings.import_set.table;
    let step = format!("staging table {table}");
    match provider.client.rows(table, "ORDERBYDESCsys_created_on", "sys_id", 1).await {
        Ok(_) => report.passed(step, "the staging table exists"),
        Err(ProviderError::Refused { cause, .. }) => report.failed(
            step,
            "the staging table cannot be used",
            cause,
            "install the app it belongs to, correct servicenow.import_set.table, give the role import_transformer; or set servicenow.write = \"table\"",
        ),
        Err(error) => failed(report, &step, "the staging table cannot be read", &error),
    }
}

/// The CMDB, when configuration items are linked.
pub(super) async fn configuration_items(provider: &ServiceNow, report: &mut Report) {
    let connection = &provider.connection;
    if !connection.configuration_item.link {
        return report.skipped("configuration items", "configuration_item.link = false");
    }
    let field = connection.own.servicenow.ci_resource_id_field.trim();
    let columns = format!("sys_id,name,fqdn,sys_class_name,{field}");
    let row = match provider.client.rows("cmdb_ci", "ORDERBYDESCsys_updated_on", &columns, 1).await {
        Ok(rows) => rows.into_iter().next(),
        Err(error) => return failed(report, "configuration items", "cmdb_ci cannot be read", &error),
    };
    let Some(row) = row else {
        return report.warning(
            "configuration items",
            "no configuration item is visible",
            "the CMDB is empty, or read rights hide it",
            "give the integration user the right to read cmdb_ci (role itil), or set configuration_item.link = false",
        );
    };
    if field.is_empty() || row.has(field) {
        report.passed("configuration items", "cmdb_ci can be read");
    } else {
        report.warning(
            "configuration items",
            format!("cmdb_ci has no field {field}, or it is hidden"),
            "configuration items are then found by name only",
            "set servicenow.ci_resource_id_field to the field that holds the ARM id, or to \"\"",
        );
    }
    if connection.configuration_item.create {
        let class = &connection.own.servicenow.ci_class;
        let step = format!("table {class} read");
        match provider.client.rows(class, "ORDERBYDESCsys_created_on", "sys_id", 1).await {
            Ok(_) => report.passed(step, format!("{class} exists; the right to create in it is not tried")),
            Err(error) => failed(report, &step, "missing configuration items cannot be created", &error),
        }
    }
}
