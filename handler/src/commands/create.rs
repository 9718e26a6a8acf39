//! `create`: has a running connector create a work item by hand, from a log record.

use connector::secret::Secrets;
use connector::work_item::WorkItemType;
use connector::work_item::request::WorkItemRequest;
use serde_json::Value;

use super::intake::{self, Intake};
use crate::cli::{Create, values};
use crate::commands;
use crate::ending::{Ending, Failure};
use crate::output::Output;

/// Posts the request and prints the delivery's id.
pub async fn run(args: &Create, secrets: &dyn Secrets, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let body = serde_json::to_vec(&request(args)?).map_err(|error| Failure::Failed(error.into()))?;
    if let Some(key) = &args.idempotency_key
        && !((1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()))
    {
        return Err(Failure::Wrong("--idempotency-key is 1 to 255 visible ASCII characters; a UUID is best".to_owned()));
    }
    let connector = Intake::new(&args.connector, secrets)?;
    let kind = args.to.kind.as_deref().unwrap_or(WorkItemType::Incident.name());
    let segments = ["api", "work-items", &args.to.name, kind];
    let answer = connector.post(&segments, &[], args.idempotency_key.as_deref(), body).await?;
    intake::print(&answer, args.connector.json, output)
}

fn request(args: &Create) -> Result<WorkItemRequest, Failure> {
    let rows = match &args.rows {
        None => Value::Null,
        Some(file) => serde_json::from_slice(&commands::read(file)?)
            .map_err(|error| Failure::Wrong(format!("{} is not JSON: {error}", file.display())))?,
    };
    Ok(WorkItemRequest {
        title: args.title.clone(),
        description: args.description.clone(),
        computer: args.computer.clone(),
        severity: args.severity.map(Into::into),
        fields: values::fields(&args.fields)?,
        template: args.template.clone(),
        rows,
        one_per_row: args.one_per_row,
        correlation_key: args.correlation_key.clone(),
    })
}
