//! The real process and its commands, as an operator uses them: minimal settings, one alert from the terminal to its incident.

use emulators::servicenow::{Effect, ServiceNow};
use serde_json::Value;
use tests::alerts::metric;
use tests::caller::Caller;
use tests::process::{Plan, Scratch};

struct Desk {
    tool: ServiceNow,
    scratch: Scratch,
    plan: Plan,
}

impl Desk {
    async fn new() -> Self {
        let tool = ServiceNow::start().await;
        let scratch = Scratch::new("desk").unwrap();
        let settings = format!(
            "[connections.snow]\nprovider = \"servicenow\"\nurl = \"{}\"\nauth = {{ type = \"basic\", username = \"itsm\", password = \"$SNOW_PASSWORD\" }}\n\n[intake]\napi_keys = [\"$INTAKE_KEY\"]\n",
            tool.url()
        );
        let plan = Plan::new(env!("CARGO_BIN_EXE_connector"), &scratch, &settings).unwrap();
        Self { tool, scratch, plan }
    }

    /// Exit code and standard output of a command.
    async fn run(&self, password: &str, arguments: &[&str]) -> (i32, String) {
        let output = tokio::process::Command::new(&self.plan.binary)
            .args(arguments)
            .current_dir(self.scratch.path())
            .env_clear()
            .env("INTAKE_KEY", "k")
            .env("SNOW_PASSWORD", password)
            .output()
            .await
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), said)
    }

    async fn good(&self, arguments: &[&str]) -> String {
        let (code, said) = self.run("p", arguments).await;
        assert_eq!(code, 0, "{arguments:?}: {said}");
        said
    }
}

#[tokio::test]
async fn an_alert_goes_from_the_terminal_to_its_incident_and_back_to_the_terminal() {
    let desk = Desk::new().await;
    std::fs::write(desk.scratch.path().join("alert.json"), metric("cpu", 0, false).to_string()).unwrap();
    desk.good(&["validate"]).await;
    let checked = desk.good(&["check"]).await;
    assert!(checked.contains("incident"), "{checked}");
    let preview = desk.good(&["preview", "snow", "alert.json"]).await;
    assert!(preview.contains("short_description") && preview.contains("97.25"), "{preview}");
    assert_eq!(desk.tool.count("incident"), 0, "none of these writes anything");

    let connector = desk.plan.start().await.unwrap();
    let sent = ["send", "alert.json", "--to", "snow/incident", "--url", &connector.url, "--key-env", "INTAKE_KEY", "--json"];
    let sent: Value = serde_json::from_str(&desk.good(&sent).await).unwrap();
    let id = sent["deliveryId"].as_str().unwrap_or_else(|| panic!("{sent}")).to_owned();
    let create = ["create", "snow/incident", "--title", "By hand", "--url", &connector.url, "--key-env", "INTAKE_KEY"];
    desk.good(&create).await;
    Caller::fixed(&connector.url).unwrap().drained().await.unwrap();
    let shown = desk.good(&["deliveries", "show", &id]).await;
    let incidents = desk.tool.records("incident");
    assert_eq!(incidents.len(), 2);
    assert!(incidents.iter().any(|incident| shown.contains(&incident["number"])), "{shown}");
    connector.kill().await.unwrap();
}

#[tokio::test]
async fn a_check_of_a_sick_connection_ends_with_1_and_says_which_of_expired_wrong_or_asleep() {
    let desk = Desk::new().await;
    let (code, said) = desk.run("not-the-password", &["check"]).await;
    assert!(code == 1 && said.contains("wrong") && !said.contains("not-the-password"), "{code}: {said}");
    desk.tool.faults().add(emulators::servicenow::Fault::new(Effect::Hibernating));
    let (code, said) = desk.run("p", &["check"]).await;
    assert!(code == 1 && said.contains("hibernating") && said.contains("wake it"), "{code}: {said}");
}

#[tokio::test]
async fn a_process_that_is_told_to_stop_ends_well_and_what_waits_is_delivered_by_the_next() {
    let desk = Desk::new().await;
    let page = Effect::Status { code: 502, body: "<html>".to_owned(), headers: Vec::new() };
    desk.tool.faults().add(emulators::servicenow::Fault::new(page));
    let connector = desk.plan.start().await.unwrap();
    let caller = Caller::fixed(&connector.url).unwrap();
    for rule in ["a", "b", "c"] {
        caller.post("/api/alerts/snow/incident?code=k", &metric(rule, 0, false)).await.unwrap();
    }
    assert_eq!(connector.terminate().await.unwrap(), Some(0));
    desk.tool.faults().clear();
    let connector = desk.plan.start().await.unwrap();
    let drained = Caller::fixed(&connector.url).unwrap().drained().await.unwrap();
    assert_eq!((&drained["counts"]["work_items"], desk.tool.count("incident")), (&3.into(), 3));
    assert_eq!(connector.terminate().await.unwrap(), Some(0));
}
