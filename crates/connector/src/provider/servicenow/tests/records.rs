//! Pages of records, in order, whole, and exactly as the instance has them.

use std::collections::{BTreeMap, BTreeSet};

use emulators::servicenow::{Partial, Record, User};
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::provider::records::{Ask, Page, Position};
use crate::rows::{RecordKind, ServiceDeskRow};

/// A connection with all the roles there are.
pub(super) const ADMINISTRATOR: &str = "auth = { type = \"basic\", username = \"admin\", password = \"$ADMIN\" }\n";

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn stamp(seconds: i64) -> String {
    at(seconds).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

impl Stage {
    pub(super) async fn page(&self, after: &Position, until: Option<Timestamp>, limit: u32) -> Result<Page, ProviderError> {
        self.provider.page(&Ask { kind: RecordKind::Incident, after, until, limit }).await
    }

    /// Follows `next` to the end.
    async fn follow(&self, from: Timestamp, limit: u32) -> (Vec<ServiceDeskRow>, Vec<String>) {
        let (mut rows, mut remarks, mut after) = (Vec::new(), Vec::new(), Position::before(from));
        for _ in 0..500 {
            let page = self.page(&after, None, limit).await.unwrap();
            rows.extend(page.rows);
            remarks.extend(page.remarks.into_iter().map(|remark| format!("{}; {}", remark.cause, remark.remedy)));
            assert!(page.next >= after, "{:?} before {after:?}", page.next);
            after = page.next;
            if !page.more {
                return (rows, remarks);
            }
        }
        panic!("the end is never reached");
    }

    /// `count` incidents changed at `seconds`.
    fn incidents_at(&self, seconds: i64, count: usize, more: &[(&str, &str)]) -> Vec<String> {
        let changed = stamp(seconds);
        let fields: Vec<_> = more.iter().copied().chain([("sys_updated_on", changed.as_str())]).collect();
        (0..count).map(|_| self.instance.insert("incident", &fields)).collect()
    }

    fn hide(&self, query: &str) {
        let table = "incident".to_owned();
        self.fault(Fault::new(Effect::ReadHidden { table, query: query.to_owned() }).method("GET"));
    }

    fn reads(&self) -> usize {
        self.asked("GET", "/table/incident")
    }
}

fn ids(rows: &[ServiceDeskRow]) -> BTreeSet<String> {
    rows.iter().map(|row| row.source_id.clone()).collect()
}

fn places(rows: &[ServiceDeskRow]) -> Vec<(Timestamp, String)> {
    rows.iter().map(|row| (row.last_modified.unwrap(), row.source_id.clone())).collect()
}

fn refused(result: Result<Page, ProviderError>) -> (String, String) {
    match result {
        Err(ProviderError::Refused { cause, remedy }) => (cause, remedy),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_row_holds_labels_names_and_utc() {
    let stage = Stage::new().await;
    let server = stage.instance.insert("cmdb_ci_linux_server", &[("name", "web01")]);
    let person = stage.instance.records("sys_user").into_iter().find(|user| user["user_name"] == "beth.anglin").unwrap();
    let sys_id = stage.instance.insert(
        "incident",
        &[
            ("short_description", "Disk \"C\" full"),
            ("description", "line\nänother"),
            ("state", "6"),
            ("close_code", "Solution provided"),
            ("close_notes", "x"),
            ("impact", "1"),
            ("urgency", "2"),
            ("cmdb_ci", &server),
            ("assigned_to", &person["sys_id"]),
            ("category", "network"),
            ("escalation", "1"),
        ],
    );
    let page = stage.page(&Position::before(at(NOW - 60)), None, 100).await.unwrap();
    let record = stage.instance.record("incident", &sys_id).unwrap();
    let [row] = page.rows.as_slice() else { panic!("{page:?}") };
    assert_eq!(row.number, record["number"]);
    assert_eq!((row.incident_state.as_str(), row.change_state.as_str()), ("Resolved", ""));
    assert_eq!((row.impact.as_str(), row.urgency.as_str(), row.priority.as_str()), ("1 - High", "2 - Medium", "2 - High"));
    assert_eq!((row.computer.as_str(), row.assigned_to.as_str()), ("web01", person["name"].as_str()));
    assert_eq!((row.title.as_str(), row.description.as_str()), ("Disk \"C\" full", "line\nänother"));
    assert_eq!((row.created, row.resolved, row.closed, row.last_modified), (Some(at(NOW)), Some(at(NOW)), None, Some(at(NOW))));
    assert_eq!((row.source_id.as_str(), row.source_version.as_str()), (sys_id.as_str(), "0"));
    assert_eq!(row.source_url, format!("{}/incident.do?sys_id={sys_id}", stage.instance.url()));
    assert_eq!(row.work_item_type, RecordKind::Incident);
    assert!(!row.category.is_empty() && !row.escalation.is_empty() && !row.created_by.is_empty());
    assert_eq!((page.more, page.remaining, page.remarks.len()), (false, Some(0), 0), "{:?}", page.remarks);
}

#[tokio::test]
async fn a_change_request_has_its_own_columns() {
    let stage = Stage::new().await;
    let planned = stamp(NOW + 3600);
    let person = stage.instance.records("sys_user").into_iter().find(|user| user["user_name"] == "beth.anglin").unwrap();
    stage.instance.insert(
        "change_request",
        &[("type", "emergency"), ("risk", "2"), ("start_date", &planned), ("requested_by", &person["sys_id"])],
    );
    let after = Position::before(at(NOW));
    let ask = Ask { kind: RecordKind::ChangeRequest, after: &after, until: None, limit: 10 };
    let page = stage.provider.page(&ask).await.unwrap();
    let [row] = page.rows.as_slice() else { panic!("{page:?}") };
    assert_eq!((row.incident_state.as_str(), row.change_state.as_str()), ("", "New"));
    assert_eq!(row.planned_start, Some(at(NOW + 3600)));
    assert_eq!((row.created_by.as_str(), row.work_item_type), (person["name"].as_str(), RecordKind::ChangeRequest));
    assert!(!row.risk.is_empty() && !row.change_type.is_empty() && !row.conflict_status.is_empty() && row.created.is_some());
    assert!(row.source_url.contains("/change_request.do?sys_id=") && row.number.starts_with("CHG"));
    assert!(page.remarks.is_empty(), "{:?}", page.remarks);
}

#[tokio::test]
async fn a_page_costs_about_one_request_and_no_record_is_missed_or_repeated() {
    let seed = Seed { incidents: 2000, ..BARE };
    let instance = Instance::start_with(Options { time: Time::Manual(NOW), seed, ..Options::default() }).await;
    let clock = Arc::new(ManualClock::new(at(NOW)));
    let provider = provider_for(&settings(&instance.url(), ""), &clock);
    let stage = Stage { instance, clock, provider };
    let (rows, remarks) = stage.follow(at(NOW - 121 * 86_400), 100).await;
    assert_eq!(rows.len(), 2000);
    assert!(places(&rows).is_sorted());
    assert_eq!(ids(&rows).len(), 2000);
    assert!(remarks.is_empty(), "{remarks:?}");
    // The first 20 full pages give up their last record to the next.
    assert!(stage.reads() <= 21, "{} requests", stage.reads());
    assert!(stage.instance.requests().iter().all(|request| !request.query.contains("sysparm_offset")));
}

#[tokio::test]
async fn a_second_that_is_longer_than_a_page_is_read_on_behind_its_last_record() {
    let stage = Stage::new().await;
    for (second, count) in [(0, 3), (1, 57), (2, 1), (3, 20), (4, 2)] {
        stage.incidents_at(NOW - 100 + second, count, &[]);
    }
    for limit in [1, 2, 7, 10, 20, 57, 1000] {
        let (rows, _) = stage.follow(at(NOW - 100), limit).await;
        assert_eq!(ids(&rows).len(), 83, "{limit}");
        assert_eq!(rows.len(), 83, "{limit}");
        assert!(places(&rows).is_sorted(), "{limit}");
    }
    let before = stage.reads();
    stage.follow(at(NOW - 100), 20).await;
    assert!(stage.reads() - before <= 8, "{} requests for 83 records, 20 a page", stage.reads() - before);
}

#[tokio::test]
async fn a_stretch_ends_where_it_was_asked_to() {
    let stage = Stage::new().await;
    for second in 0..10 {
        stage.incidents_at(NOW - 100 + second, 2, &[]);
    }
    let page = stage.page(&Position::before(at(NOW - 98)), Some(at(NOW - 95)), 100).await.unwrap();
    assert_eq!((page.rows.len(), page.more), (8, false));
    let page = stage.page(&page.next, Some(at(NOW - 95)), 100).await.unwrap();
    assert_eq!((page.rows.len(), page.more), (0, false));
}

#[tokio::test]
async fn the_narrowing_query_stands_before_every_statement() {
    let stage = Stage::settings("[sync]\nincident_query = \"impact=1^ORimpact=2^EQ\"").await;
    for (impact, count) in [("1", 5), ("2", 6), ("3", 7)] {
        stage.incidents_at(NOW - 50, count, &[("impact", impact)]);
    }
    let (rows, _) = stage.follow(at(NOW - 60), 3).await;
    assert_eq!((rows.len(), ids(&rows).len()), (11, 11));
}

#[tokio::test]
async fn a_query_that_the_instance_does_not_keep_to_is_refused_with_its_setting() {
    for query in ["impact=1^NQimpact=3", "ORDERBYDESCsys_updated_on"] {
        let stage = Stage::settings(&format!("[sync]\nincident_query = \"{query}\"")).await;
        stage.incidents_at(NOW - 500, 2, &[("impact", "1")]);
        stage.incidents_at(NOW - 50, 2, &[("impact", "3")]);
        stage.incidents_at(NOW - 40, 2, &[("impact", "3")]);
        let (cause, remedy) = refused(stage.page(&Position::before(at(NOW - 60)), None, 100).await);
        assert!(cause.contains("incident") && remedy.contains("sync.incident_query"), "{query}: {cause} {remedy}");
    }
}

#[tokio::test]
async fn a_whole_table_in_answer_to_a_stretch_is_never_taken_for_it() {
    let stage = Stage::new().await;
    let body = r#"{"result":[{"sys_id":"a","sys_updated_on":"2020-01-01 00:00:00"}]}"#;
    stage.fault(Fault::new(status(200, body)));
    let (cause, _) = refused(stage.page(&Position::before(at(NOW)), None, 100).await);
    assert!(cause.contains("ignores"), "{cause}");
}

#[tokio::test]
async fn a_place_that_may_not_be_read_is_refused_with_the_column() {
    let stage = Stage::new().await;
    for (body, column) in [
        (r#"{"result":[{"sys_id":{"value":"a","display_value":"a"},"number":"INC1"}]}"#, "incident.sys_updated_on"),
        (r#"{"result":[{"sys_updated_on":"2026-09-01 10:00:00"}]}"#, "incident.sys_id"),
        (r#"{"result":[{"sys_id":"a","sys_updated_on":"yesterday"}]}"#, "incident.sys_updated_on"),
    ] {
        stage.fault(Fault::new(status(200, body)).times(1));
        let (_, remedy) = refused(stage.page(&Position::before(at(NOW)), None, 100).await);
        assert!(remedy.contains(column), "{remedy}");
    }
    // A column of the query itself: the instance says so.
    stage.fault(Fault::new(Effect::ReadDenied { table: "incident".to_owned(), field: Some("sys_updated_on".to_owned()) }));
    let (cause, remedy) = refused(stage.page(&Position::before(at(NOW)), None, 100).await);
    assert!(cause.contains("Insufficient rights") && remedy.contains("right to read"), "{cause} {remedy}");
}

#[tokio::test]
async fn columns_that_may_not_be_read_stay_empty_and_are_named_once() {
    let stage = Stage::new().await;
    stage.incidents_at(NOW, 3, &[("description", "secret"), ("short_description", "seen")]);
    for field in ["description", "cmdb_ci"] {
        stage.fault(Fault::new(Effect::ReadDenied { table: "incident".to_owned(), field: Some(field.to_owned()) }));
    }
    let page = stage.page(&Position::before(at(NOW)), None, 100).await.unwrap();
    assert!(page.rows.len() == 3 && page.rows.iter().all(|row| row.description.is_empty() && row.title == "seen"));
    let [remark] = page.remarks.as_slice() else { panic!("{:?}", page.remarks) };
    assert!(remark.cause.contains("description, cmdb_ci"), "{remark:?}");
}

#[tokio::test]
async fn a_date_that_is_none_is_left_out_and_said_once() {
    let stage = Stage::new().await;
    let row =
        |id: u8| format!(r#"{{"sys_id":"{id}","sys_updated_on":"2026-09-01 10:00:00","opened_at":{{"value":"01.09.2026"}}}}"#);
    let body = format!(r#"{{"result":[{},{}]}}"#, row(1), row(2));
    stage.fault(Fault::new(status(200, &body)).times(1));
    let page = stage.page(&Position::before(at(NOW)), None, 100).await.unwrap();
    assert!(page.rows.iter().all(|row| row.created.is_none()));
    let told = page.remarks.iter().filter(|remark| remark.cause.contains("opened_at") && remark.cause.contains("no dates"));
    assert_eq!(told.count(), 1);
    // No count came with it, so only an empty page is believed to be the end.
    assert!(page.more);
}

#[tokio::test]
async fn a_page_cut_short_by_access_rules_is_not_the_end() {
    let stage = Stage::new().await;
    for second in 0..200 {
        let impact = if second % 3 == 0 { "1" } else { "3" };
        stage.incidents_at(NOW - 1000 + second, 1, &[("impact", impact)]);
    }
    stage.hide("impact=3");
    let (rows, remarks) = stage.follow(at(NOW - 1000), 20).await;
    assert_eq!((rows.len(), ids(&rows).len()), (67, 67));
    assert!(remarks.is_empty(), "{remarks:?}");
    stage.instance.faults().clear();
    stage.fault(Fault::new(Effect::ShortPage { rows: 3 }).times(4));
    assert_eq!(ids(&stage.follow(at(NOW - 1000), 20).await.0).len(), 200);
}

#[tokio::test]
async fn a_long_run_of_hidden_records_is_stepped_over() {
    let stage = Stage::new().await;
    let day = 86_400;
    let mut visible: BTreeSet<String> = stage.incidents_at(NOW - 30 * day, 3, &[("impact", "1")]).into_iter().collect();
    for number in 0..400 {
        stage.incidents_at(NOW - 29 * day + number * 3600, 2, &[("impact", "3")]);
    }
    // A crowd in one second, with one record among them.
    stage.incidents_at(NOW - 5 * day, 60, &[("impact", "3")]);
    visible.extend(stage.incidents_at(NOW - 5 * day, 1, &[("impact", "1")]));
    stage.incidents_at(NOW - 5 * day, 60, &[("impact", "3")]);
    visible.extend(stage.incidents_at(NOW - day, 2, &[("impact", "1")]));
    stage.incidents_at(NOW - 10, 30, &[("impact", "3")]);
    stage.hide("impact=3");
    let (rows, remarks) = stage.follow(at(NOW - 31 * day), 10).await;
    assert_eq!(ids(&rows), visible);
    assert_eq!(rows.len(), visible.len());
    assert!(remarks.is_empty(), "{remarks:?}");
    assert!(stage.reads() < 60, "{} requests", stage.reads());
}

#[tokio::test]
async fn an_instance_that_counts_only_what_may_be_read_is_read_to_its_end() {
    let stage = Stage::new().await;
    stage.instance.set_property("emulator.count_readable_only", "true");
    let visible: BTreeSet<String> = [(500, 30), (300, 3), (100, 25)]
        .into_iter()
        .flat_map(|(ago, hidden)| {
            (0..hidden).for_each(|second| drop(stage.incidents_at(NOW - ago + second, 1, &[("impact", "3")])));
            stage.incidents_at(NOW - ago + hidden, 2, &[("impact", "1")])
        })
        .collect();
    stage.hide("impact=3");
    let (rows, _) = stage.follow(at(NOW - 1000), 10).await;
    assert_eq!((ids(&rows), rows.len()), (visible, 6));
}

#[tokio::test]
async fn where_nothing_may_be_read_the_missing_role_is_named() {
    let stage = Stage::new().await;
    for count in [5, 300] {
        stage.incidents_at(NOW - count, 5, &[]);
        for second in 0..count {
            stage.incidents_at(NOW - second, 1, &[]);
        }
        stage.fault(Fault::new(Effect::ReadDenied { table: "incident".to_owned(), field: None }));
        let (rows, remarks) = stage.follow(at(NOW - 3600), 100).await;
        assert!(rows.is_empty());
        assert!(remarks.iter().any(|remark| remark.contains("sn_incident_read")), "{remarks:?}");
    }
    let users = vec![User::new("itsm", "p", &["rest_service"])];
    let poor = Stage::with(Options { users, ..Options::default() }, "").await;
    poor.incidents_at(NOW, 1, &[]);
    let (_, remarks) = poor.follow(at(NOW - 60), 100).await;
    assert!(remarks.iter().any(|remark| remark.contains("itil")), "{remarks:?}");
}

#[tokio::test]
async fn more_than_ten_thousand_hidden_records_in_one_second_are_counted_over() {
    let stage = Stage::new().await;
    stage.incidents_at(NOW - 100, 10_050, &[("impact", "3")]);
    let visible: BTreeSet<String> = stage.incidents_at(NOW - 99, 2, &[("impact", "1")]).into_iter().collect();
    stage.hide("impact=3");
    let (rows, remarks) = stage.follow(at(NOW - 200), 1000).await;
    assert_eq!(ids(&rows), visible);
    assert!(remarks.iter().any(|remark| remark.contains("by counting")), "{remarks:?}");
    assert!(stage.reads() < 30, "{} requests", stage.reads());
}

#[tokio::test]
async fn half_a_page_is_asked_for_again_with_half_the_limit_which_grows_again() {
    let stage = Stage::new().await;
    for second in 0..600 {
        stage.incidents_at(NOW - 1000 + second, 1, &[]);
    }
    let partials = [Partial::Valid, Partial::ArrayOpen, Partial::StrayBracket, Partial::Sentence];
    for partial in partials {
        stage.fault(Fault::new(Effect::PartialPage(partial)).times(1));
    }
    stage.fault(Fault::new(Effect::BrokenJson).after(1).times(1));
    let (rows, _) = stage.follow(at(NOW - 1000), 160).await;
    assert_eq!((rows.len(), ids(&rows).len()), (600, 600));
    let limits: Vec<u32> = stage
        .instance
        .requests()
        .iter()
        .map(|request| request.query.split("sysparm_limit=").nth(1).unwrap().split('&').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(limits[..3], [160, 80, 40], "{limits:?}");
    assert!(limits.iter().max().unwrap() == &160 && limits.last().unwrap() > &40, "{limits:?}");
}

#[tokio::test]
async fn an_instance_that_always_sends_half_is_an_error_to_try_again() {
    let stage = Stage::new().await;
    stage.incidents_at(NOW, 30, &[]);
    stage.fault(Fault::new(Effect::PartialPage(Partial::Valid)));
    let result = stage.page(&Position::before(at(NOW)), None, 1000).await;
    assert!(matches!(&result, Err(ProviderError::Retry { cause, .. }) if cause.contains("Transaction cancelled")), "{result:?}");
    assert!(stage.reads() <= 10, "{}", stage.reads());
}

#[tokio::test]
async fn what_is_no_list_stays_what_it_is() {
    let stage = Stage::new().await;
    for (effect, reason) in [
        (Effect::Hibernating, WaitReason::Hibernating),
        (Effect::LoginPage, WaitReason::Credentials),
        (Effect::RateLimit { retry_after: 60 }, WaitReason::RateLimit),
        (status(502, "<html>bad gateway</html>"), WaitReason::Outage),
    ] {
        stage.fault(Fault::new(effect).times(1));
        assert_eq!(waits(&stage.page(&Position::before(at(NOW)), None, 10).await.unwrap_err()), reason);
    }
}

#[tokio::test]
async fn a_token_that_was_revoked_between_pages_is_renewed() {
    let auth = r#"auth = { type = "oauth_password", client_id = "itsm-client", client_secret = "$CLIENT_SECRET", username = "itsm", password = "$SNOW_PASSWORD" }"#;
    let stage = Stage::settings(auth).await;
    stage.incidents_at(NOW - 2, 1, &[]);
    stage.incidents_at(NOW - 1, 20, &[]);
    let page = stage.page(&Position::before(at(NOW - 10)), None, 5).await.unwrap();
    stage.instance.forget_tokens(true);
    let rest = stage.page(&page.next, None, 100).await.unwrap();
    assert_eq!(page.rows.len() + rest.rows.len(), 21);
}

/// The instance's clock stands still for a while and then goes on by a second or two, while records come, change and go between
/// pages, some of them hidden, some pages cut or broken.
#[tokio::test]
async fn whatever_happens_between_pages_the_last_version_of_every_record_comes() {
    for seed in 0..6 {
        churn(seed).await;
    }
}

/// Labels of incidents' choices by column and value, and people by `sys_id`.
type Names = BTreeMap<(String, String), String>;

fn names(stage: &Stage) -> Names {
    let mut lists = stage.instance.records("sys_choice");
    // An incident's own list wins over that of tasks.
    lists.sort_by_key(|choice| choice["name"] == "incident");
    lists.retain(|choice| ["incident", "task"].contains(&choice["name"].as_str()) && choice["inactive"] != "true");
    let choice = |record: Record| ((record["element"].clone(), record["value"].clone()), record["label"].clone());
    let person = |record: Record| ((String::new(), record["sys_id"].clone()), record["name"].clone());
    lists.into_iter().map(choice).chain(stage.instance.records("sys_user").into_iter().map(person)).collect()
}

/// The row of an incident, made from what an administrator sees of it.
fn expected(names: &Names, record: &Record) -> ServiceDeskRow {
    let label = |element: &str| {
        let value = &record[element];
        names.get(&(element.to_owned(), value.clone())).unwrap_or(value).clone()
    };
    let name = |element: &str| names.get(&(String::new(), record[element].clone())).cloned().unwrap_or_default();
    let instant = |element: &str| {
        let text = record[element].replace(' ', "T");
        (!text.is_empty()).then(|| format!("{text}Z").parse::<Timestamp>().unwrap())
    };
    ServiceDeskRow {
        work_item_type: RecordKind::Incident,
        number: record["number"].clone(),
        incident_state: label("state"),
        urgency: label("urgency"),
        impact: label("impact"),
        priority: label("priority"),
        created_by: name("opened_by"),
        resolved_by: name("resolved_by"),
        closed_by: name("closed_by"),
        assigned_to: name("assigned_to"),
        source: label("contact_type"),
        category: label("category"),
        escalation: label("escalation"),
        title: record["short_description"].clone(),
        description: record["description"].clone(),
        created: instant("opened_at"),
        closed: instant("closed_at"),
        resolved: instant("resolved_at"),
        last_modified: instant("sys_updated_on"),
        source_id: record["sys_id"].clone(),
        source_version: record["sys_mod_count"].clone(),
        ..ServiceDeskRow::default()
    }
}

async fn churn(seed: u64) {
    let mut chance = StdRng::seed_from_u64(seed);
    let stage = Stage::new().await;
    let mut known: Vec<String> = Vec::new();
    for second in 0..60 {
        let count = [0, 1, 2, 3, 25][chance.random_range(0..5)];
        known.extend(stage.incidents_at(NOW - 100 + second, count, &[("impact", if second % 4 == 0 { "3" } else { "1" })]));
    }
    stage.hide("impact=3");
    for partial in [Partial::Valid, Partial::ArrayOpen, Partial::Sentence] {
        stage.fault(Fault::new(Effect::PartialPage(partial)).probability(0.05));
    }
    let mut newest: BTreeMap<String, ServiceDeskRow> = BTreeMap::new();
    let mut after = Position::before(at(NOW - 200));
    let mut churned = 0;
    for step in 0.. {
        assert!(step < 3000, "seed {seed}: the end is never reached");
        // The place that is read now is never changed any more: what an overlap is for is not the subject here.
        if churned < 80 {
            stage.advance(chance.random_range(1..3));
            for _ in 0..chance.random_range(1..12) {
                churned += usize::from(chance.random_bool(0.2));
                let some = chance.random_range(0..known.len().max(1));
                match chance.random_range(0..10) {
                    0..=4 if !known.is_empty() => {
                        let impact = if chance.random_bool(0.1) { "3" } else { "1" };
                        let text = format!("changed {step} {}", chance.random_range(0..1000));
                        let status = ["1", "2", "6", "7", "8"][chance.random_range(0..5)];
                        let changes = [("short_description", text.as_str()), ("impact", impact), ("state", status)];
                        stage.instance.update("incident", &known[some], &changes);
                    }
                    5 if !known.is_empty() => stage.instance.delete("incident", &known.swap_remove(some)),
                    _ => known.push(stage.instance.insert("incident", &[("impact", "1"), ("short_description", "new")])),
                }
            }
            stage.advance(1);
        }
        let limit = [1, 3, 10, 17, 40, 200][chance.random_range(0..6)];
        let page = match stage.page(&after, None, limit).await {
            Ok(page) => page,
            Err(ProviderError::Retry { .. }) => continue,
            Err(other) => panic!("seed {seed}: {other:?}"),
        };
        assert!(places(&page.rows).is_sorted(), "seed {seed}");
        newest.extend(page.rows.into_iter().map(|row| (row.source_id.clone(), row)));
        after = page.next;
        if !page.more && churned >= 80 {
            break;
        }
    }
    stage.instance.faults().clear();
    let visible: Vec<Record> = stage.instance.records("incident").into_iter().filter(|record| record["impact"] != "3").collect();
    assert!(visible.len() > 30, "seed {seed}");
    let names = names(&stage);
    for record in visible {
        let row = newest.get(&record["sys_id"]).unwrap_or_else(|| panic!("seed {seed}: {} is missing", record["number"]));
        let same = ServiceDeskRow { source_url: String::new(), ..row.clone() };
        assert_eq!(same, expected(&names, &record), "seed {seed}");
    }
}
