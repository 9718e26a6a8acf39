//! See `tests::crash`. A longer one: `cargo run --release -p tests --bin torment -- --alerts 20000 --keys 5000 --kills 200`.

use tests::crash::{Story, run};

#[tokio::test(flavor = "multi_thread")]
async fn every_accepted_alert_is_reflected_exactly_once_though_the_process_is_killed_twenty_times() -> anyhow::Result<()> {
    // Another seed: CRASH_SEED=123 cargo test -p tests --test crash
    let seed = std::env::var("CRASH_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("seed {seed}");
    let outcome = run(Story { seed, alerts: 2000, keys: 500, kills: 20 }, env!("CARGO_BIN_EXE_connector")).await?;
    println!("{outcome:?}");
    assert_eq!(outcome.work_items, 500);
    Ok(())
}
