//! `cargo +nightly fuzz run alert fuzz/corpus/alert tests/fixtures/alerts`: whatever is posted, nothing panics, and whatever
//! was read has a title, a body, keys and at least one part.

#![no_main]

use connector::alert::Alert;
use connector::route::Per;
use connector::work_item::request::WorkItemRequest;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    if let Ok(alert) = Alert::from_json(body, Timestamp::UNIX_EPOCH) {
        check(&alert);
    }
    if let Ok(request) = WorkItemRequest::from_json(body) {
        check(&request.into_alert("request", Timestamp::UNIX_EPOCH));
    }
});

fn check(alert: &Alert) {
    assert!(!alert.title.trim().is_empty() && alert.title.chars().count() <= 200);
    assert!(!alert.body.trim().is_empty());
    for key in [&alert.idempotency_key, &alert.correlation_key, &alert.rule_key] {
        assert_eq!(key.len(), 32);
    }
    for per in [Per::Alert, Per::Rule, Per::Ci, Per::Row] {
        assert!(!alert.parts(per).is_empty());
    }
}
