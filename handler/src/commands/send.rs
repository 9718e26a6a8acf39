//! `send`: posts an alert to a running connector, as an action group would.

use connector::secret::Secrets;

use super::intake::{self, Answer, Intake};
use crate::cli::values::{self, PerValue};
use crate::cli::{ChoiceArguments, Send};
use crate::commands;
use crate::ending::{Ending, Failure};
use crate::output::Output;

/// Posts the alert and prints the delivery's id.
pub async fn run(args: &Send, secrets: &dyn Secrets, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let query = query(&args.choices)?;
    let body = commands::read(&args.alert)?;
    let connector = Intake::new(&args.connector, secrets)?;
    let name = args.to.name.as_str();
    let answer = if let Some(kind) = &args.to.kind {
        connector.post(&["api", "alerts", name, kind], &query, None, body).await?
    } else {
        match connector.post(&["api", "alerts", name], &query, None, body.clone()).await? {
            // There is no such route, so nothing was taken; it may be a connection, which wants a work item type.
            Answer::Refused(refusal) if refusal.not_found() => {
                match connector.post(&["api", "alerts", name, "incident"], &query, None, body).await? {
                    Answer::Refused(second) if second.not_found() => Answer::Refused(refusal),
                    answer => answer,
                }
            }
            answer => answer,
        }
    };
    intake::print(&answer, args.connector.json, output)
}

/// The choices as an action group's URL has them; what is not chosen is left to the route.
fn query(choices: &ChoiceArguments) -> Result<Vec<(String, String)>, Failure> {
    let per = choices.per.map(|per: PerValue| ("per".to_owned(), per.name().to_owned()));
    let template = choices.template.as_ref().map(|name| ("template".to_owned(), name.clone()));
    let fields = values::fields(&choices.fields)?;
    let fields = fields.into_iter().map(|(name, value)| (format!("field.{name}"), value));
    Ok(per.into_iter().chain(template).chain(fields).collect())
}
