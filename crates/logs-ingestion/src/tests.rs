//! Stories against the emulated service, over real HTTP. Time does not pass: waits are written down.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    time::OffsetDateTime,
};
use emulators::logs_ingestion::{Effect, Fault, LogsIngestion, RULE, STREAM, TOKEN, TOKEN_WITHOUT_ROLE};
use serde_json::{Value, json};

use crate::{CUT_MARK, Client, Clock, Failure, Options, RefusedBecause, Target};

/// Stands at noon; writes down how long it was to wait.
#[derive(Debug, Default)]
struct TestClock(Mutex<Vec<Duration>>);

impl TestClock {
    fn waits(&self) -> Vec<Duration> {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_788_264_000)
    }

    async fn sleep(&self, length: Duration) {
        self.0.lock().unwrap().push(length);
    }

    fn chance(&self) -> f64 {
        1.0
    }
}

/// Gives these tokens one after the other, the last one for ever.
#[derive(Debug)]
struct TestCredential(Mutex<Vec<&'static str>>);

#[async_trait]
impl TokenCredential for TestCredential {
    async fn get_token(&self, scopes: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        assert_eq!(scopes, ["https://monitor.azure.com/.default"]);
        let mut tokens = self.0.lock().unwrap();
        let token = if tokens.len() > 1 { tokens.remove(0) } else { tokens[0] };
        Ok(AccessToken::new(token, OffsetDateTime::from(SystemTime::UNIX_EPOCH + Duration::from_secs(1_788_267_600))))
    }
}

struct House {
    service: LogsIngestion,
    clock: Arc<TestClock>,
    options: Options,
    tokens: Vec<&'static str>,
}

impl House {
    async fn new() -> Self {
        let clock = Arc::new(TestClock::default());
        let options = Options { clock: Arc::clone(&clock) as Arc<dyn Clock>, ..Options::default() };
        Self { service: LogsIngestion::start().await, clock, options, tokens: vec![TOKEN] }
    }

    fn client(&self) -> Client {
        let target = Target::new(&self.service.url(), RULE, STREAM).unwrap();
        let credential = Arc::new(TestCredential(Mutex::new(self.tokens.clone())));
        Client::with_options(&target, credential, self.options.clone()).unwrap()
    }

    fn statuses(&self) -> Vec<u16> {
        self.service.requests().iter().map(|request| request.status).collect()
    }

    fn titles(&self) -> Vec<String> {
        self.service.rows(STREAM).iter().map(|row| row["Title_s"].as_str().unwrap().to_owned()).collect()
    }
}

fn record(title: &str) -> Value {
    json!({"TimeGenerated": "2026-09-01T12:00:00.000000Z", "Title_s": title})
}

fn records(count: usize) -> Vec<Value> {
    (0..count).map(|number| record(&format!("title {number:05}"))).collect()
}

#[tokio::test]
async fn many_records_arrive_once_each_in_full_calls_under_the_limit() {
    let house = House::new().await;
    let report = house.client().upload(records(30_000)).await.unwrap();
    assert_eq!((report.accepted, report.refused.len(), report.maybe_twice), (30_000, 0, 0));
    let mut titles = house.titles();
    titles.sort();
    titles.dedup();
    assert_eq!(titles.len(), 30_000);
    let requests = house.service.requests();
    assert_eq!(requests.len() as u64, report.calls);
    assert!(requests.iter().all(|request| request.inflated <= 1_000_000 && request.encoding == "gzip"));
    assert!(requests.iter().filter(|request| request.inflated > 999_900).count() >= requests.len() - 1);
    assert!(house.service.complaints(STREAM).is_empty());
    assert_eq!(requests.iter().map(|request| request.sent as u64).sum::<u64>(), report.sent_bytes);
}

#[tokio::test]
async fn nothing_to_send_makes_no_call() {
    let house = House::new().await;
    assert_eq!(house.client().upload(records(0)).await.unwrap().calls, 0);
    assert!(house.statuses().is_empty());
}

#[tokio::test]
async fn an_impossible_record_is_handed_back_and_its_neighbours_arrive() {
    let house = House::new().await;
    let large = json!({"Extra": {"text": "x".repeat(1_000_000)}});
    let report = house.client().upload([record("a"), large.clone(), json!(7), record("b")]).await.unwrap();
    assert_eq!((report.accepted, house.titles()), (2, vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(report.refused.iter().map(|refused| refused.position).collect::<Vec<_>>(), [1, 2]);
    assert!(matches!(report.refused[0].because, RefusedBecause::TooLarge { .. }));
    assert_eq!(report.refused[0].record, large.to_string().into_bytes());
    assert_eq!(report.refused[1].because, RefusedBecause::NotAnObject);
}

#[tokio::test]
async fn a_long_text_is_cut_with_a_mark_and_counted() {
    let house = House::new().await;
    let report = house.client().upload([record(&"ü".repeat(70_000))]).await.unwrap();
    assert_eq!((report.accepted, report.cut_fields), (1, 1));
    assert!(house.titles()[0].ends_with(CUT_MARK) && house.titles()[0].len() <= 64_000);
    assert!(house.service.complaints(STREAM).is_empty());
}

#[tokio::test]
async fn a_400_is_bisected_down_to_the_bad_record() {
    let house = House::new().await;
    house.service.faults().add(Fault::new(Effect::Status(400, "InvalidPayload".to_owned())).containing("title 00077"));
    let report = house.client().upload(records(100)).await.unwrap();
    assert_eq!((report.accepted, house.titles().len()), (99, 99));
    let [refused] = &report.refused[..] else { panic!("{report:?}") };
    assert_eq!((refused.position, serde_json::from_slice::<Value>(&refused.record).unwrap()), (77, record("title 00077")));
    let RefusedBecause::Service { status: 400, said } = &refused.because else { panic!("{refused:?}") };
    assert!(said.starts_with("InvalidPayload"), "{said}");
    assert!(house.statuses().len() <= 1 + 2 * 7, "{:?}", house.statuses());
}

#[tokio::test]
async fn a_wrong_stream_does_not_refuse_every_record_one_by_one() {
    let mut house = House::new().await;
    house.options.most_refused = 3;
    house.service.faults().add(Fault::new(Effect::Status(400, "InvalidStream".to_owned())));
    let failed = house.client().upload(records(1000)).await.unwrap_err();
    assert!(matches!(failed.failure, Failure::TooManyRefused { count: 4, .. }), "{failed}");
    assert_eq!(failed.report.refused.len(), 4);
    assert!(house.statuses().len() < 30);
}

#[tokio::test]
async fn a_413_halves_the_call() {
    let house = House::new().await;
    house.service.faults().add(Fault::new(Effect::Status(413, "ContentLengthLimitExceeded".to_owned())).times(1));
    let report = house.client().upload(records(101)).await.unwrap();
    assert_eq!((report.accepted, report.refused.len()), (101, 0));
    assert_eq!(house.statuses(), [413, 204, 204]);
    assert_eq!(house.titles(), records(101).iter().map(|row| row["Title_s"].as_str().unwrap()).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_service_is_left_alone_as_long_as_it_asks() {
    let house = House::new().await;
    house.service.faults().add(Fault::new(Effect::RetryAfter(429, "17".to_owned())).times(2));
    let report = house.client().upload(records(5)).await.unwrap();
    assert_eq!((report.accepted, report.retries, report.maybe_twice), (5, 2, 0));
    assert_eq!(house.clock.waits(), [Duration::from_secs(17); 2]);
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_the_callers_to_decide() {
    let house = House::new().await;
    house.service.faults().add(Fault::new(Effect::RetryAfter(429, "600".to_owned())));
    let failed = house.client().upload(records(5)).await.unwrap_err();
    assert!(matches!(failed.failure, Failure::Busy { retry_after: Some(after), .. } if after == Duration::from_secs(600)));
    assert!(house.clock.waits().is_empty());
}

#[tokio::test]
async fn a_service_that_asks_for_no_wait_is_still_left_alone_longer_each_time() {
    let house = House::new().await;
    for asked in ["0", "5"] {
        house.service.faults().add(Fault::new(Effect::RetryAfter(503, asked.to_owned())).times(2));
    }
    assert_eq!(house.client().upload(records(5)).await.unwrap().accepted, 5);
    assert_eq!(house.clock.waits(), [1, 2, 5, 8].map(Duration::from_secs));
}

#[tokio::test]
async fn an_outage_is_waited_for_longer_each_time_and_not_for_ever() {
    let mut house = House::new().await;
    house.options.longest_wait = Duration::from_secs(10);
    house.service.faults().add(Fault::new(Effect::Status(503, "ServiceUnavailable".to_owned())));
    let failed = house.client().upload(records(5)).await.unwrap_err();
    assert!(failed.to_string().contains("503, ServiceUnavailable"), "{failed}");
    assert_eq!(house.clock.waits(), [1, 2, 4, 8, 10, 10].map(Duration::from_secs));
    assert_eq!(failed.report.accepted, 0);
}

#[tokio::test]
async fn an_answer_that_never_came_is_counted_as_maybe_twice() {
    let house = House::new().await;
    house.service.faults().add(Fault::new(Effect::DropAfterAccept).times(1));
    let report = house.client().upload(records(5)).await.unwrap();
    assert_eq!((report.accepted, report.maybe_twice), (5, 5));
    assert_eq!(house.service.count(STREAM), 10, "at least once: here twice");
}

#[tokio::test]
async fn an_upload_that_fails_tells_what_was_taken_and_what_may_have_been() {
    let mut house = House::new().await;
    house.options = Options { parallel: NonZeroUsize::MIN, retries: 0, call_limit: 1000, ..house.options };
    for (effect, maybe_there) in [
        (Effect::DropAfterAccept, true),
        (Effect::Status(503, "ServiceUnavailable".to_owned()), true),
        (Effect::Status(429, "Throttled".to_owned()), false),
    ] {
        // Records of one length: each of the calls has as many.
        let before = house.service.requests().len();
        house.service.faults().add(Fault::new(effect.clone()).after(2).times(1));
        let report = house.client().upload(records(50)).await.unwrap_err().report;
        let requests = house.service.requests();
        let [first, second, _] = &requests[before..] else { panic!("{requests:?}") };
        assert_eq!(report.accepted, (first.records + second.records) as u64);
        assert_eq!(report.maybe_there, if maybe_there { second.records as u64 } else { 0 }, "{effect:?}");
    }
}

#[tokio::test]
async fn an_expired_token_is_renewed_once() {
    let mut house = House::new().await;
    house.tokens = vec!["expired", TOKEN];
    let client = house.client();
    assert_eq!(client.upload(records(2)).await.unwrap().accepted, 2);
    assert_eq!(client.upload(records(2)).await.unwrap().accepted, 2);
    assert_eq!(house.statuses(), [401, 204, 204]);
    house.tokens = vec!["expired", "expired too"];
    let failed = house.client().upload(records(2)).await.unwrap_err();
    assert!(matches!(failed.failure, Failure::Unauthorised { .. }), "{failed}");
    assert_eq!(house.statuses().len(), 5);
}

#[tokio::test]
async fn a_missing_role_is_explained_and_nothing_more_is_sent() {
    let mut house = House::new().await;
    house.tokens = vec![TOKEN_WITHOUT_ROLE];
    house.options.parallel = NonZeroUsize::MIN;
    let failed = house.client().upload(records(60_000)).await.unwrap_err();
    assert!(failed.to_string().contains("Monitoring Metrics Publisher"), "{failed}");
    assert!(failed.to_string().contains(RULE) && !failed.to_string().contains(TOKEN_WITHOUT_ROLE));
    assert_eq!(house.statuses(), [403]);
}

#[tokio::test]
async fn an_unknown_stream_is_explained() {
    let house = House::new().await;
    let target = Target::new(&house.service.url(), RULE, "Custom-Other").unwrap();
    let credential = Arc::new(TestCredential(Mutex::new(vec![TOKEN])));
    let failed = Client::new(&target, credential).unwrap().upload(records(1)).await.unwrap_err();
    assert!(matches!(&failed.failure, Failure::NotFound { said } if said.contains("Custom-Other")), "{failed}");
}

#[tokio::test]
async fn a_200_is_not_taken_for_an_acceptance() {
    let house = House::new().await;
    house.service.faults().add(Fault::new(Effect::Status(200, "LoginPage".to_owned())));
    let failed = house.client().upload(records(1)).await.unwrap_err();
    assert!(matches!(failed.failure, Failure::Unexpected { status: 200, .. }), "{failed}");
}

#[tokio::test]
async fn one_lane_keeps_the_order() {
    let mut house = House::new().await;
    house.options.parallel = NonZeroUsize::MIN;
    house.options.call_limit = 1000;
    house.client().upload(records(200)).await.unwrap();
    assert!(house.titles().is_sorted() && house.statuses().len() > 10);
}

#[tokio::test]
async fn an_upload_can_run_as_a_task_of_its_own() {
    let house = House::new().await;
    let client = house.client();
    let done = tokio::spawn(async move { client.upload_stream(futures_util::stream::iter(records(3))).await }).await;
    assert_eq!(done.unwrap().unwrap().accepted, 3);
}
