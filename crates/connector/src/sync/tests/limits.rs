//! Clocks that lie, tools that do not move, a process that shall end: what must be exact stays so, and every run ends.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::watch;

use super::bench::{Bench, ago, bench, bench_of, minutes, start};
use crate::provider::{ProviderError, WaitReason};
use crate::rows::{RecordKind, RecordState};
use crate::sink::SinkError;
use crate::sync::Order;

/// Ends the process when the tool or the sink is asked and does not answer.
async fn ended_while_hanging(bench: &Bench) {
    let (tell, stop) = watch::channel(false);
    let order = Order { stop: Some(stop), ..Order::default() };
    let (summary, ()) = tokio::join!(bench.run(&order), async {
        tokio::select! {
            () = bench.tool.died.notified() => {}
            () = bench.yard.died.notified() => {}
        }
        tell.send(true).unwrap();
    });
    assert!(summary.more, "{summary:?}");
    assert!(bench.engine.state("snow", RecordKind::Incident).await.unwrap().run.is_none(), "the lease was given back");
    bench.tool.inside().dies_at = None;
    bench.yard.state.lock().unwrap().sink_hangs = false;
    bench.good().await;
    bench.assert_exact();
}

#[tokio::test]
async fn a_run_that_shall_end_does_not_wait_for_a_tool_or_a_sink_that_hangs() {
    for call in 1..5 {
        let bench = bench(30);
        bench.fill(40, 30);
        bench.tool.inside().dies_at = Some(call);
        ended_while_hanging(&bench).await;
    }
    let bench = bench(31);
    bench.fill(40, 30);
    bench.yard.state.lock().unwrap().sink_hangs = true;
    ended_while_hanging(&bench).await;
}

#[tokio::test]
async fn a_run_that_shall_end_does_not_sit_out_a_wait() {
    let bench = bench(32);
    bench.fill(40, 30);
    let (cause, remedy) = ("rate limit".to_owned(), String::new());
    let after = Some(Duration::from_secs(50));
    let failure = ProviderError::Wait { reason: WaitReason::RateLimit, after, cause, remedy };
    bench.tool.inside().failures.extend(std::iter::repeat_n(failure, 4));
    let (tell, stop) = watch::channel(false);
    let order = Order { stop: Some(stop), ..Order::default() };
    let (summary, ()) = tokio::join!(bench.run(&order), async {
        while bench.tool.inside().calls == 0 {
            tokio::task::yield_now().await;
        }
        tell.send(true).unwrap();
    });
    assert!(summary.more, "{summary:?}");
    assert!(bench.tool.inside().calls <= 2, "it is not tried again");
    assert!(bench.engine.state("snow", RecordKind::Incident).await.unwrap().run.is_none());
}

#[tokio::test]
async fn a_record_that_is_dated_in_the_future_hides_no_change() {
    for skew in [0, -400, 400] {
        let bench = bench_of(33, |tool| tool.skew = SignedDuration::from_secs(skew));
        bench.fill(20, 30);
        bench.tool.put("future", 0, ago(Duration::ZERO) + minutes(24 * 60));
        bench.good().await;
        for index in 0..5 {
            bench.clock.advance(minutes(4));
            bench.tool.change(&format!("r{index:05}"));
            bench.good().await;
            bench.assert_exact();
        }
        assert_eq!(bench.explained_duplicates(), 0);
    }
}

/// A run that finds a change on its way and thirty behind it, and after whose first `calls` of the tool some minutes pass.
async fn run_with_a_pause(bench: &Bench, calls: u64, pause: Duration) {
    bench.tool.change_late("r00038", Duration::from_secs(280));
    bench.clock.advance(Duration::from_secs(2));
    for index in 0..30 {
        bench.tool.change(&format!("r{index:05}"));
    }
    let call = bench.tool.inside().calls + calls + 1;
    bench.tool.inside().pause = Some((call, pause, "r00039"));
    bench.good().await;
    assert!(bench.tool.inside().calls > call);
}

