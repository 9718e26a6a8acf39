//! A workspace that takes no rows: the process's log and the status say at once why and what to do; the rows of the connector's
//! log wait, and stand in `ServiceDeskLog_CL` itself when the workspace takes rows again.

use std::time::Duration;

use connector::rows::{LogRow, Row, ServiceDeskRow};
use emulators::logs_ingestion::{Effect, Fault, Kind, LogsIngestion, Options, RULE, TOKEN, TOKEN_WITHOUT_ROLE};
use emulators::servicenow::{Options as SnowOptions, ServiceNow};
use serde_json::Value;
use tests::process::{Plan, Scratch};

use crate::stage::{BARE, Stage, connection};

/// One failure of the workspace.
struct Case {
    what: &'static str,
    breaks: fn(&Stage, &LogsIngestion),
    log_type: &'static str,
    cause: &'static [&'static str],
    remedy: &'static str,
}

fn columns<R: Row>() -> Vec<(&'static str, Kind)> {
    R::COLUMNS.iter().map(|column| (column.name, Kind::from_name(column.kind.in_table()).unwrap())).collect()
}

/// A workspace, and the section of the settings that names it.
async fn workspace() -> (LogsIngestion, String) {
    let options = Options::default().stream(RULE, ServiceDeskRow::STREAM, &columns::<ServiceDeskRow>()).stream(
        RULE,
        LogRow::STREAM,
        &columns::<LogRow>(),
    );
    let workspace = LogsIngestion::start_with(options).await;
    let section = format!(
        "[workspace]\nendpoint = \"{}\"\nrule = \"{RULE}\"\ncredential = {{ type = \"token\", token = \"$INGESTION_TOKEN\" }}",
        workspace.url()
    );
    (workspace, section)
}

/// A connector whose rows go to a workspace; what is there to be synced; the workspace.
async fn opened() -> (Stage, String, LogsIngestion) {
    let (workspace, section) = workspace().await;
    let stage = Stage::with(&section).await;
    let sys_id = stage.tool.insert("incident", &[("short_description", "printer on fire")]);
    (stage, sys_id, workspace)
}

fn status(status: u16, code: &str) -> Fault {
    Fault::new(Effect::Status(status, code.to_owned()))
}

fn text<'a>(row: &'a Value, column: &str) -> &'a str {
    row[column].as_str().unwrap_or_default()
}

fn rows(workspace: &LogsIngestion, stream: &str) -> Vec<Value> {
    workspace.rows(stream).into_iter().map(Value::Object).collect()
}

/// Rows of the connector's log in the workspace with this message.
fn told(workspace: &LogsIngestion, message: &str) -> Vec<Value> {
    let mut rows = rows(workspace, LogRow::STREAM);
    rows.retain(|row| text(row, "Message_s") == message);
    rows
}

fn cases() -> Vec<Case> {
    vec![
        Case {
            what: "401",
            breaks: |_, workspace| workspace.revoke_token(TOKEN),
            log_type: "ERROR",
            cause: &["does not take the token", "(401)"],
            remedy: "workspace.cloud",
        },
        Case {
            what: "403",
            breaks: |stage, _| stage.vault.set("INGESTION_TOKEN", TOKEN_WITHOUT_ROLE),
            log_type: "ERROR",
            cause: &["may not send to the data collection rule (403)"],
            remedy: "Monitoring Metrics Publisher",
        },
        Case {
            what: "404",
            breaks: |_, workspace| workspace.faults().add(status(404, "InvalidStream")),
            log_type: "ERROR",
            cause: &["does not know the data collection rule or the stream (404)", "InvalidStream"],
            remedy: "workspace.rule",
        },
        Case {
            what: "429 with a long wait",
            breaks: |_, workspace| workspace.faults().add(Fault::new(Effect::RetryAfter(429, "600".to_owned()))),
            log_type: "WARNING",
            cause: &["cannot take rows now", "429"],
            remedy: "the next run goes on",
        },
        Case {
            what: "503",
            breaks: |_, workspace| workspace.faults().add(status(503, "ServiceUnavailable")),
            log_type: "WARNING",
            cause: &["cannot take rows now", "503"],
            remedy: "the next run goes on",
        },
        Case {
            what: "no answer",
            breaks: |_, workspace| workspace.faults().add(Fault::new(Effect::Drop)),
            log_type: "WARNING",
            cause: &["cannot take rows now"],
            remedy: "the next run goes on",
        },
        Case {
            what: "somebody else answers",
            breaks: |_, workspace| workspace.faults().add(status(302, "SignIn")),
            log_type: "ERROR",
            cause: &["not the workspace's endpoint answered 302"],
            remedy: "proxy",
        },
        Case {
            what: "no token",
            breaks: |stage, _| stage.vault.forget("INGESTION_TOKEN"),
            log_type: "ERROR",
            cause: &["There is no token for", "INGESTION_TOKEN"],
            remedy: "workspace.credential",
        },
    ]
}

