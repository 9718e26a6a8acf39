//! The crash story for as long as you like: one seed after the other, until one fails or the number is reached.

use clap::Parser;
use tests::crash::{Story, run};

/// Posts alerts while the connector is killed with SIGKILL and the emulated ServiceNow misbehaves; checks that every accepted
/// alert is reflected exactly once.
#[derive(Debug, Parser)]
struct Arguments {
    /// First seed; each further story takes the next.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Stories.
    #[arg(long, default_value_t = 1)]
    stories: u64,
    /// Alerts in each.
    #[arg(long, default_value_t = 2000)]
    alerts: usize,
    /// Things that can be wrong in each.
    #[arg(long, default_value_t = 500)]
    keys: usize,
    /// SIGKILLs in each.
    #[arg(long, default_value_t = 20)]
    kills: usize,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let binary = std::env::current_exe()?.with_file_name("connector");
    anyhow::ensure!(binary.exists(), "{} is not built: cargo build --release -p tests", binary.display());
    for seed in arguments.seed..arguments.seed.saturating_add(arguments.stories) {
        let story = Story { seed, alerts: arguments.alerts, keys: arguments.keys, kills: arguments.kills };
        println!("{story:?}");
        println!("{:?}", run(story, &binary.to_string_lossy()).await?);
    }
    Ok(())
}
