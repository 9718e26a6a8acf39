//! The same alert many times at once, through two processes on one database: one work item.

use emulators::servicenow::ServiceNow;
use tests::alerts::metric;
use tests::caller::Caller;
use tests::process::{Plan, Scratch};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_alert_a_hundred_times_at_once_through_two_processes_is_one_work_item() -> anyhow::Result<()> {
    let tool = ServiceNow::start().await;
    let scratch = Scratch::new("race")?;
    let settings = format!(
        "[connections.snow]\nprovider = \"servicenow\"\nurl = \"{}\"\nauth = {{ type = \"basic\", username = \"itsm\", password = \"$SNOW_PASSWORD\" }}\n\n[intake]\napi_keys = [\"$INTAKE_KEY\"]\n",
        tool.url()
    );
    let plan = Plan::new(env!("CARGO_BIN_EXE_connector"), &scratch, &settings)?;
    let (first, second) = (plan.start().await?, plan.start().await?);
    let callers = [Caller::fixed(&first.url)?, Caller::fixed(&second.url)?];

    let mut posts = tokio::task::JoinSet::new();
    for index in 0..100 {
        let caller = callers[index % 2].clone();
        posts.spawn(async move { caller.post("/api/alerts/snow/incident?code=k", &metric("cpu-web01", 0, false)).await });
    }
    while let Some(posted) = posts.join_next().await {
        posted??;
    }
    let status = callers[0].drained().await?;
    let incidents = tool.records("incident");
    let ours: Vec<_> =
        incidents.iter().filter(|record| record.get("correlation_id").is_some_and(|id| id.starts_with("az-"))).collect();
    assert_eq!(ours.len(), 1, "{ours:#?}");
    assert_eq!(status.pointer("/counts/accepted").and_then(serde_json::Value::as_u64), Some(100), "{status:#}");
    assert_eq!(status.pointer("/counts/work_items").and_then(serde_json::Value::as_u64), Some(1), "{status:#}");
    assert_eq!(status.pointer("/counts/duplicates_suppressed").and_then(serde_json::Value::as_u64), Some(99), "{status:#}");
    Ok(())
}
