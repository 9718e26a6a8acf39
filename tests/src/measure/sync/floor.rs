//! The floor of the sync: pages in, rows out, the same bytes in the same calls, with the least code that does it. No types of ours,
//! no settings, no store, no retries: nothing that keeps a promise.

use std::borrow::Cow;
use std::io::Write;

use anyhow::{Context, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Client;
use serde::{Deserialize, Serialize};

use emulators::logs_ingestion::{RULE, TOKEN};

const LIMIT: usize = 1000;
const CALL: usize = 990_000;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    result: Vec<Record<'a>>,
}

#[derive(Deserialize)]
struct Cell<'a> {
    #[serde(borrow)]
    display_value: Cow<'a, str>,
    #[serde(borrow)]
    value: Cow<'a, str>,
}

macro_rules! columns {
    ($($field:ident $column:literal $part:ident,)*) => {
        #[derive(Deserialize)]
        struct Record<'a> {
            $(#[serde(borrow)] $field: Cell<'a>,)*
            #[serde(borrow)]
            sys_updated_on: Cell<'a>,
        }

        #[derive(Serialize)]
        struct Row<'a> {
            #[serde(rename = "TimeGenerated")]
            time_generated: &'a str,
            #[serde(rename = "ServiceDeskWorkItemType_s")]
            kind: &'a str,
            #[serde(rename = "ServiceDeskConnectionName_s")]
            connection: &'a str,
            #[serde(rename = "SourceUrl_s")]
            url: String,
            #[serde(rename = "RecordState_s")]
            present: &'a str,
            #[serde(rename = "SyncRunId_s")]
            run: &'a str,
            #[serde(rename = "LastModifiedDate_t")]
            last_modified: String,
            $(#[serde(rename = $column, skip_serializing_if = "str::is_empty")] $field: Cow<'a, str>,)*
        }

        const FIELDS: &str = concat!($(stringify!($field), ",",)* "sys_updated_on");

        fn row<'a>(record: Record<'a>, base: &str, now: &'a str) -> Row<'a> {
            Row {
                time_generated: now,
                kind: "Incident",
                connection: "snow",
                url: format!("{base}/incident.do?sys_id={}", record.sys_id.value),
                present: "Present",
                run: "00000000-0000-0000-0000-000000000000",
                last_modified: date(&record.sys_updated_on.value).into_owned(),
                $($field: columns!(@$part record.$field),)*
            }
        }
    };
    (@shown $cell:expr) => { $cell.display_value };
    (@stored $cell:expr) => { $cell.value };
    (@date $cell:expr) => { Cow::Owned(date(&$cell.value).into_owned()) };
}

columns! {
    number "ServiceDeskId_s" shown,
    state "IncidentState_s" shown,
    urgency "Urgency_s" shown,
    impact "Impact_s" shown,
    priority "Priority_s" shown,
    opened_by "CreatedBy_s" shown,
    resolved_by "ResolvedBy_s" shown,
    closed_by "ClosedBy_s" shown,
    contact_type "Source_s" shown,
    assigned_to "AssignedTo_s" shown,
    category "Category_s" shown,
    short_description "Title_s" shown,
    description "Description_s" shown,
    escalation "Escalation_s" shown,
    opened_at "CreatedDate_t" date,
    closed_at "ClosedDate_t" date,
    resolved_at "ResolvedDate_t" date,
    cmdb_ci "Computer" shown,
    sys_id "SourceId_s" stored,
    sys_mod_count "SourceVersion_s" stored,
}

fn date(value: &str) -> Cow<'_, str> {
    if value.is_empty() { Cow::Borrowed("") } else { Cow::Owned(format!("{}Z", value.replace(' ', "T"))) }
}

/// Moves all incidents of `tool` to `logs`, reading the next page while the last rows are on their way.
pub async fn run(tool: &str, logs: &str) -> anyhow::Result<()> {
    let client = Client::builder().no_proxy().build()?;
    let stream = <connector::rows::ServiceDeskRow as connector::rows::Row>::STREAM;
    let target = format!("{logs}/dataCollectionRules/{RULE}/streams/{stream}?api-version=2023-01-01");
    let now = connector::clock::Clock::now(&connector::clock::SystemClock).to_string();
    let mut place: Option<(String, String)> = None;
    let mut batch = Vec::with_capacity(CALL);
    let mut sending: Option<tokio::task::JoinHandle<anyhow::Result<()>>> = None;
    loop {
        let query = place.as_ref().map_or_else(
            || "ORDERBYsys_updated_on^ORDERBYsys_id".to_owned(),
            |(at, _)| format!("sys_updated_on>{at}^ORDERBYsys_updated_on^ORDERBYsys_id"),
        );
        let mut pages = vec![page(&client, tool, &query).await?];
        if let Some((at, id)) = &place {
            pages.insert(0, page(&client, tool, &format!("sys_updated_on={at}^sys_id>{id}^ORDERBYsys_id")).await?);
        }
        let mut read = 0;
        for body in &pages {
            let page: Page<'_> = serde_json::from_slice(body).context("a page")?;
            read += page.result.len();
            if let Some(last) = page.result.last() {
                place = Some((last.sys_updated_on.value.to_string(), last.sys_id.value.to_string()));
            }
            for record in page.result {
                let before = batch.len();
                batch.push(if batch.is_empty() { b'[' } else { b',' });
                serde_json::to_writer(&mut batch, &row(record, tool, &now))?;
                if batch.len() > CALL {
                    let rest = batch.split_off(before);
                    send(&client, &target, std::mem::replace(&mut batch, rest), &mut sending).await?;
                    if let Some(first) = batch.first_mut() {
                        *first = b'[';
                    }
                }
            }
        }
        if read < LIMIT {
            break;
        }
    }
    send(&client, &target, batch, &mut sending).await?;
    if let Some(last) = sending {
        last.await??;
    }
    Ok(())
}

async fn page(client: &Client, tool: &str, query: &str) -> anyhow::Result<bytes::Bytes> {
    let limit = LIMIT.to_string();
    let parameters = [
        ("sysparm_query", query),
        ("sysparm_limit", &limit),
        ("sysparm_suppress_pagination_header", "true"),
        ("sysparm_display_value", "all"),
        ("sysparm_exclude_reference_link", "true"),
        ("sysparm_fields", FIELDS),
    ];
    let request = client.get(format!("{tool}/api/now/table/incident")).query(&parameters).basic_auth("itsm", Some("p"));
    Ok(request.send().await?.error_for_status()?.bytes().await?)
}

async fn send(
    client: &Client,
    target: &str,
    mut batch: Vec<u8>,
    sending: &mut Option<tokio::task::JoinHandle<anyhow::Result<()>>>,
) -> anyhow::Result<()> {
    batch.push(b']');
    if let Some(before) = sending.take() {
        before.await??;
    }
    let (client, target) = (client.clone(), target.to_owned());
    *sending = Some(tokio::spawn(async move {
        let mut gzip = GzEncoder::new(Vec::with_capacity(batch.len() / 8), Compression::new(1));
        gzip.write_all(&batch)?;
        let request = client.post(target).bearer_auth(TOKEN).header("Content-Type", "application/json");
        let answer = request.header("Content-Encoding", "gzip").body(gzip.finish()?).send().await?;
        ensure!(answer.status() == 204, "{}", answer.status());
        Ok(())
    }));
    Ok(())
}
