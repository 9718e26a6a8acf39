use emulators::service_manager::model::Seed;

use super::*;
use crate::provider::records::{Ask, Page, Position};
use crate::rows::{RecordKind, RecordState, ServiceDeskRow};

async fn page(stage: &Stage, kind: RecordKind, after: &Position, limit: u32) -> Page {
    stage.provider.page(&Ask { kind, after, until: None, limit }).await.unwrap()
}

async fn walk(stage: &Stage, kind: RecordKind, limit: u32) -> Vec<ServiceDeskRow> {
    let (mut rows, mut after) = (Vec::new(), Position::before(jiff::Timestamp::UNIX_EPOCH));
    loop {
        let page = page(stage, kind, &after, limit).await;
        rows.extend(page.rows);
        after = page.next;
        if !page.more {
            return rows;
        }
    }
}

fn seeded(incidents: usize, change_requests: usize) -> Options {
    let mut options = Options::default();
    options.group.seed = Seed { incidents, change_requests, servers: 0 };
    options
}

#[tokio::test]
async fn each_comes_once_also_where_many_were_changed_in_one_instant() {
    let stage = Stage::new().await;
    for index in 0..45 {
        stage.tool.file(Kind::Incident, &format!("incident {index}"));
        if index % 15 == 0 {
            stage.advance(1);
        }
    }
    for limit in [1, 7, 1000] {
        let rows = walk(&stage, RecordKind::Incident, limit).await;
        let mut ids: Vec<_> = rows.iter().map(|row| row.source_id.clone()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!((rows.len(), ids.len()), (45, 45), "limit {limit}");
    }
    let first = page(&stage, RecordKind::Incident, &Position::before(jiff::Timestamp::UNIX_EPOCH), 10).await;
    assert_eq!(first.remaining, Some(35));
    assert!(first.next.at.subsec_nanosecond() % 1_000_000 != 0, "ticks are not rounded: {:?}", first.next);
}

#[tokio::test]
async fn a_limit_in_time_is_kept() {
    let stage = Stage::new().await;
    stage.tool.file(Kind::Incident, "before");
    let until = stage.clock.now();
    stage.advance(60);
    stage.tool.file(Kind::Incident, "after");
    let after = Position::before(jiff::Timestamp::UNIX_EPOCH);
    let until = until.checked_add(jiff::SignedDuration::from_secs(1)).unwrap();
    let ask = Ask { kind: RecordKind::Incident, after: &after, until: Some(until), limit: 10 };
    let page = stage.provider.page(&ask).await.unwrap();
    assert_eq!(page.rows.iter().map(|row| row.title.as_str()).collect::<Vec<_>>(), ["before"]);
}

#[tokio::test]
async fn rows_say_what_people_see() {
    let stage =
        Stage::with(seeded(20, 10), "service_manager = { item_url = \"https://portal.contoso.com/Incident/Edit/{id}\" }").await;
    stage.tool.edit(Kind::Incident, "IR1001", &Edit::Field("Escalated".to_owned(), "true".to_owned()));
    let rows = walk(&stage, RecordKind::Incident, 200).await;
    let row = rows.iter().find(|row| row.number == "IR1001").unwrap();
    for (column, value) in [
        ("state", &row.incident_state),
        ("urgency", &row.urgency),
        ("impact", &row.impact),
        ("priority", &row.priority),
        ("source", &row.source),
        ("created by", &row.created_by),
        ("resolved by", &row.resolved_by),
        ("computer", &row.computer),
        ("version", &row.source_version),
    ] {
        assert!(!value.is_empty() && !value.contains("Enum"), "{column}: {row:#?}");
    }
    assert!(row.created.is_some() && row.resolved.is_some() && row.last_modified.is_some(), "{row:#?}");
    assert_eq!((row.source_id.as_str(), row.escalation.as_str()), (row.number.as_str(), "Yes"));
    assert_eq!(row.source_url, format!("https://portal.contoso.com/Incident/Edit/{}", row.number));
    let changes = walk(&stage, RecordKind::ChangeRequest, 200).await;
    let change = changes.first().unwrap();
    assert_eq!((change.change_type.as_str(), change.risk.as_str(), change.priority.as_str()), ("Standard", "Low", "Medium"));
    assert!(change.requested.is_some() && change.planned_start.is_some() && change.planned_end.is_some(), "{change:#?}");
    assert!(change.incident_state.is_empty() && !change.change_state.is_empty() && change.source_url.is_empty());
}

#[tokio::test]
async fn a_slow_server_and_half_a_page_make_pages_shorter() {
    let stage = Stage::with(seeded(60, 0), "").await;
    let after = Position::before(jiff::Timestamp::UNIX_EPOCH);
    stage.once(Effect::HalfPage, "list ");
    assert_eq!(page(&stage, RecordKind::Incident, &after, 40).await.rows.len(), 20);
    stage.once(Effect::SdkTimeout { done: false }, "list ");
    let ask = Ask { kind: RecordKind::Incident, after: &after, until: None, limit: 40 };
    let error = stage.provider.page(&ask).await.unwrap_err();
    assert!(matches!(error, ProviderError::Retry { .. }), "{error:?}");
    assert_eq!(page(&stage, RecordKind::Incident, &after, 40).await.rows.len(), 10);
}

#[tokio::test]
async fn deleted_ones_are_told_where_the_gateway_knows_them() {
    let after = Position::before(jiff::Timestamp::UNIX_EPOCH);
    for tells_deleted in [true, false] {
        let stage = Stage::with(Options { tells_deleted, ..Options::default() }, "").await;
        let id = stage.tool.file(Kind::Incident, "deleted soon");
        stage.tool.file(Kind::Incident, "stays");
        stage.advance(5);
        stage.tool.remove(Kind::Incident, &id);
        let gone = stage.provider.gone(RecordKind::Incident, &after, 100).await.unwrap();
        assert_eq!(gone.is_some(), tells_deleted);
        if let Some(gone) = gone {
            let told: Vec<_> = gone.rows.iter().map(|row| (row.source_id.as_str(), row.record_state)).collect();
            assert_eq!((told, gone.more), (vec![(id.as_str(), RecordState::Deleted)], false));
            let after = gone.next;
            assert_eq!(stage.provider.gone(RecordKind::Incident, &after, 100).await.unwrap().unwrap().rows, []);
        }
        assert_eq!(stage.provider.read(KIND, &id).await.unwrap(), None, "410 and 404 mean the same to a delivery");
    }
}

/// Lists whatever it is told to.
async fn liar(body: &'static str) -> Arc<dyn Provider> {
    let answer = move || async move { ([("content-type", "application/json")], body) };
    let router = axum::Router::new().route("/v1/incidents", axum::routing::get(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    provider_for(&settings(&url, ""), secrets(), &clock())
}

#[tokio::test]
async fn a_gateway_that_does_not_keep_to_bounds_order_or_end_is_not_believed() {
    let after = Position { at: "2026-09-01T00:00:00Z".parse().unwrap(), id: "IR5".to_owned() };
    let ask = Ask { kind: RecordKind::Incident, after: &after, until: None, limit: 10 };
    for (body, says) in [
        (r#"{"items":[{"id":"IR1","lastModified":"2026-08-01T00:00:00Z"}],"nextCursor":null}"#, "outside of the time asked for"),
        (
            r#"{"items":[{"id":"IR7","lastModified":"2026-09-02T00:00:00Z"},{"id":"IR6","lastModified":"2026-09-02T00:00:00Z"}],"nextCursor":null}"#,
            "order",
        ),
        (r#"{"items":[{"id":"IR7","lastModified":"yesterday"}],"nextCursor":null}"#, "usable LastModified"),
        (r#"{"items":[],"nextCursor":"again"}"#, "without an end"),
        (r#"{"rows":[]}"#, "not what was asked for"),
    ] {
        let error = liar(body).await.page(&ask).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    let odd = r#"{"items":[{"id":"IR7","created":"gestern","lastModified":"2026-09-02T00:00:00Z"}],"nextCursor":null}"#;
    let page = liar(odd).await.page(&ask).await.unwrap();
    assert!(page.rows.len() == 1 && page.remarks[0].cause.contains("CreatedDate"), "{page:?}");
}
