use std::sync::Arc;
use std::time::Duration;

use emulators::logs_ingestion::{Effect, Fault, Kind, LogsIngestion, Options, RULE, TOKEN, TOKEN_WITHOUT_ROLE};
use serde_json::Value;

use super::{noon, row};
use crate::clock::{Chance, Clock, ManualClock};
use crate::journal::{Entry, LogType};
use crate::rows::{LogRow, Row, ServiceDeskRow};
use crate::secret::{FixedSecrets, SecretRef};
use crate::settings::{AzureCredential, Cloud, Workspace};
use crate::sink::credential::credential;
use crate::sink::workspace::WorkspaceSink;
use crate::sink::{Sink, SinkError, Written};

struct House {
    service: LogsIngestion,
    clock: Arc<ManualClock>,
}

fn columns<R: Row>() -> Vec<(&'static str, Kind)> {
    let kind = |column: &crate::rows::Column| Kind::from_name(column.kind.in_table()).unwrap();
    R::COLUMNS.iter().map(|column| (column.name, kind(column))).collect()
}

impl House {
    async fn new() -> Self {
        let options = Options::default().stream(RULE, ServiceDeskRow::STREAM, &columns::<ServiceDeskRow>()).stream(
            RULE,
            LogRow::STREAM,
            &columns::<LogRow>(),
        );
        Self { service: LogsIngestion::start_with(options).await, clock: Arc::new(ManualClock::new(noon())) }
    }

    fn settings(&self) -> Workspace {
        Workspace {
            endpoint: self.service.url().parse().unwrap(),
            rule: RULE.to_owned(),
            service_desk_stream: ServiceDeskRow::STREAM.to_owned(),
            log_stream: LogRow::STREAM.to_owned(),
            cloud: Cloud::Public,
            credential: AzureCredential::Token { token: SecretRef::variable("TOKEN") },
        }
    }

    fn sink_as(&self, settings: &Workspace, token: &str) -> Result<WorkspaceSink, SinkError> {
        let secrets = Arc::new(FixedSecrets::default().with("TOKEN", token));
        let credential = credential(&settings.credential, settings.cloud, secrets, self.clock.clone())?;
        WorkspaceSink::new(settings, credential, self.clock.clone(), Arc::new(Chance::seeded(1)))
    }

    fn sink(&self) -> WorkspaceSink {
        self.sink_as(&self.settings(), TOKEN).unwrap()
    }

