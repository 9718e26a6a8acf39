//! The path of a newcomer: the commands of README.md, read out of it and run as they stand there, as far as they can be run without a
//! ServiceNow of one's own and without Azure. Only addresses are ours.

use std::path::{Path, PathBuf};

use emulators::servicenow::ServiceNow;
use tests::caller::Caller;
use tests::process::{Connector, Plan, Scratch};

/// The executable, as README.md calls it.
const COMMAND: &str = "itsm-connector ";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A section of README.md.
fn section(heading: &str) -> String {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (_, rest) =
        readme.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("README.md has no section \"{heading}\""));
    rest.split("\n## ").next().unwrap().to_owned()
}

/// What stands in its blocks of one language, a line each.
fn block(section: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}");
    let mut inside = false;
    let mut lines = Vec::new();
    for line in section.lines() {
        match line {
            "```" => inside = false,
            _ if line == fence => inside = true,
            _ if inside => lines.push(line.to_owned()),
            _ => {}
        }
    }
    lines
}

/// The commands of ours in a section, without the name of the executable.
fn commands(section: &str) -> Vec<Vec<String>> {
    let lines = block(section, "console");
    let ours = lines.iter().filter_map(|line| line.strip_prefix(COMMAND).or((line == COMMAND.trim_end()).then_some("")));
    ours.map(|arguments| arguments.split_whitespace().map(str::to_owned).collect()).collect()
}

struct Newcomer {
    tool: ServiceNow,
    scratch: Scratch,
    plan: Plan,
}

impl Newcomer {
    async fn new() -> Self {
        let tool = ServiceNow::start().await;
        let settings = block(&section("2. Try it on one machine"), "toml").join("\n");
        let ours = settings.replace("https://dev12345.service-now.com", &tool.url()).replace("\"admin\"", "\"itsm\"");
        assert!(ours.contains(&tool.url()) && ours.contains("\"itsm\""), "{settings}");
        let scratch = Scratch::new("newcomer").unwrap();
        let plan = Plan::new(env!("CARGO_BIN_EXE_connector"), &scratch, &ours).unwrap();
        Self { tool, scratch, plan }
    }

    /// Runs a command where the settings are; paths of the repository are found there.
    async fn run(&self, arguments: &[String], connector: Option<&Connector>) -> String {
        let mut command = tokio::process::Command::new(&self.plan.binary);
        for argument in arguments {
            if argument.starts_with("tests/") {
                command.arg(root().join(argument))
            } else {
                command.arg(argument)
            };
        }
        if let Some(connector) = connector.filter(|_| arguments.first().is_some_and(|name| name == "send")) {
            command.args(["--url", &connector.url]);
        }
        let output = self.plan.surround(command.current_dir(self.scratch.path())).output().await.unwrap();
        let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    }
}

#[tokio::test]
async fn what_the_readme_says_to_try_on_one_machine_makes_an_incident_resolves_it_and_brings_it_back_as_a_row() {
    let newcomer = Newcomer::new().await;
    let mut connector = None;
    let mut told = Vec::new();
    for arguments in commands(&section("2. Try it on one machine")) {
        if arguments == ["local"] {
            connector = Some(newcomer.plan.start().await.unwrap());
            continue;
        }
        let said = newcomer.run(&arguments, connector.as_ref()).await;
        if arguments.first().is_some_and(|name| name == "send") {
            Caller::fixed(&connector.as_ref().expect("local comes before send").url).unwrap().drained().await.unwrap();
            let state = newcomer.tool.records("incident").iter().map(|incident| incident["state"].clone()).collect::<Vec<_>>();
            told.push(format!("send: {state:?}"));
        } else {
            told.push(format!("{}: {said}", arguments[0]));
        }
    }
    let [check, preview, fired, listed, resolved, twice, synced, rows] = &told[..] else { panic!("{told:#?}") };
    assert!(check.contains("snow: good") && preview.contains("short_description"), "{check}{preview}");
    assert_eq!((&fired[..], &resolved[..]), (r#"send: ["1"]"#, r#"send: ["6"]"#), "one incident, new, then resolved");
    let [incident] = &newcomer.tool.records("incident")[..] else { panic!("one incident") };
    let number = &incident["number"];
    assert_eq!((listed.matches(number.as_str()).count(), twice.matches(number.as_str()).count()), (1, 2), "{listed}{twice}");
    assert!(synced.contains("good") && rows.contains(number.as_str()) && rows.contains("Resolved"), "{synced}{rows}");
    connector.expect("local is one of the commands").kill().await.unwrap();
}

#[tokio::test]
async fn what_the_readme_says_to_do_before_a_deployment_and_to_move_over_is_good_too() {
    let newcomer = Newcomer::new().await;
    for arguments in commands(&section("3. Deploy it to Azure")) {
        newcomer.run(&arguments, None).await;
    }
    let told = commands(&section("4. Move over"));
    let [arguments] = &told[..] else { panic!("{told:?}") };
    std::fs::copy(root().join("tests/fixtures/migrate/list_kinds.json"), newcomer.scratch.path().join("groups.json")).unwrap();
    let said = newcomer.run(arguments, None).await;
    let moved = std::fs::read_to_string(newcomer.scratch.path().join("moved/connector.toml")).unwrap();
    assert!(moved.contains("[connections.snow]") && moved.contains("[route."), "{said}{moved}");
}
