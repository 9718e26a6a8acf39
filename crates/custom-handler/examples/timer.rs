//! A function that runs by the clock. `FUNCTIONS_CUSTOMHANDLER_PORT=7000 cargo run --example timer`, and then, as the host:
//!
//! ```sh
//! curl -s localhost:7000/sweep -H 'X-Azure-Functions-InvocationId: 1' -d '{"Data":{"timer":{"IsPastDue":true}},"Metadata":{}}'
//! ```

use std::error::Error;

use axum::Router;
use axum::routing::post;
use custom_handler::{Ended, Failure, Invocation, Options, Outcome, TimerTrigger, logging, run};

#[tokio::main]
async fn main() -> Result<Ended, Box<dyn Error>> {
    logging::start(&std::env::var("RUST_LOG").unwrap_or("info".into()))?;
    Ok(run(Router::new().route("/sweep", post(sweep)), Options::default()).await?)
}

async fn sweep(invocation: Invocation, timer: TimerTrigger) -> Result<Outcome, Failure> {
    if timer.past_due {
        tracing::warn!(last = ?timer.last, "nothing ran when it was due; catching up");
    }
    let swept = sweep_old_files()?;
    tracing::info!(swept, next = ?timer.next, host = ?invocation.host_version(), "swept");
    Ok(Outcome::new().log(format!("{swept} files swept")))
}

fn sweep_old_files() -> std::io::Result<usize> {
    Ok(std::fs::read_dir(std::env::temp_dir())?.flatten().filter(|file| file.file_name() == "old").count())
}
