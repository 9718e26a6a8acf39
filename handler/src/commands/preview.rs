//! `preview`: the work items that an alert would make, field by field, as the provider would send them. Pure: nothing is
//! looked up, so neither a template kept in the ITSM tool nor a configuration item shows in the fields.

use std::collections::BTreeMap;

use connector::alert::{Alert, AlertState, Part};
use connector::provider::{self, Lifecycle, Provider, Surroundings};
use connector::route::Choices;
use connector::settings::{Connection, OnResolve};
use connector::work_item::render::{PartView, Renderer};
use connector::work_item::{WorkItemKey, WorkItemType};
use serde::Serialize;

use crate::cli::Preview;
use crate::commands;
use crate::ending::{Ending, Failure};
use crate::output::Output;

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Previewed {
    connection: String,
    work_item_type: WorkItemType,
    state: AlertState,
    /// Notes with which existing work items would be resolved; nothing when none would be.
    close_notes: Option<String>,
    work_items: Vec<Item>,
    remarks: Vec<String>,
}

#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "configuration_item is a word of the domain")]
struct Item {
    /// The key of the first work item for this part.
    key: String,
    label: String,
    template: Option<String>,
    /// The name that is looked up.
    configuration_item: Option<String>,
    fields: BTreeMap<String, String>,
    remarks: Vec<String>,
}

/// Prints what the alert would make.
pub async fn run(args: &Preview, outside: &Surroundings, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let settings = commands::load(&args.config.config, &*outside.clock).await?;
    let connection = commands::connection(&settings, &args.connection)?;
    let kind = WorkItemType::from(args.kind);
    let renderer = Renderer::compile(&args.connection, connection)
        .map_err(|problems| commands::wrong_settings(&args.config.config, &problems))?;
    let provider = provider::build(&args.connection, connection, outside).map_err(|error| Failure::Wrong(error.to_string()))?;
    let Some(lifecycle) = provider.lifecycle(kind) else {
        return Err(Failure::Wrong(format!("connection \"{}\" cannot make a work item of type {kind}", args.connection)));
    };
    let alert = Alert::from_json(&commands::read(&args.alert)?, outside.clock.now())
        .map_err(|error| Failure::Wrong(format!("{}: {error}", args.alert.display())))?;

    let choices = args.choices.choices()?;
    let (work_items, mut remarks) = items(connection, kind, &alert, &choices, &renderer, &*provider);
    let mut close_notes = None;
    if alert.state == AlertState::Resolved && lifecycle == Lifecycle::Tracked {
        match connection.policy.on_resolve {
            OnResolve::Resolve => {
                let (notes, more) = renderer.close_notes(&alert);
                close_notes = Some(notes);
                remarks.extend(more);
            }
            OnResolve::Note => remarks.push("resolved: a work item that exists gets a work note (policy.on_resolve)".to_owned()),
            OnResolve::Ignore => remarks.push("resolved: a work item that exists stays as it is (policy.on_resolve)".to_owned()),
        }
    }
    let (name, state) = (args.connection.clone(), alert.state);
    let previewed = Previewed { connection: name, work_item_type: kind, state, close_notes, work_items, remarks };
    if args.json {
        output.json(&previewed)?;
    } else {
        print(&previewed, output)?;
    }
    Ok(Ending::Good)
}

fn items(
    connection: &Connection,
    kind: WorkItemType,
    alert: &Alert,
    choices: &Choices,
    renderer: &Renderer,
    provider: &dyn Provider,
) -> (Vec<Item>, Vec<String>) {
    let mut remarks = Vec::new();
    let parts = alert.parts(choices.per);
    let most = connection.policy.max_work_items;
    if parts.len() > most {
        remarks.push(format!("the alert has {} parts; policy.max_work_items lets it make {most}", parts.len()));
    }
    let item = |part: &Part| {
        let view =
            PartView { label: &part.label, configuration_item: part.configuration_item.as_deref(), row: part.row.as_ref() };
        let key = WorkItemKey { correlation: part.correlation_key.clone(), generation: 1 };
        let (draft, remarks) = renderer.draft(kind, alert, view, choices, key, None, None);
        Item {
            key: draft.key.to_string(),
            label: part.label.clone(),
            configuration_item: part.configuration_item.clone().filter(|_| connection.configuration_item.link),
            fields: provider.fields(&draft),
            template: draft.template,
            remarks,
        }
    };
    (parts.iter().take(most).map(item).collect(), remarks)
}

fn print(previewed: &Previewed, output: &mut Output<'_>) -> Result<(), Failure> {
    if let Some(notes) = &previewed.close_notes {
        output.line(&format!("the alert is resolved: a work item that exists is resolved with the close notes \"{notes}\""))?;
    }
    let count = previewed.work_items.len();
    for (index, item) in previewed.work_items.iter().enumerate() {
        let label = if item.label.is_empty() { String::new() } else { format!(", {}", item.label) };
        let number = index.saturating_add(1);
        output.line(&format!("{} {number} of {count}{label} ({})", previewed.work_item_type, item.key))?;
        if let Some(template) = &item.template {
            output.line(&format!("filled from the template \"{template}\" of the ITSM tool first"))?;
        }
        if let Some(name) = &item.configuration_item {
            output.line(&format!("configuration item looked up: {name}"))?;
        }
        output.table(["field", "value"], item.fields.iter().map(|(field, value)| [field.clone(), value.clone()]))?;
        for remark in &item.remarks {
            output.line(&format!("remark: {remark}"))?;
        }
    }
    for remark in &previewed.remarks {
        output.line(&format!("remark: {remark}"))?;
    }
    Ok(())
}
