//! The old connector's messages and what became of them: a failure that concerns sync or refresh stands in `ServiceDeskLog_CL`
//! with cause and remedy, and so does its end. Failures of something else are in the table too, with the reason.

use std::time::Duration;

use connector::clock::Clock;
use connector::store::RecordTable::{Log, ServiceDesk};
use emulators::servicenow::{Effect, Fault, ServiceNow};
use jiff::Timestamp;
use serde_json::Value;

use crate::stage::{Stage, connection, options};

/// What the old connector said, in the order of its troubleshooting pages; and why it is not told of a sync or a refresh.
const OLD: [(&str, &str); 32] = [
    ("Unexpected response from ServiceNow along with success status code (import set)", "a write; dead letters tell it"),
    ("ACL Exception ... Failed due to security constraints", ""),
    ("An error occurred while sending the request.", ""),
    ("ServiceDeskHttpBadRequestException: StatusCode=429", ""),
    ("AccessToken and RefreshToken invalid. User needs to authenticate again.", ""),
    ("Could not sync templates configuration for Event,Alert,Incident.", ""),
    ("Could not create/update work item ... does not exist or was deleted.", "an alert to a connection that is gone: 404"),
    ("Something went wrong. Could not get connection details.", "cannot happen: settings are a file, read at the start"),
    ("Failed to add ITSM Connection ... Http Exception: Status Code Forbidden.", ""),
    ("Failed to update ITSM Connection credentials", ""),
    ("User Not Authenticated", ""),
    ("Error in saving connection", ""),
    ("Duplicate work items", "deliveries; one work item per correlation key"),
    ("Work items not created", "deliveries; dead letters tell why"),
    ("Cannot create ITSM action", "cannot happen: nothing waits for a first sync"),
    ("Can't retrieve the template configuration", ""),
    ("No values found for the following fields", ""),
    ("Configuration item blank", "deliveries; each gives an account of what was looked for"),
    ("ServiceNow data not synced (the instance sleeps)", ""),
    ("Object reference not set to instance of an object", "a script that set up System Center Service Manager"),
    ("Failure occurred in Azure AD application", "the same script"),
    ("Web App configuration failed", "the same script"),
    ("Failed to Register Microsoft.Relay / Microsoft.Web Resource Provider", "the same script"),
    ("Hybrid Connection Manager stays \"Not connected\"", "System Center Service Manager's way into the data centre"),
    ("The ITSM action points to an ITSM connection that has been deleted or moved", "the portal's own list of connections"),
    ("ServiceNow returned error: No such host is known", ""),
    ("HTTP 403: Couldn't access the ITSM system", ""),
    ("HTTP 403: The access token needs to be refreshed.", ""),
    ("HTTP 404: The <action> was deleted / wasn't found", ""),
    ("HTTP 500: The ServiceNow endpoint returned an Unexpected response.", ""),
    ("HTTP 503: The ServiceNow returned Service Unavailable", ""),
    ("Calls blocked for up to XXX minutes", "the action group's calls; each is taken at once and kept"),
];
const OUTBOUND: &str = "outbound IP addresses";
const SYNC: &str = "records could not be synced";
const REFRESH: &str = "could not sync templates configuration for Event, Alert, Incident";
const PASSWORD_GRANT: &str = "auth = { type = \"oauth_password\", client_id = \"itsm-client\", client_secret = \"$CLIENT_SECRET\", username = \"itsm\", password = \"$SNOW_PASSWORD\" }";

/// What goes wrong.
enum Breaks {
    /// `url` names something else; mended with a restart.
    Url(&'static str),
    /// The instance answers so; mended when it does no longer.
    Instance(fn() -> Fault),
    /// The password is another; mended when it is set.
    Password,
    /// The same, and tokens end.
    Tokens,
}

/// What an operator is told.
struct Told {
    operation: &'static str,
    log_type: &'static str,
    message: &'static str,
    cause: &'static [&'static str],
    remedy: &'static str,
}

/// One failure. `old` are places in [`OLD`], from 1 on.
struct Case {
    old: &'static [usize],
    settings: &'static str,
    /// Whether sync and refresh came through before.
    worked: bool,
    breaks: Breaks,
    told: Vec<Told>,
}