#[tokio::test]
async fn a_late_commit_behind_the_pages_of_a_long_increment_is_met() {
    for skew in [-400, 0, 400] {
        let bench = bench_of(39, |tool| tool.skew = SignedDuration::from_secs(skew));
        bench.fill(40, 30);
        bench.good().await;
        bench.clock.advance(minutes(30));
        // The first page is behind the late one's place when it becomes visible, and the last one an overlap further.
        run_with_a_pause(&bench, 1, minutes(6)).await;
        bench.good().await;
        bench.assert_exact();
        assert_eq!(bench.explained_duplicates(), 0);
    }
}

#[tokio::test]
async fn a_late_commit_behind_the_pages_of_a_first_load_is_met() {
    for skew in [-400, -200, 0, 400] {
        let bench = bench_of(40, |tool| tool.skew = SignedDuration::from_secs(skew));
        bench.fill(40, 30);
        // The increments come between the third page of the load and its last, and have gone on by then.
        run_with_a_pause(&bench, 3, minutes(7)).await;
        bench.good().await;
        bench.assert_exact();
        assert_eq!(bench.explained_duplicates(), 0);
    }
}

#[tokio::test]
async fn a_record_that_was_undeleted_is_there_again_even_as_it_was() {
    for later in [false, true] {
        let bench = bench(34);
        bench.fill(20, 30);
        bench.good().await;
        bench.tool.change("r00003");
        bench.good().await;
        let before = bench.tool.inside().records["r00003"].clone();
        bench.tool.delete("r00003");
        bench.clock.advance(Duration::from_secs(20));
        bench.good().await;
        assert_eq!(bench.rows().last().unwrap().record_state, RecordState::Deleted);
        let at = if later { bench.tool.now() } else { before.at };
        bench.tool.put("r00003", before.version, at);
        bench.good().await;
        bench.assert_exact();
    }
}

#[tokio::test]
async fn a_version_read_later_has_the_later_time_though_the_clock_went_back_after_a_write_without_an_answer() {
    let bench = bench(35);
    bench.fill(20, 30);
    bench.good().await;
    bench.clock.advance(minutes(10));
    bench.tool.change("r00003");
    let error = SinkError { cause: "reset".to_owned(), remedy: "look".to_owned(), retry_after: None, maybe_there: 1 };
    bench.yard.state.lock().unwrap().sink_failures.push_back((error, true));
    assert!(!bench.run(&Order::default()).await.cause.is_empty());
    let at = bench.tool.now();
    bench.clock.set(start() + minutes(5));
    bench.tool.put("r00003", 2, at);
    bench.good().await;
    let rows = bench.rows();
    let newest = rows.iter().filter(|row| row.source_id == "r00003").max_by_key(|row| row.time_generated).unwrap();
    assert_eq!(newest.source_version, "2");
}

#[tokio::test]
async fn a_save_whose_answer_was_lost_does_not_cost_the_lease() {
    for lost in 1..4 {
        let bench = bench(36);
        bench.fill(30, 30);
        bench.yard.state.lock().unwrap().lost_answers = lost;
        bench.good().await;
        bench.assert_exact();
    }
}

#[tokio::test]
async fn a_tool_that_cannot_tell_what_went_does_not_hold_up_the_first_load() {
    let bench = bench(37);
    bench.fill(50, 30);
    bench.tool.inside().gone_fails = true;
    let summary = bench.run(&Order::default()).await;
    assert_eq!((summary.cause.as_str(), summary.first_load), ("too slow", None));
    bench.assert_exact();
}

#[tokio::test]
async fn a_slow_tool_that_gives_the_same_place_for_ever_is_found_out() {
    let bench = bench_of(38, |tool| tool.pace = Duration::from_secs(10));
    bench.fill(50, 30);
    bench.tool.inside().stuck = true;
    let summary = tokio::time::timeout(Duration::from_secs(60), bench.run(&Order::default())).await.unwrap();
    assert!(summary.cause.contains("again and again"), "{}", summary.cause);
}
