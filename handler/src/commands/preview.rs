//! `preview`: the work items that an alert would make, field by field, as the provider would send them.

use connector::alert::Alert;
use connector::delivery::gate::Gate;
use connector::delivery::line::Line;
use connector::delivery::preview::Previewed;
use connector::provider::{self, Surroundings};
use connector::work_item::WorkItemType;
use connector::work_item::render::Renderer;

use crate::cli::Preview;
use crate::commands;
use crate::ending::{Ending, Failure};
use crate::output::Output;

/// Prints what the alert would make.
pub async fn run(args: &Preview, outside: &Surroundings, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let settings = commands::load(&args.config.config, &*outside.clock).await?;
    let connection = commands::connection(&settings, &args.connection)?;
    let kind = WorkItemType::from(args.kind);
    let renderer = Renderer::compile(&args.connection, connection)
        .map_err(|problems| commands::wrong_settings(&args.config.config, &problems))?;
    let provider = provider::build(&args.connection, connection, outside).map_err(|error| Failure::Wrong(error.to_string()))?;
    let alert = Alert::from_json(&commands::read(&args.alert)?, outside.clock.now())
        .map_err(|error| Failure::Wrong(format!("{}: {error}", args.alert.display())))?;
    let (name, settings) = (args.connection.clone(), connection.clone());
    let line = Line { name, settings, provider, renderer, gate: Gate::default() };
    let Some(previewed) = line.preview(kind, &alert, &args.choices.choices()?) else {
        return Err(Failure::Wrong(format!("connection \"{}\" cannot make a work item of type {kind}", args.connection)));
    };
    if args.json {
        output.json(&previewed)?;
    } else {
        print(&previewed, output)?;
    }
    Ok(Ending::Good)
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