    /// Writes while the clock is moved on, so that the client's waits pass.
    async fn records(&self, rows: &[ServiceDeskRow]) -> Result<Written, SinkError> {
        let sink = self.sink();
        let clock = Arc::clone(&self.clock);
        let ticking = async {
            loop {
                clock.advance(Duration::from_millis(200));
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            result = sink.records(rows) => result,
            () = ticking => unreachable!("a clock never ends"),
        }
    }

    fn rows(&self) -> Vec<Value> {
        self.service.rows(ServiceDeskRow::STREAM).into_iter().map(Value::Object).collect()
    }
}

fn rows(count: usize) -> Vec<ServiceDeskRow> {
    (0..count).map(row).collect()
}

#[tokio::test]
async fn rows_arrive_complete_in_the_declared_columns() {
    let house = House::new().await;
    let sent = rows(3000);
    assert_eq!(house.records(&sent).await.unwrap(), Written { accepted: 3000, ..Written::default() });
    assert_eq!(house.service.complaints(ServiceDeskRow::STREAM), Vec::<String>::new());
    let mut arrived = house.rows();
    let id = |row: &Value| row["SourceId_s"].as_str().unwrap().to_owned();
    arrived.sort_by_key(id);
    let wanted: Vec<_> = sent.iter().map(|row| serde_json::to_value(row).unwrap()).collect();
    assert_eq!(arrived, wanted);
    assert_eq!(arrived[0].as_object().unwrap().len(), ServiceDeskRow::COLUMNS.len(), "the story has something in each column");
    assert!(house.service.requests().iter().all(|request| request.inflated <= 1_000_000));
}

#[tokio::test]
async fn rows_of_the_log_go_to_their_own_stream() {
    let house = House::new().await;
    let text = || "text".to_owned();
    let entry = Entry {
        log_type: LogType::Error,
        connection: text(),
        operation: "sync",
        message: text(),
        cause: text(),
        remedy: text(),
        work_item: text(),
        alert: text(),
        correlation_id: text(),
        details: String::new(),
    };
    let row = LogRow::new(entry, house.clock.now());
    assert_eq!(house.sink().log(std::slice::from_ref(&row)).await.unwrap().accepted, 1);
    assert_eq!(house.service.complaints(LogRow::STREAM), Vec::<String>::new());
    assert_eq!(Value::Object(house.service.rows(LogRow::STREAM).remove(0)), serde_json::to_value(&row).unwrap());
    assert_eq!(house.rows().len(), 0);
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_rows_were_taken_makes_them_maybe_twice() {
    let house = House::new().await;
    house.service.faults().add(Fault::new(Effect::DropAfterAccept).times(1));
    let written = house.records(&rows(10)).await.unwrap();
    assert_eq!((written.accepted, written.maybe_twice), (10, 10));
    assert_eq!(house.rows().len(), 20);
}

#[tokio::test]
async fn a_write_that_fails_says_how_many_rows_may_be_there() {
    let many = rows(3000);
    for (effect, there) in [
        (Effect::Status(403, "Forbidden".to_owned()), 0),
        (Effect::RetryAfter(429, "600".to_owned()), 0),
        (Effect::Status(503, "ServiceUnavailable".to_owned()), 10),
        (Effect::DropAfterAccept, 10),
    ] {
        let house = House::new().await;
        house.service.faults().add(Fault::new(effect.clone()));
        let error = house.records(&many[..10]).await.unwrap_err();
        assert_eq!(error.maybe_there, there, "{effect:?}");
    }
    let house = House::new().await;
    house.service.faults().add(Fault::new(Effect::RetryAfter(429, "600".to_owned())).after(1));
    let error = house.records(&many).await.unwrap_err();
    assert!(error.maybe_there > 0);
    assert_eq!(error.maybe_there, house.rows().len() as u64, "the calls that were answered 204");
}

#[tokio::test]
async fn a_text_over_the_limit_is_cut_and_counted() {
    let house = House::new().await;
    let long = ServiceDeskRow { description: "ä".repeat(70_000), ..row(1) };
    let written = house.records(&[row(0), long]).await.unwrap();
    assert_eq!((written.accepted, written.cut_fields), (2, 1));
    assert_eq!(house.service.complaints(ServiceDeskRow::STREAM), Vec::<String>::new());
    assert!(house.rows()[1]["Description_s"].as_str().unwrap().ends_with("… [cut]"));
}

#[tokio::test]
async fn a_row_that_is_refused_is_named_by_its_place_and_the_others_are_there() {
    let house = House::new().await;
    for place in [7, 3] {
        let fault = Fault::new(Effect::Status(400, "InvalidPayload".to_owned()));
        house.service.faults().add(fault.containing(&format!("INC{place:07}")));
    }
    let written = house.records(&rows(10)).await.unwrap();
    assert_eq!(written.accepted, 8);
    assert_eq!(written.refused.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [3, 7]);
    assert!(written.refused[0].1.contains("InvalidPayload"), "{:?}", written.refused);
    assert_eq!(house.rows().len(), 8);
}

#[tokio::test]
async fn a_throttled_rule_is_waited_for_and_then_everything_is_there() {
    let house = House::new().await;
    house.service.faults().add(Fault::new(Effect::RetryAfter(429, "7".to_owned())).times(2));
    assert_eq!(house.records(&rows(10)).await.unwrap().accepted, 10);
    assert!(house.clock.now() >= noon() + jiff::SignedDuration::from_secs(14));
}

#[tokio::test]
async fn each_failure_says_what_happened_and_what_to_do() {
    let house = House::new().await;
    let fails =
        async |settings: &Workspace, token: &str| house.sink_as(settings, token).unwrap().records(&rows(1)).await.unwrap_err();
    let good = house.settings();
    let elsewhere = || AzureCredential::Token { token: SecretRef::variable("ELSEWHERE") };
    let other = |change: &dyn Fn(&mut Workspace)| {
        let mut settings = house.settings();
        change(&mut settings);
        settings
    };
    let story = [
        (fails(&good, TOKEN_WITHOUT_ROLE).await, "403", "Monitoring Metrics Publisher"),
        (fails(&good, "old-token").await, "401", "workspace.cloud"),
        (fails(&other(&|settings| settings.credential = elsewhere()), TOKEN).await, "ELSEWHERE", "workspace.credential"),
        (fails(&other(&|settings| settings.rule = "dcr-other".to_owned()), TOKEN).await, "404", "workspace.rule"),
        (fails(&other(&|settings| settings.service_desk_stream = "Custom-X".to_owned()), TOKEN).await, "Custom-X", "streams"),
    ];
    for (error, cause, remedy) in story {
        assert!(error.cause.contains(cause) && error.cause.ends_with('.') && !error.cause.ends_with(".."), "{}", error.cause);
        assert!(error.remedy.contains(remedy) && error.remedy.ends_with('.'), "{}", error.remedy);
        assert!(!format!("{error:?}").contains("old-token"), "{error:?}");
    }
}

#[tokio::test]
async fn a_wait_longer_than_a_minute_is_handed_to_the_caller() {
    let house = House::new().await;
    house.service.faults().add(Fault::new(Effect::RetryAfter(429, "600".to_owned())));
    let error = house.records(&rows(1)).await.unwrap_err();
    assert_eq!((error.retry_after, error.remedy.as_str()), (Some(Duration::from_secs(600)), ""));
}

#[tokio::test]
async fn settings_that_cannot_work_are_told_before_anything_is_sent() {
    let house = House::new().await;
    let settings = Workspace { endpoint: "http://rule.ingest.example".parse().unwrap(), ..house.settings() };
    let error = house.sink_as(&settings, TOKEN).unwrap_err();
    assert!(error.cause.contains("https"), "{error}");
    let sink = house.sink();
    assert_eq!(sink.describe(), format!("{RULE} at {}", house.service.url()));
    assert!(!format!("{sink:?}").contains(TOKEN));
}
