//! One rule, one test.

use std::time::Duration;

use super::bench::{alert, bench, leased, minute};
use super::tool::Fate;
use crate::alert::{AlertState, Severity};
use crate::clock::Clock;
use crate::delivery::{Summary, Verdict, lanes};
use crate::route::Per;
use crate::store::Status;
use crate::work_item::{Phase, WorkItemType};

#[tokio::test]
async fn fired_creates_repeated_notes_and_resolved_resolves() {
    let bench = bench(1, "");
    let created = bench.done(&alert("cpu", false, minute(0))).await;
    assert_eq!((created.created, created.work_items.as_slice()), (1, ["INC0001".to_owned()].as_slice()));
    let repeated = bench.done(&alert("cpu", false, minute(5))).await;
    assert_eq!((repeated.created, repeated.updated), (0, 1));
    assert!(bench.tool.record(0).notes[0].contains("epeat"), "{:?}", bench.tool.record(0).notes);
    bench.done(&alert("cpu", true, minute(5))).await;
    assert_eq!(bench.tool.record(0).item.phase, Phase::Resolved);
    assert_eq!(bench.count(), 1);
}

#[tokio::test]
async fn the_same_notification_twice_is_one_too_many() {
    let bench = bench(2, "");
    bench.done(&alert("cpu", false, minute(0))).await;
    let again = bench.done(&alert("cpu", false, minute(0))).await;
    assert_eq!((again.created, again.updated, again.duplicates), (0, 0, 1));
    assert!(bench.tool.record(0).notes.is_empty());
}

#[tokio::test]
async fn resolved_before_fired_leaves_one_resolved_work_item() {
    let bench = bench(3, "");
    let early = bench.done(&alert("cpu", true, minute(0))).await;
    assert_eq!((early.created, bench.count()), (0, 0));
    bench.done(&alert("cpu", false, minute(0))).await;
    assert_eq!((bench.count(), bench.tool.record(0).item.phase), (1, Phase::Resolved));
}

#[tokio::test]
async fn a_new_firing_within_the_window_reopens() {
    let bench = bench(4, "policy = { reopen_window = \"1h\" }");
    bench.done(&alert("cpu", false, minute(0))).await;
    bench.clock.advance(Duration::from_secs(600));
    bench.done(&alert("cpu", true, minute(0))).await;
    bench.clock.advance(Duration::from_secs(600));
    bench.done(&alert("cpu", false, minute(20))).await;
    assert_eq!((bench.count(), bench.tool.record(0).item.phase), (1, Phase::Open));
}

#[tokio::test]
async fn a_new_firing_after_the_window_makes_a_new_work_item_that_names_the_old() {
    let bench = bench(5, "policy = { reopen_window = \"1h\" }");
    bench.done(&alert("cpu", false, minute(0))).await;
    bench.done(&alert("cpu", true, minute(0))).await;
    bench.clock.advance(Duration::from_secs(7200));
    bench.done(&alert("cpu", false, minute(120))).await;
    assert_eq!(bench.count(), 2);
    assert_eq!(bench.tool.record(1).follows.as_deref(), Some("INC0001"));
    assert_eq!(bench.tool.record(1).item.key.generation, 2);
    assert_eq!(bench.tool.record(0).item.phase, Phase::Resolved, "the old one is left alone");
}

#[tokio::test]
async fn a_work_item_that_a_person_closed_is_not_touched() {
    let bench = bench(6, "");
    bench.done(&alert("cpu", false, minute(0))).await;
    bench.tool.set_phase(0, Phase::Closed);
    bench.done(&alert("cpu", true, minute(0))).await;
    assert_eq!((bench.tool.record(0).item.phase, bench.tool.record(0).notes.len()), (Phase::Closed, 0));
    bench.done(&alert("cpu", false, minute(30))).await;
    assert_eq!((bench.count(), bench.tool.record(0).notes.len()), (2, 0));
}

#[tokio::test]
async fn a_field_that_a_person_changed_is_not_overwritten() {
    let bench = bench(7, "policy = { update_fields = [\"impact\"] }");
    let mut payload = alert("cpu", false, minute(0));
    bench.done(&payload).await;
    payload = alert("cpu", false, minute(5));
    payload["data"]["essentials"]["severity"] = "Sev0".into();
    bench.done(&payload).await;
    assert_eq!(bench.tool.record(0).item.values["impact"], "Sev0", "it follows the alert");
    bench.tool.set_value(0, "impact", "chosen by Beth");
    payload = alert("cpu", false, minute(10));
    payload["data"]["essentials"]["severity"] = "Sev1".into();
    bench.done(&payload).await;
    assert_eq!(bench.tool.record(0).item.values["impact"], "chosen by Beth");
}

