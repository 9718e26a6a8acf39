//! `discover`: looks into an ITSM tool whose tables and columns differ from customer to customer, and proposes settings for a person
//! to confirm. Nothing is written but the file that is asked for.

use std::io::Write;
use std::time::Duration;

use anyhow::Context;
use connector::provider::product::Proposal;
use connector::provider::{ProviderError, Surroundings};
use indicatif::ProgressBar;

use crate::cli::Discover;
use crate::commands;
use crate::ending::{Ending, Failure};
use crate::output::Output;

/// Proposes settings for one connection; fails when the tool cannot be read.
pub async fn run(args: &Discover, outside: &Surroundings, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let loaded = commands::load_valid(&args.config.config, &outside.secrets, &outside.clock).await?;
    let (settings, secrets, _kept) = loaded.keep();
    let outside = &Surroundings { secrets, ..outside.clone() };
    let name = args.connection.as_str();
    let connection = commands::connection(&settings, name)?;
    let wrong = |problem: String| Failure::Wrong(format!("connection \"{name}\": {problem}"));
    let explorer = connection.product.explorer(name, connection, outside).map_err(wrong)?;
    let Some(explorer) = explorer else {
        let title = connection.product.words().title;
        return Err(Failure::Wrong(format!(
            "connection \"{name}\" is to {title}, whose tables and fields are the same everywhere: there is nothing to discover"
        )));
    };
    // Draws on standard error, and only when that is a terminal.
    let progress = ProgressBar::new_spinner().with_message(format!("looking into {name}"));
    progress.enable_steady_tick(Duration::from_millis(100));
    let proposed = explorer.propose().await;
    progress.finish_and_clear();
    let proposal = match proposed {
        Ok(proposal) => proposal,
        Err(error) => return failed(name, &error, args.json, output),
    };
    if let Some(file) = &args.output {
        let mut new = std::fs::OpenOptions::new().write(true).create_new(true).open(file).map_err(|error| {
            Failure::Wrong(format!("{} cannot be made: {error}; name a file that does not exist", file.display()))
        })?;
        new.write_all(proposal.toml.as_bytes()).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    print(args, &proposal, output)?;
    Ok(Ending::Good)
}

fn print(args: &Discover, proposal: &Proposal, output: &mut Output<'_>) -> Result<(), Failure> {
    if args.json {
        output.json(proposal)?;
        return Ok(());
    }
    let Some(file) = &args.output else {
        // The doubts stand in it as comments.
        output.line(proposal.toml.trim_end())?;
        return Ok(());
    };
    output.line(&format!("{}: {}", args.connection, proposal.finding))?;
    output.line(&format!("written to {}; compare it with the tool before you use it", file.display()))?;
    if !proposal.doubts.is_empty() {
        output.table(["look at"], proposal.doubts.iter().map(|doubt| [doubt.clone()]))?;
    }
    Ok(())
}

fn failed(name: &str, error: &ProviderError, json: bool, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let remedy = match error {
        ProviderError::Wait { remedy, .. } | ProviderError::Refused { remedy, .. } => remedy.as_str(),
        ProviderError::Retry { .. } | ProviderError::Ambiguous { .. } => "try again",
    };
    if json {
        output.json(&serde_json::json!({ "connection": name, "cause": error.to_string(), "remedy": remedy }))?;
    } else {
        output.line(&format!("{name}: FAILED: {error}"))?;
        if !remedy.is_empty() {
            output.line(&format!("what to do: {remedy}"))?;
        }
    }
    Ok(Ending::Failed)
}
