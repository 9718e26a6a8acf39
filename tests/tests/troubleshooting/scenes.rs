//! Each trouble of the old connector, made to happen: a real connector, real HTTP, a ServiceNow that fails as it is told to. A scene
//! ends with everything that an operator could read afterwards.

use std::time::Duration;

use clap::Parser;
use connector::secret::FixedSecrets;
use connector::settings::Settings;
use connector::store::{Filter, RecordTable};
use emulators::servicenow::{Effect, Fault, ServiceNow};
use itsm_connector::cli::{Cli, Command};
use itsm_connector::commands::migrate;
use itsm_connector::output::Output;
use serde_json::Value;
use tests::alerts::metric;
use tests::stage::{INCIDENT, connection, options};

type Stage = tests::stage::Stage<ServiceNow>;

const PASSWORD_GRANT: &str = "auth = { type = \"oauth_password\", client_id = \"itsm-client\", client_secret = \"$CLIENT_SECRET\", username = \"itsm\", password = \"$SNOW_PASSWORD\" }";

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scene {
    /// The staging table of the store app refuses.
    ImportSet,
    /// The integration user may not write.
    NoRight,
    /// Nothing listens.
    Refused,
    /// The host has no such name.
    NoHost,
    /// Too many requests.
    RateLimit,
    /// Tokens end, and the password is another.
    TokensGone,
    /// The instance is down when templates are read.
    NoTemplates,
    /// Templates may not be read.
    TemplatesHidden,
    /// Choice lists may not be read.
    ChoicesHidden,
    /// An action group posts to a connection that is gone.
    NoConnection,
    /// The instance's address filter, with a page.
    Filtered,
    /// The same, in JSON.
    FilteredInJson,
    /// The password was changed.
    PasswordChanged,
    /// The password was never right.
    PasswordWrong,
    /// The same, with OAuth.
    GrantWrong,
    /// One alert comes twice.
    Twice,
    /// The CMDB does not have the computer.
    NoItem,
    /// A developer instance sleeps.
    Hibernating,
    /// The instance was deleted.
    Deleted,
    /// Another server answers.
    Welcome,
    /// The instance is out of service.
    Down,
    /// A value of the settings was left out, another is empty.
    NotFilledIn,
    /// An action group whose `workspaceId` is wrong is moved over.
    WorkspaceId,
}

