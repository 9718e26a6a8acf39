//! Sessions of a tool hold its licences, so each is given back: by the connector when it stops, and by every command.

use std::sync::Arc;

use emulators::cherwell::{CLIENT_ID, Cherwell, Options, Time};
use emulators::desk::{Desk, Kind};
use tests::alerts::metric;
use tests::process::{Plan, Scratch};
use tests::stage::{Stage, begin};

fn settings(url: &str) -> String {
    format!(
        "[connections.csm]\nprovider = \"cherwell\"\nurl = \"{url}\"\nauth = {{ client_id = \"{CLIENT_ID}\", username = \"itsm\", \
         password = \"$CSM_PASSWORD\" }}\n[connections.csm.cherwell]\ncustomer = \"Azure Monitor\"\n\
         [connections.csm.cherwell.defaults]\nService = \"Server Management\"\nCategory = \"Server\"\nSubcategory = \"Submit Incident\"\n\
         [intake]\napi_keys = [\"$INTAKE_KEY\"]\n"
    )
}

#[tokio::test]
async fn a_connector_that_stops_gives_its_licence_back() {
    let tool = Arc::new(Cherwell::start_with(Options { time: Time::Manual(begin().as_second()), ..Options::default() }).await);
    let desk: Arc<dyn Desk> = tool.clone();
    let stage = Stage::<Arc<dyn Desk>>::begun(desk, "csm", &settings(&tool.url()), &[("CSM_PASSWORD", "p")]).await;
    stage.post("/api/alerts/csm/incident", &metric("cpu", 0, false)).await;
    stage.settled().await;
    assert_eq!((tool.all(Kind::Incident).len(), tool.seats()), (1, 1));
    stage.running.stop().await;
    assert_eq!(tool.seats(), 0);
}

#[tokio::test]
async fn every_command_gives_its_licence_back() {
    let tool = Cherwell::start().await;
    let scratch = Scratch::new("licences").unwrap();
    let plan = Plan::new(env!("CARGO_BIN_EXE_connector"), &scratch, &settings(&Cherwell::url(&tool))).unwrap();
    for command in ["check", "refresh", "sync"] {
        let logins = |tool: &Cherwell| tool.requests().iter().filter(|request| request.path.ends_with("/token")).count();
        let before = logins(&tool);
        let output = tokio::process::Command::new(&plan.binary)
            .arg(command)
            .current_dir(scratch.path())
            .env_clear()
            .env("INTAKE_KEY", "k")
            .env("CSM_PASSWORD", "p")
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(logins(&tool) > before, "{command} had no session: {said}");
        assert_eq!(tool.seats(), 0, "{command}: {said}");
    }
}