fn sync(log_type: &'static str, cause: &'static [&'static str], remedy: &'static str) -> Told {
    Told { operation: "sync", log_type, message: SYNC, cause, remedy }
}

fn refresh(log_type: &'static str, cause: &'static [&'static str], remedy: &'static str) -> Told {
    Told { operation: "refresh", log_type, message: REFRESH, cause, remedy }
}

fn page(code: u16, body: &str) -> Fault {
    Fault::new(Effect::Status { code, body: body.to_owned(), headers: Vec::new() })
}

fn unreadable(table: &str) -> Fault {
    Fault::new(Effect::ReadDenied { table: table.to_owned(), field: None })
}

/// The instance cannot be found or reached.
fn address() -> Vec<Case> {
    let case = |old, url, words: &'static [&'static str], remedy| Case {
        old,
        settings: "",
        worked: false,
        breaks: Breaks::Url(url),
        told: vec![sync("WARNING", words, remedy), refresh("ERROR", words, remedy)],
    };
    vec![
        case(&[3], "http://127.0.0.1:1", &["127.0.0.1 cannot be reached", "refused"], "check url, that 127.0.0.1 is up"),
        case(
            &[3, 26],
            "https://dev1.invalid",
            &["dev1.invalid cannot be reached", "no such host is known"],
            "the host dev1.invalid",
        ),
    ]
}

/// The instance answers, but not with what was asked for.
fn instance() -> Vec<Case> {
    let case = |old, fault, log_type, refresh_type, words: &'static [&'static str], remedy| Case {
        old,
        settings: "",
        worked: true,
        breaks: Breaks::Instance(fault),
        told: vec![sync(log_type, words, remedy), refresh(refresh_type, words, remedy)],
    };
    vec![
        case(
            &[4],
            || Fault::new(Effect::RateLimit { retry_after: 1740 }),
            "WARNING",
            "WARNING",
            &["rate limit (StatusCode=429)"],
            "raise rate limit rule",
        ),
        case(
            &[19],
            || Fault::new(Effect::Hibernating),
            "WARNING",
            "ERROR",
            &["is hibernating"],
            "wake it at developer.servicenow.com",
        ),
        case(
            &[29],
            || page(404, "<html><head><title>Instance not found</title></head></html>"),
            "WARNING",
            "WARNING",
            &["there is no ServiceNow instance at this address (404)", "deleted"],
            "check url",
        ),
        case(
            &[30],
            || page(200, "<html><head><title>Welcome</title></head></html>"),
            "WARNING",
            "WARNING",
            &["unexpected response from ServiceNow", "\"Welcome\"", "instead of JSON"],
            "open the url in a browser",
        ),
        case(
            &[31],
            || page(503, "<html><head><title>503</title></head></html>"),
            "WARNING",
            "WARNING",
            &["service unavailable (503)"],
            "ask the instance's administrator",
        ),
    ]
}

/// Whoever the connector says it is, the instance does not believe it.
fn sign_in() -> Vec<Case> {
    let case = |old, settings, worked, breaks, words: &'static [&'static str], remedy| Case {
        old,
        settings,
        worked,
        breaks,
        told: vec![sync("ERROR", words, remedy), refresh("ERROR", words, remedy)],
    };
    vec![
        case(
            &[5, 6, 28],
            PASSWORD_GRANT,
            true,
            Breaks::Tokens,
            &[
                "AccessToken and RefreshToken invalid. User needs to authenticate again.",
                "worked until 2026-03-02",
                "one of them has expired or was changed",
            ],
            "set the new secret in its environment variable",
        ),
        case(
            &[11],
            "",
            true,
            Breaks::Password,
            &["User Not Authenticated", "worked until 2026-03-02", "has expired or was changed"],
            "set the new password",
        ),
        case(
            &[11, 12],
            "",
            false,
            Breaks::Password,
            &["User Not Authenticated", "user name or password of \"itsm\" is wrong, or the user may not use REST"],
            "snc_basic_auth_api_access",
        ),
        case(
            &[12],
            PASSWORD_GRANT,
            false,
            Breaks::Password,
            &["the user name, password, client id or client secret is wrong, or the grant is not allowed"],
            "check all four",
        ),
    ]
}

