//! Any churn, any failure, any death, any budget: the same end.

use std::time::Duration;

use proptest::prelude::*;

use super::bench::{Bench, bench_of, minutes};
use crate::provider::{ProviderError, WaitReason};
use crate::sink::SinkError;
use crate::sync::Order;

fn failure(number: u32) -> ProviderError {
    let wait = |reason, after| ProviderError::Wait { reason, after, cause: "told".to_owned(), remedy: String::new() };
    match number {
        0 => ProviderError::Retry { after: None, cause: "half an answer".to_owned() },
        1 => wait(WaitReason::RateLimit, Some(Duration::from_secs(20))),
        2 => wait(WaitReason::RateLimit, Some(Duration::from_secs(1740))),
        3 => wait(WaitReason::Outage, None),
        4 => wait(WaitReason::Hibernating, None),
        5 => wait(WaitReason::Credentials, None),
        6 => ProviderError::Ambiguous { cause: "no answer".to_owned() },
        _ => ProviderError::Refused { cause: "no".to_owned(), remedy: "ask".to_owned() },
    }
}

fn sink_failure(number: u32) -> SinkError {
    let remedy = if number == 0 { "give the role" } else { "" };
    let retry_after = (number == 1).then(|| Duration::from_secs(7));
    SinkError { cause: "rows were not taken".to_owned(), remedy: remedy.to_owned(), retry_after, maybe_there: 0 }
}

/// One run with whatever may befall it.
async fn tormented(bench: &Bench, trouble: u32, full: bool) {
    let tool = &bench.tool;
    tool.inside().page = Some(tool.below(30) as usize + 1);
    for _ in 0..tool.below(3) {
        if tool.below(100) < trouble {
            let failure = failure(tool.below(8));
            tool.inside().failures.push_back(failure);
        }
        if tool.below(100) < trouble {
            let failure = (sink_failure(tool.below(3)), tool.below(2) == 0);
            bench.yard.state.lock().unwrap().sink_failures.push_back(failure);
        }
    }
    let soon = u64::from(tool.below(40)) + 1;
    let dies = tool.below(100) < trouble;
    if dies && tool.below(2) == 0 {
        let mut state = bench.yard.state.lock().unwrap();
        state.dies_at = Some(state.steps + soon);
    } else if dies {
        let mut inside = tool.inside();
        inside.dies_at = Some(inside.calls + soon);
    }
    // A tool that changes more with each page than the page holds is never read to its end: every run has a budget.
    let budget = Some(Duration::from_secs(if tool.below(2) == 0 { tool.below(20).into() } else { 240 }));
    let order = Order { budget, days: (tool.below(4) == 0).then_some(60), full: full && tool.below(8) == 0, stop: None };
    let other = Order { budget, ..Order::default() };
    let both = async {
        // Two at once: one of them finds the other at work.
        if tool.below(4) == 0 {
            tokio::join!(bench.run(&order), bench.run(&other));
        } else {
            bench.run(&order).await;
        }
    };
    tokio::select! {
        biased;
        () = tool.died.notified() => bench.clock.advance(minutes(5)),
        () = bench.yard.died.notified() => bench.clock.advance(minutes(5)),
        () = both => {}
    }
    bench.yard.state.lock().unwrap().dies_at = None;
    let mut inside = tool.inside();
    inside.dies_at = None;
    inside.failures.clear();
}

/// The whole story.
async fn story(seed: u64, records: u32, trouble: u32, churn: u32, skew: i64, runs: usize, full: bool) {
    let bench = bench_of(seed, |tool| {
        tool.skew = jiff::SignedDuration::from_secs(skew);
        tool.latest = Duration::from_secs(280);
    });
    bench.fill(records, 50);
    bench.tool.inside().churn = churn;
    for index in 0..records / 10 {
        bench.tool.inside().records.get_mut(&format!("r{index:05}")).unwrap().hidden = true;
    }
    for _ in 0..runs {
        Box::pin(tormented(&bench, trouble, full)).await;
        bench.clock.advance(bench.tool.chance.up_to(minutes(10)));
    }
    // People go home; what was on its way becomes visible; one run in peace, and one for what became visible meanwhile.
    bench.tool.inside().churn = 0;
    bench.yard.state.lock().unwrap().sink_failures.clear();
    bench.clock.advance(minutes(5));
    bench.tool.settle();
    let summary = bench.run(&Order { days: Some(60), ..Order::default() }).await;
    assert_eq!(summary.cause, "");
    assert!(!summary.more && summary.first_load.is_none());
    bench.assert_exact();
    // A full load writes what is there already; and behind a tool whose clock is slow, increments begin in the first load.
    if !full && skew >= 0 {
        bench.explained_duplicates();
    }
}

/// A slow clock, a run that waited for the tool in the middle of an increment, a late commit behind it.
#[tokio::test]
async fn a_late_commit_behind_a_slow_increment_of_a_tool_with_a_slow_clock_is_not_lost() {
    story(891_401_544_029_121_004, 164, 31, 76, -368, 12, true).await;
}

/// Found by the property below, and mended since.
#[tokio::test]
async fn a_tool_with_a_slow_clock_much_trouble_and_few_runs_lose_nothing() {
    story(2_377_457_753_348_615_794, 48, 51, 77, -440, 5, false).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: super::CASES, max_shrink_iters: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Records change, come and go before every page, some visible late, some hidden; the tool's clock is off; the tool, the
    /// sink and the store fail; the process dies at any step; runs have any budget, and come two at a time. In the end the
    /// newest row of each record is the record.
    #[test]
    fn the_newest_rows_are_the_records_whatever_happens(
        seed in any::<u64>(),
        records in 0_u32..200,
        trouble in 0_u32..60,
        churn in 0_u32..100,
        skew in -600_i64..600,
        runs in 1_usize..14,
        full in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(story(seed, records, trouble, churn, skew, runs, full));
    }
}
