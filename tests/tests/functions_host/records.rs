//! Timers bring incidents into the workspace and read the tool's configuration, late ones too.

use std::collections::BTreeSet;

use connector::rows::{Row, ServiceDeskRow};
use emulators::logs_ingestion::{LogsIngestion, RULE, TOKEN};
use emulators::servicenow::{Effect, Fault};
use tests::alerts::metric;
use tests::churn::workspace;
use tests::functions_host::Trouble;

use crate::deployed::{Deployed, INCIDENT, post, status};
use crate::stage::client;

/// A deployment whose rows go to a workspace.
async fn opened() -> Option<(Deployed, LogsIngestion)> {
    let logs = workspace(true, 1_000_000).await;
    let section = format!(
        "[workspace]\nendpoint = \"{}\"\nrule = \"{RULE}\"\ncredential = {{ type = \"token\", token = \"$LOGS_TOKEN\" }}\n",
        logs.url()
    );
    let mut deployed = Deployed::new(&section).await?;
    deployed.settings.insert("LOGS_TOKEN".to_owned(), TOKEN.to_owned());
    Some((deployed, logs))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_brings_what_changed_into_the_workspace_also_when_it_is_late_and_on_any_instance() {
    let Some((deployed, logs)) = opened().await else { return };
    let sys_id = deployed.tool.insert("incident", &[("short_description", "printer on fire")]);
    let host = deployed.run(2).await;
    let run = host.run_timer("work_item_sync", false).await.unwrap();
    run.outcome.unwrap();
    assert_eq!(logs.count(ServiceDeskRow::STREAM), 1);
    deployed.tool.update("incident", &sys_id, &[("short_description", "printer quite cold")]);
    host.run_timer("work_item_sync", true).await.unwrap().outcome.unwrap();
    assert_eq!(logs.count(ServiceDeskRow::STREAM), 2);
    let instances: Vec<_> = host.invoked("work_item_sync").iter().map(|invoked| invoked.instance).collect();
    assert_eq!(instances, [0, 1]);
    assert!(host.lines(1).unwrap().iter().any(|line| line.contains("the sync is late")));
    host.stop().await.unwrap().expect_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_takes_nothing_is_no_failure_of_the_timer_and_the_next_run_goes_on() {
    let Some((deployed, logs)) = opened().await else { return };
    deployed.tool.insert("incident", &[("short_description", "printer on fire")]);
    logs.revoke_token(TOKEN);
    let host = deployed.run(1).await;
    let told = host.run_timer("work_item_sync", false).await.unwrap().outcome.unwrap().logs;
    assert!(told.iter().any(|line| line.contains("FAILED")), "{told:?}");
    logs.accept_token(TOKEN, true);
    host.run_timer("work_item_sync", true).await.unwrap().outcome.unwrap();
    assert_eq!(logs.count(ServiceDeskRow::STREAM), 1);
    host.stop().await.unwrap().expect_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_is_read_and_when_the_tool_is_down_read_again_as_the_policy_says() {
    let Some((deployed, _logs)) = opened().await else { return };
    let host = deployed.run(1).await;
    let run = host.run_timer("configuration_refresh", true).await.unwrap();
    assert_eq!((run.outcome.is_ok(), run.attempts), (true, 1));
    host.report().expect_nothing();
    assert!(!status(&host).await["connections"][0]["configuration"].is_null());
    deployed.tool.faults().add(Fault::new(Effect::Hibernating));
    let run = host.run_timer("configuration_refresh", false).await.unwrap();
    assert_eq!((run.outcome.is_err(), run.attempts), (true, 4));
    host.stop().await.unwrap().expect_only(&[Trouble::Failed]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_instance_has_read_of_the_tool_another_falls_back_on_though_it_started_before() {
    let Some((deployed, _logs)) = opened().await else { return };
    let template = [("name", "Night"), ("table", "incident"), ("active", "true"), ("template", "contact_type=phone^EQ")];
    deployed.tool.insert("sys_template", &template);
    let host = deployed.run(2).await;
    // Both have looked for a copy, and there was none.
    let delivered = || -> BTreeSet<usize> { host.invoked("work_item_delivery").iter().map(|invoked| invoked.instance).collect() };
    let mut alerts = 0;
    while delivered().len() < 2 {
        alerts += 1;
        assert!(alerts < 200, "only {:?} deliver", delivered());
        assert_eq!(post(&host, INCIDENT, metric(&format!("cpu-{alerts}"), 0, false).to_string()).await.0, 202);
        deployed.settled(&host).await;
    }
    host.run_timer("configuration_refresh", false).await.unwrap().outcome.unwrap();
    let reader = host.invoked("configuration_refresh")[0].instance;
    host.scale_in(reader).await.unwrap();
    deployed.tool.faults().add(Fault::new(Effect::ReadDenied { table: "sys_template".to_owned(), field: None }));
    let path = "/api/alerts/snow/incident?field.category=network&template=Night";
    let answer = client().post(format!("{}{path}&code=intake-key", host.url())).json(&metric("disk", 0, false)).send().await;
    assert_eq!(answer.unwrap().status(), 202);
    deployed.settled(&host).await;
    let incidents = deployed.incidents();
    assert_eq!(incidents.len(), alerts + 1);
    let told = |incident: &tests::crash::Record, field: &str| incident.get(field).cloned().unwrap_or_default();
    let last = incidents.iter().find(|incident| told(incident, "short_description").contains("disk")).unwrap();
    assert_eq!(told(last, "contact_type"), "phone", "{last:#?}");
    host.stop().await.unwrap().expect_nothing();
}