/// The instance knows who asks and says no.
fn rights() -> Vec<Case> {
    let words: &[&str] = &["Status Code Forbidden (403)", "most likely an IP address restriction"];
    let case = |old, fault, told| Case { old, settings: "", worked: true, breaks: Breaks::Instance(fault), told };
    let lists =
        |cause| Told { message: "no values found for the following fields", ..refresh("WARNING", cause, "personalize_choices") };
    vec![
        case(
            &[9, 10, 27],
            || page(403, "<html><head><title>Access restricted</title></head></html>"),
            vec![sync("ERROR", words, OUTBOUND), refresh("ERROR", words, OUTBOUND)],
        ),
        case(
            &[9, 10, 27],
            || page(403, r#"{"error":{"message":"Access denied","detail":""}}"#),
            vec![
                sync("ERROR", &["Status Code Forbidden (403)", "Access denied", "address filter"], OUTBOUND),
                Told { remedy: OUTBOUND, ..lists(&["address filter"]) },
            ],
        ),
        case(
            &[2],
            || page(403, r#"{"error":{"message":"Insufficient rights to query records","detail":""}}"#),
            vec![
                sync("ERROR", &["Insufficient rights to query records"], "role itil"),
                lists(&["Insufficient rights to query records", "the copy as read"]),
            ],
        ),
    ]
}

/// Lists of the instance that a refresh reads.
fn lists() -> Vec<Case> {
    let case = |old, worked, fault, message, cause, remedy| Case {
        old,
        settings: "incident = { template = \"Disk\" }",
        worked,
        breaks: Breaks::Instance(fault),
        told: vec![Told { message, ..refresh("WARNING", cause, remedy) }],
    };
    let down = Case {
        told: vec![refresh(
            "WARNING",
            &["service unavailable (503)", "can't retrieve the template configuration: the copy as read ", " ago is used"],
            "goes on by itself",
        )],
        ..case(&[6, 16], true, || page(503, ""), "", &[], "")
    };
    let templates = || unreadable("sys_template");
    let choices = || unreadable("sys_choice");
    vec![
        down,
        case(&[16], true, templates, "can't retrieve the template configuration", &["the copy as read "], "template_editor"),
        case(
            &[16],
            false,
            templates,
            "can't retrieve the template configuration",
            &["no template is visible"],
            "template_editor",
        ),
        case(
            &[17],
            true,
            choices,
            "no values found for the following fields: impact, urgency, close_code",
            &["no choice is visible", "the copy as read "],
            "personalize_choices",
        ),
        case(
            &[17],
            false,
            choices,
            "no values found for the following fields: impact, urgency, close_code",
            &["no choice is visible"],
            "personalize_choices",
        ),
    ]
}

impl Case {
    async fn run(self) {
        let stage = self.opened().await;
        if self.worked {
            stage.sync_now().await;
            stage.advance(Duration::from_secs(1800));
        }
        let broken = stage.clock.now();
        match &self.breaks {
            Breaks::Url(_) => {}
            Breaks::Instance(fault) => {
                stage.tool.faults().add(fault());
            }
            Breaks::Password => stage.vault.set("SNOW_PASSWORD", "another"),
            Breaks::Tokens => {
                stage.tool.forget_tokens(true);
                stage.vault.set("SNOW_PASSWORD", "another");
            }
        }
        let answer = stage.sync_now().await;
        for told in &self.told {
            let rows = told.come(&stage, broken, &answer).await;
            for row in &rows {
                told.holds(row);
            }
        }

        stage.advance(Duration::from_secs(60));
        let mended = stage.clock.now();
        stage.tool.faults().clear();
        stage.vault.set("SNOW_PASSWORD", "p");
        let stage = match &self.breaks {
            Breaks::Url(_) => stage.restarted_on(self.settings).await,
            _ => stage,
        };
        let answer = stage.sync_now().await;
        for told in &self.told {
            let again =
                if told.operation == "sync" { "records are synced again" } else { "the configuration could be read again" };
            let again = Told { log_type: "INFO", message: again, ..*told };
            let rows = again.come(&stage, mended, &answer).await;
            let before = |row: &Value| ["had failed since", "before"].iter().any(|words| text(row, "Cause_s").contains(words));
            assert!(rows.iter().all(|row| row["LogType_s"] == "INFO" && before(row)), "{rows:#?}");
        }
    }

    async fn opened(&self) -> Stage {
        let tool = ServiceNow::start_with(options()).await;
        tool.insert("incident", &[("short_description", "printer on fire")]);
        tool.insert("change_request", &[("short_description", "new printer")]);
        tool.insert("sys_template", &[("name", "Disk"), ("table", "incident"), ("active", "true"), ("template", "impact=2^EQ")]);
        let url = if let Breaks::Url(url) = self.breaks { url.to_owned() } else { tool.url() };
        let settings = connection(&url, self.settings);
        Stage::open(tool, &settings).await
    }
}

impl Told {
    /// Rows since `since` that say so; waits for them. `answer` is shown when none come.
    async fn come(&self, stage: &Stage, since: Timestamp, answer: &Value) -> Vec<Value> {
        let what = format!("\"{}\" of {} in the log after {answer:#}", self.message, self.operation);
        stage.happens(&what, async || !self.rows(stage, since).await.is_empty()).await;
        self.rows(stage, since).await
    }

    async fn rows(&self, stage: &Stage, since: Timestamp) -> Vec<Value> {
        let mut rows = stage.rows(Log).await;
        rows.retain(|row| {
            let at: Timestamp = text(row, "TimeGenerated").parse().unwrap();
            at >= since && text(row, "Operation_s") == self.operation && text(row, "Message_s").starts_with(self.message)
        });
        rows
    }

    fn holds(&self, row: &Value) {
        let (cause, remedy) = (text(row, "Cause_s"), text(row, "Remedy_s"));
        assert!(self.cause.iter().all(|words| cause.contains(words)), "{:?} is not all in: {row:#}", self.cause);
        assert!(!remedy.is_empty() && remedy.contains(self.remedy), "\"{}\" is not in: {row:#}", self.remedy);
        assert_eq!((text(row, "LogType_s"), text(row, "ServiceDeskConnectionName_s")), (self.log_type, "snow"), "{row:#}");
        assert!(!text(row, "CorrelationId_s").is_empty(), "{row:#}");
        assert!(!["another", "itsm-secret", "sysparm"].iter().any(|secret| cause.contains(secret)), "{row:#}");
    }
}

fn text<'a>(row: &'a Value, column: &str) -> &'a str {
    row[column].as_str().unwrap_or_default()
}

