use std::sync::Arc;
use std::time::Duration;

use connector::clock::{Clock, between};
use connector::secret::{FixedSecrets, SecretRef};
use connector::settings::Source;

use super::{Desk, SETTINGS};
use crate::commands::load_serving;

/// The Functions host waits for the first answer, and it comes after this.
#[tokio::test]
async fn a_vault_that_does_not_answer_does_not_keep_the_process_from_starting() {
    let desk = Desk::with(FixedSecrets::default().with("INTAKE_KEY", "k").with("VAULT_TOKEN", "t"));
    // Takes connections and never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let vault = format!(
        "[key_vault]\nurl = \"https://{}\"\ncredential = {{ type = \"token\", token = \"$VAULT_TOKEN\" }}\n",
        silent.local_addr().unwrap()
    );
    let settings = format!("{}{vault}", SETTINGS.replace("$SNOW_PASSWORD", "@snow-password"));
    let from = Source::File(desk.file("connector.toml", &settings));
    let (secrets, clock): (_, Arc<dyn Clock>) = (desk.outside.secrets.clone(), desk.clock.clone());
    let began = clock.now();
    let starting = tokio::spawn(async move { load_serving(&from, &secrets, &clock).await });
    let waiting = async {
        while !starting.is_finished() {
            desk.clock.advance(Duration::from_millis(500));
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("it starts");
    assert!(between(began, desk.clock.now()) <= Duration::from_secs(10));
    let (_, secrets, _kept) = starting.await.unwrap().unwrap().keep();
    let missing = secrets.get(&SecretRef::key_vault("snow-password")).unwrap_err();
    assert!(missing.cause.contains("snow-password"), "{missing}");
    assert_eq!(secrets.get(&SecretRef::variable("INTAKE_KEY")).unwrap().expose(), "k");
}
