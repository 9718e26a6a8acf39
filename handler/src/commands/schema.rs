//! `schema`: the JSON Schema of what people write by hand, and what a Log Analytics workspace has to be told of our rows.

use anyhow::Context;
use connector::rows::definitions::{details, streams, tables};
use connector::settings;
use connector::work_item::request::WorkItemRequest;
use serde_json::Value;

use crate::cli::Schema;
use crate::cli::values::SchemaOf;
use crate::ending::{Ending, Failure};
use crate::output::Output;

/// Prints it.
pub fn run(args: &Schema, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let schema = match args.of {
        SchemaOf::Settings => settings::schema(),
        SchemaOf::WorkItem => schemars::schema_for!(WorkItemRequest),
        SchemaOf::Tables => {
            let tables: Result<Vec<Value>, _> = tables().iter().map(|table| serde_json::from_str(&table.text)).collect();
            output.json(&tables.context("the tables are JSON")?)?;
            return Ok(Ending::Good);
        }
        SchemaOf::Streams => {
            output.line(streams().text.trim_end())?;
            return Ok(Ending::Good);
        }
        SchemaOf::Details => {
            output.line(details().text.trim_end())?;
            return Ok(Ending::Good);
        }
    };
    output.json(&schema)?;
    Ok(Ending::Good)
}
