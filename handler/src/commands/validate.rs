//! `validate`: everything that is wrong with the settings, at once. Nothing is looked up but the settings themselves, where they are
//! at an address. For a function app, what the platform must be told is checked, too.

mod azure;
mod named;
mod values;

use connector::provider::Surroundings;
use connector::secret::{Place, Secrets, Variables, VaultUnread};
use connector::settings::Settings;
use connector::settings::problem::Problem;
use serde::Serialize;

use super::load::matters_hosted;
use crate::cli::Validate;
use crate::ending::{Ending, Failure};
use crate::output::Output;
use azure::Azure;
use values::Values;

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    good: bool,
    connections: usize,
    routes: usize,
    problems: &'a [Problem],
    warnings: &'a [Problem],
}

/// Reads and validates; prints the problems, or that there is none. Warnings are printed and are no failure. `variables` is the
/// environment.
pub async fn run(
    args: &Validate,
    outside: &Surroundings,
    variables: &Variables,
    output: &mut Output<'_>,
) -> Result<Ending, Failure> {
    let values = match &args.settings {
        Some(file) => Some(Values::read(file)?),
        None if args.azure || hosted(variables) => Some(Values::environment(variables)),
        None => None,
    };
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    let document = match args.config.config.read(variables, &*outside.clock).await {
        Ok(document) => Some(document),
        Err(found) => {
            problems = found;
            None
        }
    };
    let settings = document.as_ref().and_then(|document| document.settings().map_err(|found| problems = found).ok());
    if let (Some(document), Some(settings)) = (&document, &settings) {
        let secrets: &dyn Secrets = match &values {
            Some(values) if args.settings.is_some() => values.secrets(),
            _ => &*outside.secrets,
        };
        let mut found = settings.validate(&VaultUnread(secrets));
        if let Some(values) = &values {
            found.retain(matters_hosted);
            found.extend(azure::in_settings(settings, values));
            warnings.extend(azure::warnings_in_settings(settings, values));
        }
        document.locate(&mut found);
        document.locate(&mut warnings);
        problems.extend(found);
    }
    if let Some(values) = &values {
        let Azure { problems: more, warnings: also } = Azure::check(values, settings.as_ref());
        problems.extend(more);
        warnings.extend(also);
    }

    let good = settings.is_some() && problems.is_empty();
    let (connections, routes) = settings.as_ref().map_or((0, 0), |settings| (settings.connections.len(), settings.route.len()));
    if args.json {
        output.json(&Report { good, connections, routes, problems: &problems, warnings: &warnings })?;
        return Ok(if good { Ending::Good } else { Ending::Wrong });
    }
    for problem in &problems {
        output.line(&problem.to_string())?;
    }
    for warning in &warnings {
        output.line(&format!("warning: {warning}"))?;
    }
    if !good {
        return Ok(Ending::Wrong);
    }
    let (connections, routes) = (count(connections, "connection"), count(routes, "route"));
    output.line(&format!("{} is good: {connections}, {routes}", args.config.config))?;
    if let Some(values) = &values {
        output.line(&format!("the app settings in {} are good", values.name()))?;
    }
    let unread = settings.as_ref().map_or(0, unread);
    if unread > 0 {
        let unread = count(unread, "secret");
        output.line(&format!("not looked up: {unread} in Key Vault; `itsm-connector check` reads what is there"))?;
    }
    Ok(Ending::Good)
}

/// Whether this process was started by the Functions host, or with its settings.
fn hosted(variables: &Variables) -> bool {
    variables.value("FUNCTIONS_CUSTOMHANDLER_PORT").is_some()
        || variables.value("FUNCTIONS_WORKER_RUNTIME").is_some_and(|runtime| runtime.eq_ignore_ascii_case("custom"))
}

fn unread(settings: &Settings) -> usize {
    settings.secrets().iter().filter(|secret| matches!(secret.place(), Some(Place::KeyVault(_)))).count()
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
