//! The ITSM tool is down for longer than the host would try: nothing is lost, and nothing reaches the poison queue.

use std::sync::Arc;
use std::time::Duration;

use connector::clock::{Chance, Clock, ManualClock, SystemClock, between};
use connector::secret::FixedSecrets;
use connector::settings::Settings;
use emulators::servicenow::{Effect, Fault};
use functions::host::Host;
use itsm_connector::host::Outside;
use itsm_connector::hosted::Hosted;
use itsm_connector::stores::Stores;
use tests::alerts::metric;
use tests::functions_host::{FunctionsHost, Options, Worker, until};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::deployed::{Deployed, INCIDENT, options, post, status};

/// Waits short enough for a story.
const QUICK: &str = "timeout = \"2s\"\n[delivery]\nfirst_wait = \"100ms\"\nlongest_wait = \"1s\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_more_often_than_the_host_would_try_is_delivered_and_never_poison() {
    let Some(deployed) = Deployed::new(QUICK).await else { return };
    let broken = r#"{"error":{"message":"script error","detail":null},"status":"failure"}"#;
    deployed.tool.faults().add(Fault::new(Effect::Status { code: 500, body: broken.to_owned(), headers: Vec::new() }));
    let host = deployed.run(2).await;
    assert_eq!(post(&host, INCIDENT, metric("cpu", 0, false).to_string()).await.0, 202);
    // More attempts than maxDequeueCount, each with a message of its own. An invocation may find that it is not time yet; what the
    // tool was asked tells how often it was tried.
    until("eight attempts", async || {
        let retried = status(&host).await["counts"]["retried"].as_u64();
        deployed.tool.request_count() >= 8 && retried >= Some(7)
    })
    .await;
    assert_eq!(deployed.incidents().len(), 0);
    assert_eq!(status(&host).await["counts"]["backlog"], 1);
    deployed.tool.faults().clear();
    until("the incident is there", async || deployed.incidents().len() == 1).await;
    deployed.settled(&host).await;
    assert_eq!(deployed.queue("-poison").count().await.unwrap(), None);
    host.stop().await.unwrap().expect_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_tool_refuses_for_good_is_a_dead_letter_and_not_poison() {
    let Some(deployed) = Deployed::new(QUICK).await else { return };
    deployed.tool.faults().add(Fault::new(Effect::WriteDenied { table: "incident".to_owned(), field: None }));
    let host = deployed.run(1).await;
    assert_eq!(post(&host, INCIDENT, metric("cpu", 0, false).to_string()).await.0, 202);
    let status = deployed.settled(&host).await;
    assert_eq!(status["counts"]["dead_letters"], 1, "{status:#}");
    assert_eq!(deployed.queue("-poison").count().await.unwrap(), None);
    host.stop().await.unwrap().expect_nothing();
}

/// The connector in this process, with a clock that is moved by hand, at an address that the host is pointed at.
async fn in_process(deployed: &Deployed, clock: &Arc<ManualClock>) -> Worker {
    let secrets = deployed.settings.iter().fold(FixedSecrets::default(), |all, (name, value)| all.with(name, value));
    let outside = Outside { secrets: Arc::new(secrets), clock: clock.clone(), chance: Arc::new(Chance::seeded(7)) };
    let mut settings = Settings::from_toml(&deployed.connector_toml(), "connector.toml").unwrap();
    let stores = Stores::account(&settings.storage.take().unwrap(), &outside).unwrap();
    let (stop, stopped) = watch::channel(false);
    let host = Host::read(deployed.path(), false);
    let (hosted, router) = Hosted::new(settings, stores, host, &outside, stopped.clone()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let _stop = stop;
        hosted.attend(stopped).await;
    });
    tokio::spawn(custom_handler::serve(listener, router, custom_handler::Options::default(), std::future::pending()));
    Worker::At(url)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_is_down_for_three_days_loses_nothing_and_fails_nothing() {
    // A message comes every second, and finds out that it is not time yet: the queue's time is real, the connector's is not.
    let Some(deployed) = Deployed::with("", "longest_delay = \"1s\"\n").await else { return };
    let broken = r#"{"error":{"message":"script error","detail":null},"status":"failure"}"#;
    deployed.tool.faults().add(Fault::new(Effect::Status { code: 500, body: broken.to_owned(), headers: Vec::new() }));
    let begin = SystemClock.now();
    let clock = Arc::new(ManualClock::new(begin));
    let worker = in_process(&deployed, &clock).await;
    let host = FunctionsHost::run(deployed.app(), Options { clock: clock.clone(), ..options() }, &[worker]).await.unwrap();
    assert_eq!(post(&host, INCIDENT, metric("cpu", 0, false).to_string()).await.0, 202);
    until("three days are over", async || {
        let asked = deployed.tool.request_count();
        clock.advance(Duration::from_secs(40 * 60));
        let real: &dyn Clock = &SystemClock;
        real.sleep(Duration::from_millis(200)).await;
        between(begin, clock.now()) > Duration::from_secs(72 * 3600) && asked > 20
    })
    .await;
    assert_eq!(status(&host).await["counts"]["backlog"], 1);
    deployed.tool.faults().clear();
    until("the incident is there", async || {
        clock.advance(Duration::from_secs(60));
        deployed.incidents().len() == 1
    })
    .await;
    deployed.settled(&host).await;
    assert_eq!(status(&host).await["counts"]["dead_letters"], 0);
    assert_eq!(deployed.queue("-poison").count().await.unwrap(), None);
    host.stop().await.unwrap().expect_nothing();
}