async fn all(cases: Vec<Case>) {
    for case in cases {
        case.run().await;
    }
}

#[tokio::test]
async fn an_instance_that_is_not_there_is_told_with_cause_and_remedy() {
    all(address()).await;
}

#[tokio::test]
async fn an_instance_that_gives_no_answer_is_told_with_cause_and_remedy() {
    all(instance()).await;
}

#[tokio::test]
async fn credentials_that_are_not_taken_are_told_with_cause_and_remedy() {
    all(sign_in()).await;
}

#[tokio::test]
async fn a_refusal_is_told_with_cause_and_remedy() {
    all(rights()).await;
}

#[tokio::test]
async fn lists_that_cannot_be_read_are_told_with_cause_and_remedy_and_the_age_of_the_copy_in_use() {
    all(lists()).await;
}

/// Rights hide records where they could refuse them: nothing fails, and the log says it all the same.
#[tokio::test]
async fn records_that_may_not_be_read_are_told_with_the_role_that_is_missing() {
    let stage = Stage::new().await;
    let sys_id = stage.tool.insert("incident", &[("short_description", "printer on fire")]);
    let begun = stage.clock.now();
    stage.fault(Effect::ReadDenied { table: "incident".to_owned(), field: None });
    let answer = stage.sync_now().await;
    let message = "the ITSM tool did not give everything";
    let cause: &[&str] = &["1 records of incident match and not one of them may be read"];
    let told = Told { message, ..sync("WARNING", cause, "the role itil or sn_incident_read") };
    let rows = told.come(&stage, begun, &answer).await;
    for row in &rows {
        told.holds(row);
    }

    // The records that were hidden are behind the cursor by now.
    stage.tool.faults().clear();
    assert!(text(&rows[0], "Remedy_s").contains("sync CONNECTION --full"));
    stage.sync_in_time("?full=true").await;
    assert!(stage.rows(ServiceDesk).await.iter().any(|row| text(row, "SourceId_s") == sys_id), "the remedy helps");
}

#[test]
fn no_message_of_the_old_connector_is_forgotten() {
    let cases = [address(), instance(), sign_in(), rights(), lists()];
    let told: Vec<usize> = cases.iter().flatten().flat_map(|case| case.old.iter().copied()).collect();
    for (number, (message, elsewhere)) in (1..).zip(OLD) {
        assert_ne!(told.contains(&number), !elsewhere.is_empty(), "{number}: {message}");
    }
}
