//! A secret that is not to be had concerns who needs it, and nobody else.

use tests::alerts::metric;

use crate::deployed::{Deployed, INCIDENT, post};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_connections_password_alerts_are_still_taken_and_its_deliveries_wait() {
    let Some(mut deployed) = Deployed::new("").await else { return };
    deployed.settings.remove("SNOW_PASSWORD");
    let host = deployed.run(1).await;
    assert_eq!(post(&host, INCIDENT, metric("cpu", 0, false).to_string()).await.0, 202);
    let said = async |what: &str| host.lines(0).unwrap().iter().any(|line| line.contains(what));
    tests::functions_host::until("the missing secret is told", async || {
        said("a secret is missing").await && said("the connection waits").await
    })
    .await;
    assert_eq!(deployed.incidents().len(), 0);
    host.report().expect_nothing();
}
