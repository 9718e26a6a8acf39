//! The same stories for every provider and adapter, end to end: the connector on one machine, real HTTP to a stateful stand-in
//! for the tool. A run of all of them also makes the table of docs/COMPARE.md, and fails when that is stale.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "stories fail by panicking, like all tests"
)]

mod stage;
mod stories;
mod subject;
mod subjects;
mod table;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use crate::table::Table;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let table = Arc::new(Table::default());
    let mut trials = Vec::new();
    for subject in subjects::ALL {
        for story in stories::ALL {
            if subject.without(story.name).is_some() {
                continue;
            }
            let (name, table) = (format!("{}::{}", subject.key, story.name), Arc::clone(&table));
            trials.push(Trial::test(name, move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on((story.tell)(subject));
                table.passed(subject.key, story.name);
                Ok(())
            }));
        }
    }
    let told = libtest_mimic::run(&arguments, trials);
    let all = !arguments.list && told.num_filtered_out == 0 && told.num_ignored == 0;
    if all
        && !told.has_failed()
        && let Err(stale) = table.compare()
    {
        eprintln!("{stale}");
        return ExitCode::FAILURE;
    }
    told.exit_code()
}
