//! What a sync does when all is well, and when runs meet.

use std::time::Duration;

use super::bench::{ago, bench, bench_of, days, minutes, start};
use crate::clock::Clock;
use crate::rows::{RecordKind, RecordState};
use crate::sync::Order;
use crate::sync::track::SEEN_MOST;

#[tokio::test]
async fn the_first_run_loads_the_window_and_the_next_writes_changes_only() {
    let bench = bench(1);
    bench.fill(95, 30);
    bench.tool.put("old", 3, ago(days(31)));
    let first = bench.good().await;
    assert_eq!((first.written, first.first_load), (95, None));
    bench.clock.advance(minutes(5));
    bench.tool.change("r00007");
    let second = bench.good().await;
    assert_eq!(second.written, 1);
    assert!(second.lag_seconds.unwrap() < 60);
    bench.clock.advance(minutes(5));
    assert_eq!(bench.good().await.written, 0);
    assert_eq!(bench.explained_duplicates(), 0);
    assert!(bench.rows().iter().all(|row| row.source_id != "old"));
    assert!(bench.notes.take().is_empty(), "a run with nothing to say is not told");
}

#[tokio::test]
async fn more_days_load_the_missing_stretch_only() {
    let bench = bench(2);
    bench.fill(120, 60);
    assert!((55..65).contains(&bench.good().await.written));
    let more = bench.run(&Order { days: Some(60), ..Order::default() }).await;
    assert_eq!(more.cause, "");
    assert_eq!(bench.rows().len(), 120);
    bench.assert_exact();
    assert_eq!(bench.explained_duplicates(), 0);
}

#[tokio::test]
async fn full_writes_the_whole_window_again() {
    let bench = bench(3);
    bench.fill(50, 30);
    bench.good().await;
    let full = bench.run(&Order { full: true, ..Order::default() }).await;
    assert_eq!((full.cause.as_str(), full.written), ("", 50));
    bench.assert_exact();
}

#[tokio::test]
async fn a_budget_ends_a_run_and_the_next_goes_on() {
    let bench = bench(4);
    bench.fill(400, 30);
    let order = Order { budget: Some(Duration::from_secs(4)), ..Order::default() };
    let mut reached = None;
    for _ in 0..40 {
        let summary = bench.run(&order).await;
        assert_eq!(summary.cause, "");
        let Some(load) = summary.first_load else { break };
        assert!(summary.more && reached < Some(load.reached), "the first load moves on in every run");
        reached = Some(load.reached);
    }
    assert!(reached.is_some());
    bench.good().await;
    assert_eq!(bench.rows().len(), 400);
    bench.assert_exact();
}

#[tokio::test]
async fn a_long_first_load_makes_way_for_increments() {
    let bench = bench_of(5, |tool| tool.pace = Duration::from_secs(3));
    bench.fill(600, 30);
    bench.tool.inside().churn = 20;
    bench.good().await;
    let rows = bench.rows();
    let changed = rows.iter().position(|row| row.last_modified.unwrap() > start()).unwrap();
    assert!(changed < rows.len() / 2, "a change came through while the first load went on");
    bench.tool.inside().churn = 0;
    bench.good().await;
    bench.assert_exact();
}

#[tokio::test]
async fn a_change_that_becomes_visible_late_is_caught_by_the_overlap() {
    let bench = bench(6);
    bench.fill(20, 30);
    bench.good().await;
    bench.clock.advance(minutes(1));
    bench.tool.change_late("r00001", minutes(3));
    bench.clock.advance(minutes(1));
    bench.tool.change("r00002");
    bench.good().await;
    bench.clock.advance(minutes(3));
    bench.good().await;
    bench.assert_exact();
    assert_eq!(bench.explained_duplicates(), 0);
}

#[tokio::test]
async fn a_tool_whose_clock_is_ten_minutes_off_loses_nothing() {
    for skew in [-600, 600] {
        let bench = bench_of(7, |tool| tool.skew = jiff::SignedDuration::from_secs(skew));
        bench.fill(20, 30);
        bench.good().await;
        for index in 0..15 {
            bench.clock.advance(minutes(1));
            bench.tool.change(&format!("r{index:05}"));
            bench.good().await;
        }
        bench.tool.delete("r00003");
        bench.good().await;
        bench.assert_exact();
    }
}

#[tokio::test]
async fn what_was_read_long_after_its_change_is_not_read_again() {
    let bench = bench(8);
    bench.fill(30, 30);
    bench.good().await;
    for index in 0..30 {
        bench.tool.change(&format!("r{index:05}"));
    }
    assert_eq!(bench.good().await.written, 30);
    assert_eq!(bench.good().await.unchanged, 30, "in the overlap everything is read again");
    bench.clock.advance(minutes(30));
    bench.good().await;
    assert_eq!(bench.good().await.read, 0, "after it nothing is");
}

