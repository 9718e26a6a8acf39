#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a story that cannot set its stage has failed")]

use std::sync::{Arc, OnceLock};

use clap::Parser;
use connector::clock::SystemClock;
use connector::provider::Surroundings;
use connector::secret::FixedSecrets;
use emulators::dataverse::options::{ADMINISTRATOR_APPLICATION, APPLICATION, SECRET};
use emulators::dataverse::{Dataverse, Options, Privileges, Time, User};
use itsm_connector::cli::{Cli, Command};
use itsm_connector::commands::discover;
use itsm_connector::ending::Ending;
use itsm_connector::output::Output;
use serde_json::{Value, json};
use tests::process::Scratch;

use crate::subject::{Opened, Opening, Subject, Words};

/// A solution in the manner of Provance ITSM, whose names nobody told the connector: its profile is what `itsm-connector discover`
/// proposes, as it writes it.
pub(crate) const SUBJECT: Subject = Subject {
    key: "provance_itsm",
    title: "Provance: discovered profile",
    open,
    words: Words {
        followed: ("abc_urgency", "100000002"),
        not_a_choice: ("abc_source", "17"),
        template: Some(("Reported by a person", "abc_categoryid", CATEGORY)),
        person: "Abel Tuter",
        group: "Database Administration",
    },
    without: &[],
};

/// A category with a key that the story can know.
const CATEGORY: &str = "7c3c5f50-5f0e-4c8e-9d43-6a1f0e0d0001";
const BASE: &str = "provider = \"provance\"\n\
    auth = { type = \"client_credentials\", client_id = \"5a1e0f34-0000-4000-8000-00000000c0de\", client_secret = \"$SECRET\" }\n";
const SECRETS: &[(&str, &str)] = &[("SECRET", SECRET), ("INTAKE_KEY", "k")];

/// Exactly what docs/provance.md names.
fn rights() -> Privileges {
    let read =
        ["abc_Incident", "abc_ChangeRequest", "abc_ConfigurationItem", "abc_Category", "abc_Template", "User", "Team", "Note"];
    let discovery = ["Solution", "Publisher"];
    let mut names: Vec<String> = read.iter().chain(&discovery).map(|table| format!("prvRead{table}")).collect();
    names.extend(["Create", "Write", "Append", "AppendTo", "Assign"].map(|act| format!("prv{act}abc_Incident")));
    names.extend(["abc_ConfigurationItem", "abc_Category", "User", "Team"].map(|table| format!("prvAppendTo{table}")));
    // configuration_item.create = true
    names.push("prvCreateabc_ConfigurationItem".to_owned());
    names.extend(["prvCreateNote", "prvAppendNote"].map(str::to_owned));
    Privileges::Only(names)
}

/// What was proposed, once for all stories.
static SETTINGS: OnceLock<String> = OnceLock::new();

fn open(now: i64) -> Opening {
    Box::pin(async move {
        let mut options = Options { time: Time::Manual(now), itsm: Some("abc".to_owned()), ..Options::default() };
        options.users.retain(|user| user.application.as_deref() != Some(APPLICATION));
        options.users.push(User::application("# Azure ITSM Connector", APPLICATION, rights()));
        let tool = Dataverse::start_with(options).await;
        template(&tool).await;
        let settings = if let Some(settings) = SETTINGS.get() {
            settings
        } else {
            let found = discovered(&tool).await;
            SETTINGS.get_or_init(|| found)
        };
        Opened { desk: Arc::new(tool), settings, secrets: SECRETS }
    })
}

/// The settings with what the command proposes for this environment.
async fn discovered(tool: &Dataverse) -> String {
    let scratch = Scratch::new("discover").unwrap();
    let file = scratch.path().join("connector.toml");
    let settings = format!("[connections.it]\nurl = \"{}\"\n{BASE}\n[intake]\napi_keys = [\"$INTAKE_KEY\"]\n", tool.url());
    std::fs::write(&file, settings).unwrap();
    let proposed = scratch.path().join("profile.toml");
    let (file, output) = (file.to_str().unwrap(), proposed.to_str().unwrap());
    let line = ["itsm-connector", "discover", "it", "--config", file, "--output", output];
    let Command::Discover(arguments) = Cli::try_parse_from(line).unwrap().command else { panic!("not discover") };
    let secrets = SECRETS.iter().fold(FixedSecrets::default(), |all, (name, value)| all.with(name, value));
    let outside = Surroundings { secrets: Arc::new(secrets), clock: Arc::new(SystemClock) };
    let mut printed = Vec::new();
    let ending = discover::run(&arguments, &outside, &mut Output::new(&mut printed)).await;
    let printed = String::from_utf8(printed).unwrap();
    assert_eq!(ending.map_err(|failure| failure.to_string()).unwrap(), Ending::Good, "{printed}");
    assert!(printed.contains("found Provance ITSM") && printed.contains("resource id"), "{printed}");
    let again = discover::run(&arguments, &outside, &mut Output::new(&mut Vec::new())).await;
    assert!(again.unwrap_err().to_string().contains("does not exist"), "a file that is there is never overwritten");
    let proposed = std::fs::read_to_string(proposed).unwrap();
    assert!(proposed.contains("entity_set = \"abc_incidents\""), "{proposed}");
    format!("{BASE}\n{proposed}\n[connections.it.provance]\nchange_tracking = true\n")
}

/// An administrator makes a template with something that no alert says.
async fn template(tool: &Dataverse) {
    let client = reqwest::Client::new();
    let scope = format!("{}/.default", tool.url());
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", ADMINISTRATOR_APPLICATION),
        ("client_secret", SECRET),
        ("scope", &scope),
    ];
    let url = format!("{}/{}/oauth2/v2.0/token", tool.authority_url(), tool.tenant());
    let answer = client.post(url).form(&form).send().await.unwrap().text().await.unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let token = answer["access_token"].as_str().unwrap();
    let make = async |path: &str, body: Value| {
        let url = format!("{}/api/data/v9.2/{path}", tool.url());
        let answer = client.post(url).bearer_auth(token).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 204, "{path}: {}", answer.text().await.unwrap());
    };
    make("abc_categories", json!({"abc_categoryid": CATEGORY, "abc_name": "Reported"})).await;
    let category = format!("/abc_categories({CATEGORY})");
    let template = json!({"abc_name": "Reported by a person", "abc_title": "Reported", "abc_CategoryId@odata.bind": category});
    make("abc_templates", template).await;
}
