//! How the connector's process ends, and what the host makes of it.

use tests::alerts::metric;
use tests::functions_host::{FunctionsHost, Trouble, Worker, until};

use crate::deployed::{Deployed, INCIDENT, options, post};

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_it_asks_to_be_started_again_and_goes_on() {
    let Some(deployed) = Deployed::new("").await else { return };
    let host = deployed.run(1).await;
    let first = host.process(0).unwrap();
    host.terminate_process(0).await.unwrap();
    until("another process", async || host.process(0).unwrap().is_some_and(|id| Some(id) != first)).await;
    assert_eq!(post(&host, INCIDENT, metric("cpu", 0, false).to_string()).await.0, 202);
    deployed.settled(&host).await;
    assert_eq!(deployed.incidents().len(), 1);
    assert_eq!(host.scale_in(0).await.unwrap(), Some(200));
    host.report().expect_only(&[Trouble::AskedForRestart]);
    assert_eq!(host.report().entries().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_are_wrong_end_it_with_an_error_that_says_what_to_do() {
    let Some(mut deployed) = Deployed::new("surprise = 1").await else { return };
    let host = FunctionsHost::start(deployed.app(), options()).await.unwrap();
    host.scale_out(Worker::Executable);
    assert!(host.ready(0).await.is_err());
    let lines = host.lines(0).unwrap().join("\n");
    assert!(lines.contains("surprise"), "{lines}");
    assert_eq!(host.report().of(Trouble::Crashed).len(), 3);
    host.report().expect_only(&[Trouble::Crashed, Trouble::Complaint, Trouble::HostStopped]);
    deployed.settings.remove("SNOW_PASSWORD");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_of_the_log_that_cannot_be_read_costs_a_warning_and_no_alert() {
    let Some(mut deployed) = Deployed::new("").await else { return };
    deployed.settings.insert("RUST_LOG".to_owned(), "info,connector=loud".to_owned());
    let host = deployed.run(1).await;
    assert_eq!(post(&host, INCIDENT, metric("cpu", 0, false).to_string()).await.0, 202);
    let lines = host.lines(0).unwrap();
    assert!(lines[0].contains("RUST_LOG cannot be read") && lines[0].contains("connector=loud"), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("\"level\":\"INFO\"")), "{lines:#?}");
    host.stop().await.unwrap().expect_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_is_started_again_and_what_it_had_in_hand_is_delivered() {
    let Some(deployed) = Deployed::new("timeout = \"2s\"").await else { return };
    let slow = emulators::servicenow::Effect::Slow(std::time::Duration::from_millis(500));
    deployed.tool.faults().add(emulators::servicenow::Fault::new(slow));
    let host = deployed.run(1).await;
    assert_eq!(post(&host, INCIDENT, metric("cpu", 0, false).to_string()).await.0, 202);
    until("the delivery is in hand", async || deployed.tool.request_count() > 0).await;
    host.kill_process(0).await.unwrap();
    until("the crash is seen", async || !host.report().of(Trouble::Crashed).is_empty()).await;
    deployed.tool.faults().clear();
    deployed.settled(&host).await;
    assert_eq!(deployed.incidents().len(), 1);
    // The invocation that was cut off, and nothing else.
    host.report().expect_only(&[Trouble::Crashed, Trouble::Failed]);
    assert_eq!(deployed.queue("-poison").count().await.unwrap(), None);
}
