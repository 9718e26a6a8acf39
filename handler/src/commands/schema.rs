//! `schema`: the JSON Schema of what people write by hand.

use connector::settings;
use connector::work_item::request::WorkItemRequest;

use crate::cli::Schema;
use crate::cli::values::SchemaOf;
use crate::ending::{Ending, Failure};
use crate::output::Output;

/// Prints the schema.
pub fn run(args: &Schema, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let schema = match args.of {
        SchemaOf::Settings => settings::schema(),
        SchemaOf::WorkItem => schemars::schema_for!(WorkItemRequest),
    };
    output.json(&schema)?;
    Ok(Ending::Good)
}
