//! `validate`: everything that is wrong with the settings, at once, without touching the network.

use connector::secret::Secrets;
use connector::settings::problem::Problem;
use connector::settings::{Settings, locate};
use serde::Serialize;

use crate::cli::Validate;
use crate::ending::{Ending, Failure};
use crate::output::Output;

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    good: bool,
    connections: usize,
    routes: usize,
    problems: &'a [Problem],
}

/// Reads and validates; prints the problems, or that there is none.
pub fn run(args: &Validate, secrets: &dyn Secrets, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let (settings, problems) = match Settings::load(&args.config.config) {
        Ok(settings) => {
            let mut problems = settings.validate(secrets);
            locate(&mut problems, &args.config.config);
            (Some(settings), problems)
        }
        Err(problems) => (None, problems),
    };
    let good = settings.is_some() && problems.is_empty();
    let (connections, routes) = settings.map_or((0, 0), |settings| (settings.connections.len(), settings.route.len()));
    if args.json {
        output.json(&Report { good, connections, routes, problems: &problems })?;
    } else if good {
        let file = args.config.config.display();
        let (connections, routes) = (count(connections, "connection"), count(routes, "route"));
        output.line(&format!("{file} is good: {connections}, {routes}"))?;
    } else {
        for problem in &problems {
            output.line(&problem.to_string())?;
        }
    }
    Ok(if good { Ending::Good } else { Ending::Wrong })
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