impl Scene {
    /// Plays it; everything that was said.
    pub(crate) async fn heard(self) -> String {
        match self {
            Self::ImportSet => {
                let import = "servicenow = { write = \"import_set\", import_set = { table = \"incident\" } }";
                let stage = Stage::with(import).await;
                stage.told(&metric("cpu", 0, false)).await;
                heard(&stage).await
            }
            Self::NoRight => failing(Effect::WriteDenied { table: "incident".to_owned(), field: None }).await,
            Self::Refused => elsewhere("http://127.0.0.1:1").await,
            Self::NoHost => elsewhere("https://dev1.invalid").await,
            Self::RateLimit => failing(Effect::RateLimit { retry_after: 1740 }).await,
            Self::TokensGone => worked(PASSWORD_GRANT, true).await,
            Self::NoTemplates => failing_after_a_refresh(page(503, "")).await,
            Self::TemplatesHidden => failing_after_a_refresh(unreadable("sys_template")).await,
            Self::ChoicesHidden => failing_after_a_refresh(unreadable("sys_choice")).await,
            Self::NoConnection => {
                let stage = Stage::new().await;
                let request = stage.request("/api/alerts/gone/incident", metric("cpu", 0, false).to_string());
                request.send().await.unwrap().text().await.unwrap()
            }
            Self::Filtered => failing(page(403, "<html><head><title>Access restricted</title></head></html>")).await,
            Self::FilteredInJson => failing(page(403, r#"{"error":{"message":"Access denied","detail":""}}"#)).await,
            Self::PasswordChanged => worked("", false).await,
            Self::PasswordWrong => never_worked("").await,
            Self::GrantWrong => never_worked(PASSWORD_GRANT).await,
            Self::Twice => {
                let stage = Stage::new().await;
                stage.told(&metric("cpu", 0, false)).await;
                stage.told(&metric("cpu", 0, false)).await;
                assert_eq!(stage.incidents().len(), 1);
                heard(&stage).await
            }
            Self::NoItem => {
                let stage = Stage::new().await;
                stage.told(&metric("nowhere17", 0, false)).await;
                heard(&stage).await
            }
            Self::Hibernating => failing(Effect::Hibernating).await,
            Self::Deleted => failing(page(404, "<html><head><title>Instance not found</title></head></html>")).await,
            Self::Welcome => failing(page(200, "<html><head><title>Welcome</title></head></html>")).await,
            Self::Down => failing(page(503, "<html><head><title>503</title></head></html>")).await,
            Self::NotFilledIn => not_filled_in(),
            Self::WorkspaceId => moved("bad_ids.json"),
        }
    }
}

fn page(code: u16, body: &str) -> Effect {
    Effect::Status { code, body: body.to_owned(), headers: Vec::new() }
}

fn unreadable(table: &str) -> Effect {
    Effect::ReadDenied { table: table.to_owned(), field: None }
}

async fn opened(url: Option<&str>, more: &str) -> Stage {
    let tool = ServiceNow::start_with(options()).await;
    tool.insert("incident", &[("short_description", "printer on fire")]);
    tool.insert("sys_template", &[("name", "Disk"), ("table", "incident"), ("active", "true"), ("template", "impact=2^EQ")]);
    let settings = connection(url.unwrap_or(&tool.url()), more);
    Stage::open(tool, &settings).await
}

/// An alert, and the Sync button; an alert is never refused for what the tool does.
async fn used(stage: &Stage) -> String {
    stage.post(INCIDENT, &metric("cpu", 0, false)).await;
    let answer = stage.sync_now().await;
    strings(&answer) + &heard(stage).await
}

async fn failing(effect: Effect) -> String {
    let stage = opened(None, "").await;
    stage.fault(effect);
    used(&stage).await
}

async fn elsewhere(url: &str) -> String {
    used(&opened(Some(url), "").await).await
}

async fn failing_after_a_refresh(effect: Effect) -> String {
    let stage = opened(None, "incident = { template = \"Disk\" }").await;
    stage.sync_now().await;
    stage.advance(Duration::from_secs(1800));
    stage.tool.faults().add(Fault::new(effect));
    used(&stage).await
}

async fn worked(auth: &str, tokens_end: bool) -> String {
    let stage = opened(None, auth).await;
    stage.sync_now().await;
    stage.advance(Duration::from_secs(1800));
    if tokens_end {
        stage.tool.forget_tokens(true);
    }
    stage.vault.set("SNOW_PASSWORD", "another");
    used(&stage).await
}

async fn never_worked(auth: &str) -> String {
    let stage = opened(None, auth).await;
    stage.vault.set("SNOW_PASSWORD", "another");
    used(&stage).await
}

/// `itsm-connector validate`, in short.
fn not_filled_in() -> String {
    let text = connection("https://dev1.service-now.com", "");
    let without_user = text.replace("username = \"itsm\", ", "");
    let problems = Settings::from_toml(&without_user, "connector.toml").unwrap_err();
    let settings = Settings::from_toml(&text, "connector.toml").unwrap();
    let problems = problems.into_iter().chain(settings.validate(&FixedSecrets::default()));
    problems.map(|problem| problem.to_string() + "\n").collect()
}

/// `itsm-connector migrate FILE`.
fn moved(file: &str) -> String {
    let file = format!("{}/fixtures/migrate/{file}", env!("CARGO_MANIFEST_DIR"));
    let Command::Migrate(arguments) = Cli::try_parse_from(["itsm-connector", "migrate", &file]).unwrap().command else {
        panic!("not migrate")
    };
    let mut printed = Vec::new();
    migrate::run(&arguments, &mut Output::new(&mut printed)).unwrap();
    String::from_utf8(printed).unwrap()
}

/// What `deliveries`, `/api/status` and the connector's own log say.
async fn heard(stage: &Stage) -> String {
    let mut heard = stage.deliveries(&["list"]).await.1;
    for listed in stage.running.queue.list(&Filter { limit: 100, ..Filter::default() }).await.unwrap() {
        let (_, shown) = stage.deliveries(&["show", &listed.id.to_string()]).await;
        // The payload is the alert's, not ours.
        heard.push_str(shown.split("\n{").next().unwrap_or_default());
        heard.push('\n');
    }
    heard.push_str(&strings(&stage.status().await));
    for row in stage.rows(RecordTable::Log).await {
        heard.push_str(&strings(&row));
    }
    heard
}

/// All texts in a JSON value, a line each.
fn strings(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text}\n"),
        Value::Array(list) => list.iter().map(strings).collect(),
        Value::Object(object) => object.values().map(strings).collect(),
        _ => String::new(),
    }
}