impl Case {
    async fn run(self) {
        let (stage, sys_id, workspace) = opened().await;
        (self.breaks)(&stage, &workspace);
        let answer = stage.sync_now().await;
        let incidents = &answer["sync"][0];
        assert!(self.cause.iter().all(|words| text(incidents, "cause").contains(words)), "{}: {answer:#}", self.what);
        assert!(text(incidents, "remedy").contains(self.remedy), "{}: {answer:#}", self.what);
        let standing = &stage.status().await["connections"][0]["sync"][0];
        assert_eq!((&standing["cause"], &standing["remedy"]), (&incidents["cause"], &incidents["remedy"]), "{}", self.what);
        assert_eq!((workspace.count(ServiceDeskRow::STREAM), workspace.count(LogRow::STREAM)), (0, 0), "{}", self.what);

        workspace.faults().clear();
        workspace.accept_token(TOKEN, true);
        stage.vault.set("INGESTION_TOKEN", TOKEN);
        stage.advance(Duration::from_secs(60));
        stage.sync_now().await;
        let (failed, again) = ("records could not be synced", "records are synced again");
        stage
            .in_time(&format!("the log of {} in the workspace", self.what), async || {
                !told(&workspace, failed).is_empty() && !told(&workspace, again).is_empty()
            })
            .await;
        let failed = &told(&workspace, failed)[0];
        assert!(self.cause.iter().all(|words| text(failed, "Cause_s").contains(words)), "{failed:#}");
        assert!(text(failed, "Remedy_s").contains(self.remedy), "{failed:#}");
        assert_eq!((text(failed, "LogType_s"), text(failed, "Operation_s")), (self.log_type, "sync"), "{failed:#}");
        assert!(!failed.to_string().contains(TOKEN), "{failed:#}");
        let records = rows(&workspace, ServiceDeskRow::STREAM);
        assert!(records.iter().any(|row| text(row, "SourceId_s") == sys_id), "{}: {records:#?}", self.what);
    }
}

#[tokio::test]
async fn a_workspace_that_takes_no_rows_is_told_with_cause_and_remedy_there_too_once_it_takes_rows_again() {
    for case in cases() {
        case.run().await;
    }
}

/// The remedy is often another line in the settings.
#[tokio::test]
async fn what_could_not_be_told_before_a_restart_is_told_after_it() {
    let (stage, _, workspace) = opened().await;
    let good = stage.settings.clone();
    let mut bad = good.clone();
    bad.workspace.as_mut().unwrap().rule = RULE.replace('1', "2");
    let stage = stage.restarted_with(bad).await;
    stage.sync_now().await;
    let stage = stage.restarted_with(good).await;
    let failed = "records could not be synced";
    stage.in_time("the log of before the restart", async || !told(&workspace, failed).is_empty()).await;
    let row = &told(&workspace, failed)[0];
    assert!(text(row, "Cause_s").contains("(404)") && text(row, "Remedy_s").contains("workspace.rule"), "{row:#}");
}

#[tokio::test]
async fn a_command_says_it_in_its_own_log_at_once_and_the_next_command_in_the_workspace() {
    let tool = ServiceNow::start_with(SnowOptions { seed: BARE, ..SnowOptions::default() }).await;
    let (workspace, section) = workspace().await;
    let scratch = Scratch::new("workspace").unwrap();
    let plan = Plan::new(env!("CARGO_BIN_EXE_connector"), &scratch, &connection(&tool.url(), &section)).unwrap();
    let sync = async |token: &str| {
        let mut command = tokio::process::Command::new(&plan.binary);
        command.args(["sync", "--config"]).arg(&plan.config).arg("--data").arg(&plan.data);
        plan.surround(&mut command).env("INGESTION_TOKEN", token).env("RUST_LOG", "warn");
        let output = command.output().await.unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    tool.insert("incident", &[("short_description", "printer on fire")]);
    let (code, log) = sync(TOKEN_WITHOUT_ROLE).await;
    assert_eq!(code, Some(1), "{log}");
    let failed = "records could not be synced";
    for words in [failed, "(403)", "Monitoring Metrics Publisher", "rows of the connector's log cannot be written"] {
        assert!(log.contains(words), "\"{words}\" is not in: {log}");
    }
    let (code, log) = sync(TOKEN).await;
    assert_eq!(code, Some(0), "{log}");
    let row = &told(&workspace, failed)[0];
    assert!(text(row, "Cause_s").contains("(403)"), "{row:#}");
}

#[tokio::test]
async fn a_record_that_is_too_large_for_the_workspace_is_named_and_comes_when_it_is_shorter() {
    let (stage, sys_id, workspace) = opened().await;
    let long = stage.tool.insert("incident", &[("short_description", "a long story")]);
    workspace.faults().add(status(413, "ContentLengthLimitExceeded").containing("a long story"));
    stage.sync_now().await;
    stage.in_time("a row of the log", async || !told(&workspace, "a record cannot be written").is_empty()).await;
    let row = &told(&workspace, "a record cannot be written")[0];
    assert!(text(row, "Cause_s").contains("413") && text(row, "Remedy_s").contains("shorten the record"), "{row:#}");
    let number = stage.tool.record("incident", &long).unwrap()["number"].clone();
    assert_eq!((text(row, "LogType_s"), text(row, "ServiceDeskId_s")), ("WARNING", number.as_str()), "{row:#}");

    stage.advance(Duration::from_secs(60));
    stage.tool.update("incident", &long, &[("short_description", "short")]);
    stage.advance(Duration::from_secs(60));
    stage.sync_now().await;
    let records = rows(&workspace, ServiceDeskRow::STREAM);
    for id in [&sys_id, &long] {
        assert!(records.iter().any(|row| text(row, "SourceId_s") == id), "{records:#?}");
    }
}