#[tokio::test]
async fn a_burst_beyond_what_is_remembered_is_repeated_but_bounded_and_ends() {
    let mut bench = bench(9);
    bench.sync(|sync| sync.page_size = 10_000);
    let many = u32::try_from(SEEN_MOST).unwrap() + 2_000;
    for index in 0..many {
        bench.tool.put(&format!("r{index:032}"), 0, ago(minutes(1)));
    }
    assert!(bench.good().await.written <= u64::from(many) + 2_000);
    let document = crate::store::StateStore::get(&*bench.yard, "sync/snow/incident").await.unwrap().unwrap();
    assert!(document.bytes.len() < 1_500_000, "{} bytes", document.bytes.len());
    assert!(bench.good().await.written >= 2_000);
    bench.clock.advance(minutes(30));
    bench.good().await;
    assert_eq!(bench.good().await.written, 0);
}

#[tokio::test]
async fn records_that_went_are_marked_once() {
    let bench = bench(10);
    bench.fill(20, 30);
    bench.good().await;
    bench.tool.delete("r00004");
    assert_eq!(bench.good().await.gone, 1);
    bench.clock.advance(minutes(2));
    assert_eq!(bench.good().await.gone, 0);
    let went: Vec<_> = bench.rows().into_iter().filter(|row| row.record_state == RecordState::Deleted).collect();
    assert_eq!(went.len(), 1);
    bench.assert_exact();
}

#[tokio::test]
async fn rows_of_one_page_have_one_time_and_times_rise_over_pages_and_runs() {
    let bench = bench(11);
    bench.fill(40, 30);
    bench.good().await;
    bench.tool.change("r00001");
    bench.good().await;
    let rows = bench.rows();
    assert!(rows.windows(2).all(|two| two[0].time_generated <= two[1].time_generated));
    let mut times: Vec<_> = rows.iter().map(|row| row.time_generated).collect();
    times.dedup();
    assert_eq!(times.len(), 5);
    assert!(times.iter().all(|time| time.subsec_nanosecond() % 1000 == 0));
}

#[tokio::test]
async fn a_run_that_finds_another_at_work_says_which_and_until_when() {
    let bench = bench(12);
    bench.fill(20, 30);
    bench.tool.inside().dies_at = Some(2);
    let order = Order::default();
    tokio::select! {
        () = bench.tool.died.notified() => {}
        _ = bench.run(&order) => panic!("the run was to hang"),
    }
    let state = bench.engine.state("snow", RecordKind::Incident).await.unwrap();
    let lease = state.run.unwrap();
    let busy = bench.run(&order).await;
    assert!(busy.cause.contains(&lease.run_id) && busy.cause.contains(&lease.until.to_string()), "{}", busy.cause);
    assert!(!busy.remedy.is_empty());
    assert_eq!(busy.busy, Some(lease));
    bench.clock.advance(minutes(5));
    bench.good().await;
    bench.assert_exact();
    assert!(bench.engine.state("snow", RecordKind::Incident).await.unwrap().run.is_none());
}

#[tokio::test]
async fn death_between_any_two_steps_repeats_at_most_a_group() {
    for step in 1..60 {
        let bench = bench(step);
        bench.fill(100, 30);
        bench.good().await;
        for index in 0..40 {
            bench.tool.change(&format!("r{index:05}"));
        }
        {
            let mut state = bench.yard.state.lock().unwrap();
            state.dies_at = Some(state.steps + step);
        }
        let order = Order { full: step % 2 == 0, ..Order::default() };
        let died = tokio::select! {
            biased;
            () = bench.yard.died.notified() => true,
            _ = bench.run(&order) => false,
        };
        bench.yard.state.lock().unwrap().dies_at = None;
        bench.clock.advance(minutes(5));
        bench.good().await;
        bench.assert_exact();
        if !order.full {
            assert!(bench.explained_duplicates() <= 40);
        }
        if !died {
            return;
        }
    }
    panic!("the run never came to its end");
}

#[tokio::test]
async fn kinds_and_connections_that_are_not_synced_are_left_alone() {
    let mut bench = bench(14);
    assert_eq!(bench.engine.run_all(&Order::default()).await.len(), 1);
    bench.sync(|sync| sync.incidents = false);
    assert!(bench.engine.run_all(&Order::default()).await.is_empty());
    let unknown = bench.engine.run_connection("elsewhere", &Order::default()).await;
    assert!(unknown[0].cause.contains("\"elsewhere\""));
    assert!(bench.clock.now() >= start());
}
