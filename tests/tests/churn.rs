//! See `tests::churn`.

use tests::churn::{Story, run};

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_row_of_every_record_says_what_the_record_says_whatever_happens_meanwhile() -> anyhow::Result<()> {
    // Another seed: CHURN_SEED=123 cargo test -p tests --test churn
    let seed = std::env::var("CHURN_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("seed {seed}");
    let story = Story { seed, incidents: 50_000, changes: 5_000, operations: 10_000, kills: 4 };
    let outcome = run(story, env!("CARGO_BIN_EXE_connector")).await?;
    println!("{outcome:?}");
    assert!(outcome.deleted > 0 && outcome.rows > outcome.records, "{outcome:?}");
    Ok(())
}