#[tokio::test]
async fn a_lost_answer_to_a_create_is_looked_up_and_not_repeated() {
    for fate in [Fate::LostAfter, Fate::DiesAfter, Fate::LostBefore, Fate::DiesBefore] {
        let bench = bench(8, "");
        // newest (one find), configuration item, create: the list is taken from its end.
        *bench.tool.next.lock().unwrap() = vec![fate, Fate::Works, Fate::Works];
        let done = bench.done(&alert("cpu", false, minute(0))).await;
        assert_eq!((bench.count(), done.created), (1, 1), "{fate:?}");
    }
}

#[tokio::test]
async fn a_lost_answer_to_a_note_does_not_note_twice() {
    for fate in [Fate::LostAfter, Fate::DiesAfter, Fate::LostBefore, Fate::DiesBefore] {
        let bench = bench(9, "");
        bench.done(&alert("cpu", false, minute(0))).await;
        *bench.tool.next.lock().unwrap() = vec![fate, Fate::Works];
        bench.done(&alert("cpu", false, minute(5))).await;
        assert_eq!(bench.tool.record(0).notes.len(), 1, "{fate:?}");
    }
}

#[tokio::test]
async fn an_outage_waits_without_spending_attempts_and_ends_as_a_dead_letter_with_its_cause() {
    let bench = bench(10, "");
    let delivery = bench.delivery(&alert("cpu", false, minute(0)));
    *bench.tool.next.lock().unwrap() = vec![Fate::Outage];
    let Verdict::RetryAt { counts: false, .. } = bench.engine.deliver(&leased(&delivery, 0)).await else { panic!("waits") };
    assert!(bench.engine.waits("snow").is_some());
    bench.clock.advance(Duration::from_secs(8 * 86_400));
    *bench.tool.next.lock().unwrap() = vec![Fate::Outage];
    let Verdict::DeadLetter { cause, remedy } = bench.engine.deliver(&leased(&delivery, 0)).await else { panic!("dead") };
    assert!(cause.contains("given up after 7d") && cause.contains("down"), "{cause}");
    assert!(remedy.contains("redrive"), "{remedy}");
}

#[tokio::test]
async fn one_work_item_for_each_configuration_item() {
    let bench = bench(11, "");
    let mut payload = alert("heartbeat", false, minute(0));
    payload["data"]["essentials"]["configurationItems"] = serde_json::json!(["web01", "web02", "web03"]);
    let mut delivery = bench.delivery(&payload);
    delivery.choices.per = Per::Ci;
    let Verdict::Done(summary) = bench.settle(&delivery).await else { panic!("done") };
    assert_eq!((summary.created, bench.count()), (3, 3));
    payload["data"]["essentials"]["monitorCondition"] = "Resolved".into();
    let mut delivery = bench.delivery(&payload);
    delivery.choices.per = Per::Ci;
    bench.settle(&delivery).await;
    assert!((0..3).all(|index| bench.tool.record(index).item.phase == Phase::Resolved));
}

#[tokio::test]
async fn one_work_item_for_a_rule_is_resolved_when_its_last_resource_is_well() {
    let bench = bench(12, "");
    let on = |vm: &str, resolved| {
        let mut payload = alert("rule", resolved, minute(0));
        payload["data"]["essentials"]["alertTargetIDs"] = serde_json::json!([format!("/subscriptions/s/vm/{vm}")]);
        payload["data"]["essentials"]["configurationItems"] = serde_json::json!([vm]);
        payload["data"]["essentials"]["alertId"] = format!("/subscriptions/s/alerts/{vm}").into();
        let mut delivery = bench.delivery(&payload);
        delivery.choices.per = Per::Rule;
        delivery
    };
    for (vm, resolved, phase) in
        [("a", false, Phase::Open), ("b", false, Phase::Open), ("a", true, Phase::Open), ("b", true, Phase::Resolved)]
    {
        bench.settle(&on(vm, resolved)).await;
        assert_eq!((bench.count(), bench.tool.record(0).item.phase), (1, phase), "after {vm} {resolved}");
    }
    assert!(bench.tool.record(0).notes[0].contains('b'), "{:?}", bench.tool.record(0).notes);
}

#[tokio::test]
async fn an_event_is_a_record_for_each_notification() {
    let bench = bench(13, "");
    for (resolved, at) in [(false, 0), (false, 5), (true, 5), (true, 5)] {
        let mut payload = alert("cpu", resolved, minute(at));
        payload["data"]["essentials"]["resolvedDateTime"] =
            if resolved { minute(9).to_string().into() } else { serde_json::Value::Null };
        let mut delivery = bench.delivery(&payload);
        delivery.work_item_type = WorkItemType::Event;
        bench.settle(&delivery).await;
    }
    assert_eq!(bench.count(), 3, "fired, fired, resolved; the second resolved is a redelivery");
}

#[tokio::test]
async fn a_summary_tells_whom_the_alert_spoke_of_and_where_each_work_item_is() {
    let bench = bench(13, "");
    let mut payload = alert("cpu", false, minute(0));
    let computers: Vec<String> = (10..40).map(|number| format!("web{number}")).collect();
    payload["data"]["essentials"]["configurationItems"] = computers.clone().into();
    let mut told = Vec::new();
    // Made, then known; a repeat; the same without anything done; a resolution.
    for (resolved, at) in [(false, 0), (false, 5), (false, 5), (true, 5)] {
        payload["data"]["essentials"]["firedDateTime"] = minute(at).to_string().into();
        payload["data"]["essentials"]["monitorCondition"] = if resolved { "Resolved" } else { "Fired" }.into();
        told.push(bench.done(&payload).await);
    }
    let states: Vec<_> = told.iter().map(|summary| summary.state).collect();
    assert_eq!(states, [AlertState::Fired, AlertState::Fired, AlertState::Fired, AlertState::Resolved].map(Some));
    assert_eq!(told[2].duplicates, 1);
    for summary in &told {
        assert_eq!((&*summary.rule, summary.severity), ("cpu", Some(Severity::Sev2)));
        assert_eq!(summary.configuration_items[..], computers[..20], "no more than a list should hold");
        assert_eq!(summary.work_item_urls, [("INC0001".to_owned(), "https://tool.example/INC0001".to_owned())].into());
    }
    let mut event = bench.delivery(&payload);
    event.work_item_type = WorkItemType::Event;
    let Verdict::Done(event) = bench.settle(&event).await else { panic!("not done") };
    assert_eq!(event.work_item_urls["INC0002"], "https://tool.example/INC0002");
}

#[test]
fn a_summary_from_before_they_were_kept_has_no_rule_and_no_links() {
    let old = r#"{"title":"cpu","created":1,"updated":0,"duplicates":0,"work_items":["INC1"],"remarks":[]}"#;
    let summary: Summary = serde_json::from_str(old).unwrap();
    assert_eq!((&*summary.rule, summary.state, summary.work_item_urls.len()), ("", None, 0));
    assert_eq!(serde_json::to_string(&summary).unwrap(), old);
}

#[tokio::test]
async fn what_the_connection_lacks_is_a_dead_letter_with_a_remedy() {
    let bench = bench(14, "");
    let mut delivery = bench.delivery(&alert("cpu", false, minute(0)));
    delivery.work_item_type = WorkItemType::Alert;
    let Verdict::DeadLetter { remedy, .. } = bench.settle(&delivery).await else { panic!("dead") };
    assert!(remedy.contains("incident"));
    delivery.connection = "gone".to_owned();
    let Verdict::DeadLetter { cause, .. } = bench.settle(&delivery).await else { panic!("dead") };
    assert!(cause.contains("gone"));
}

#[tokio::test]
async fn a_delivery_that_a_person_redrove_is_tried_for_as_long_as_a_new_one() {
    let bench = bench(15, "");
    let delivery = bench.delivery(&alert("cpu", false, minute(0)));
    bench.clock.advance(Duration::from_secs(8 * 86_400));
    let mut redriven = leased(&delivery, 0);
    redriven.since = bench.clock.now();
    *bench.tool.next.lock().unwrap() = vec![Fate::Outage];
    assert!(matches!(bench.engine.deliver(&redriven).await, Verdict::RetryAt { .. }));
}

#[tokio::test]
async fn what_cannot_be_read_any_more_is_a_dead_letter_and_not_an_endless_retry() {
    let bench = bench(16, "");
    let delivery = bench.delivery(&alert("cpu", false, minute(0)));
    bench.settle(&delivery).await;
    let key = bench.engine.state.stale("correlation", jiff::Timestamp::MAX, 1).await.unwrap().remove(0);
    let version = bench.engine.state.get(&key).await.unwrap().unwrap().version;
    bench.engine.state.put(&key, Some(&version), "{".into(), bench.clock.now()).await.unwrap();
    let again = bench.delivery(&alert("cpu", false, minute(5)));
    let Verdict::DeadLetter { cause, .. } = bench.settle(&again).await else { panic!("dead") };
    assert!(cause.contains("cannot be read"), "{cause}");
}

#[tokio::test]
async fn a_defect_of_ours_ends_as_a_dead_letter_and_not_as_an_endless_loop() {
    let bench = bench(17, "");
    let queue = super::store();
    let delivery = bench.delivery(&alert("cpu", false, minute(0)));
    queue.enqueue(delivery.clone()).await.unwrap();
    let leased = queue.lease("snow", minute(0), minute(5), 1).await.unwrap().remove(0);
    *bench.tool.next.lock().unwrap() = vec![Fate::Panics];
    lanes::attempt(&bench.engine, &*queue, &leased).await.unwrap();
    let (listed, _) = queue.show(delivery.id).await.unwrap().unwrap();
    assert_eq!(listed.status, Status::DeadLetter);
    assert!(listed.cause.contains("defect"), "{}", listed.cause);
}
