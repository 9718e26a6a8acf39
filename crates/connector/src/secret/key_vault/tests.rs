use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use emulators::key_vault::{Fault, KeyVault as Vault, TOKEN, TOKEN_WITHOUT_ROLE};
use tempfile::TempDir;
use tokio::sync::watch;

use super::{KeyVaultSecrets, wire};
use crate::clock::{Clock, ManualClock, later};
use crate::secret::{FixedSecrets, MissingSecret, SecretRef, Secrets};
use crate::settings::span::Span;
use crate::settings::{AzureCredential, Cloud, KeyVault};
use crate::sink::credential;

const NO_TOKEN: &str = "";
const REFRESH: Duration = Duration::from_secs(300);

/// A vault, and those who read it with a token that `VAULT_TOKEN` holds.
struct Stage {
    vault: Vault,
    clock: Arc<ManualClock>,
    directory: TempDir,
}

impl Stage {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let vault = Vault::start(directory.path()).await.unwrap();
        let clock = Arc::new(ManualClock::new("2026-01-02T03:04:05Z".parse().unwrap()));
        Self { vault, clock, directory }
    }

    fn settings(&self) -> KeyVault {
        KeyVault {
            url: self.vault.url().parse().unwrap(),
            refresh: Span::from(REFRESH),
            cloud: Cloud::Public,
            credential: AzureCredential::Token { token: SecretRef::variable("VAULT_TOKEN") },
        }
    }

    fn open(&self, names: &[&str], token: &str) -> Arc<KeyVaultSecrets> {
        let pem = std::fs::read(self.directory.path().join("ca.pem")).unwrap();
        let root = reqwest::Certificate::from_pem(&pem).unwrap();
        let client = reqwest::Client::builder().tls_certs_only([root]).build().unwrap();
        let others = FixedSecrets::default().with("OTHER", "o");
        let others: Arc<dyn Secrets> = Arc::new(if token == NO_TOKEN { others } else { others.with("VAULT_TOKEN", token) });
        let references: BTreeSet<_> =
            names.iter().map(|name| SecretRef::key_vault(name)).chain([SecretRef::variable("OTHER")]).collect();
        let (settings, clock) = (self.settings(), self.clock.clone());
        let options = wire::credential_options(client.clone(), settings.cloud);
        let credential = credential::with_client(&settings.credential, others.clone(), clock.clone(), options).unwrap();
        KeyVaultSecrets::over(client, &settings, &references, credential, others, clock).unwrap()
    }
}

fn value(secrets: &KeyVaultSecrets, name: &str) -> String {
    secrets.get(&SecretRef::key_vault(name)).unwrap().expose().to_owned()
}

fn missing(secrets: &KeyVaultSecrets, name: &str) -> MissingSecret {
    let missing = secrets.get(&SecretRef::key_vault(name)).unwrap_err();
    assert!(missing.cause.contains(&format!("secret {name} of Key Vault 127.0.0.1")), "{missing}");
    assert!(!missing.remedy.is_empty(), "{missing}");
    missing
}

#[tokio::test]
async fn secrets_are_read_ahead_and_all_others_come_from_elsewhere() {
    let stage = Stage::new().await;
    let names: Vec<String> = (0..20).map(|number| format!("secret-{number}")).collect();
    for name in &names {
        stage.vault.set(name, &format!("value of {name}"));
    }
    let secrets = stage.open(&names.iter().map(String::as_str).collect::<Vec<_>>(), TOKEN);
    assert!(missing(&secrets, "secret-7").cause.contains("not read"));
    secrets.read_all().await;
    for name in &names {
        assert_eq!(value(&secrets, name), format!("value of {name}"));
        assert_eq!(stage.vault.reads(name), 1);
    }
    assert_eq!(secrets.get(&SecretRef::variable("OTHER")).unwrap().expose(), "o");
    assert_eq!(secrets.get(&SecretRef::variable("NOWHERE")), Err(MissingSecret::variable("NOWHERE")));
    assert!(!format!("{secrets:?}").contains("value of"));
}

#[tokio::test]
async fn every_reason_not_to_get_a_secret_is_told_with_its_remedy() {
    let stage = Stage::new().await;
    for name in ["good", "disabled", "empty"] {
        stage.vault.set(name, if name == "empty" { "" } else { "v" });
    }
    stage.vault.disable("disabled");
    let secrets = stage.open(&["good", "disabled", "empty", "gone"], TOKEN);
    secrets.read_all().await;
    assert_eq!(value(&secrets, "good"), "v");
    for (name, cause, remedy) in [
        ("disabled", "newest version is disabled", "enable it"),
        ("empty", "value is empty", "put a value"),
        ("gone", "no such secret", "correct the name"),
    ] {
        let missing = missing(&secrets, name);
        assert!(missing.cause.contains(cause), "{missing}");
        assert!(missing.remedy.contains(remedy), "{missing}");
    }

    for (fault, cause, remedy) in [
        (Fault::Firewall, "this network", "private endpoint"),
        (Fault::Throttled, "too many requests (429)", "refresh longer"),
        (Fault::Down, "answered 503", "read again"),
        (Fault::Silent, "did not answer in time", "name resolution"),
        (Fault::Page, "no Key Vault", "key_vault.url"),
    ] {
        stage.vault.fail(Some(fault));
        let secrets = stage.open(&["good"], TOKEN);
        secrets.read_all().await;
        let missing = missing(&secrets, "good");
        assert!(missing.cause.contains(cause) && missing.remedy.contains(remedy), "{fault:?}: {missing}");
        assert!(!missing.to_string().contains(TOKEN), "{missing}");
    }
}

#[tokio::test]
async fn whoever_may_not_read_is_told_which_role_to_give() {
    let stage = Stage::new().await;
    stage.vault.set("good", "v");
    for (token, cause, remedy) in [
        (TOKEN_WITHOUT_ROLE, "may not read secrets", "Key Vault Secrets User"),
        ("of another tenant", "does not take the token", "own tenant"),
        (NO_TOKEN, "no token was to be had", "identity"),
    ] {
        let secrets = stage.open(&["good"], token);
        secrets.read_all().await;
        let missing = missing(&secrets, "good");
        assert!(missing.cause.contains(cause) && missing.remedy.contains(remedy), "{token}: {missing}");
    }
}

/// Moves time on until `seen`; each step is one refresh.
async fn until(stage: &Stage, seen: impl Fn() -> bool) {
    let moving = async {
        while !seen() {
            stage.clock.advance(REFRESH);
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(120), moving).await.expect("it is seen in the end");
}

#[tokio::test]
async fn a_rotation_is_picked_up_without_a_restart() {
    let stage = Stage::new().await;
    stage.vault.set("password", "first");
    let secrets = stage.open(&["password"], TOKEN);
    secrets.read_all().await;
    let (stop, stopped) = watch::channel(false);
    let keeping = tokio::spawn(secrets.clone().keep(stopped));
    assert_eq!(value(&secrets, "password"), "first");
    stage.vault.set("password", "second");
    assert_eq!(value(&secrets, "password"), "first", "it is read again when it is time, not at each use");
    until(&stage, || value(&secrets, "password") == "second").await;
    stop.send(true).unwrap();
    keeping.await.unwrap();
}

#[tokio::test]
async fn an_outage_takes_nothing_away_and_is_told_with_its_beginning() {
    let stage = Stage::new().await;
    stage.vault.set("password", "first");
    stage.vault.set("other", "o");
    let secrets = stage.open(&["password", "other"], TOKEN);
    secrets.read_all().await;
    assert_eq!(secrets.stale(), []);
    let began = stage.clock.now();
    stage.vault.fail(Some(Fault::Down));
    secrets.read_all().await;
    stage.clock.advance(REFRESH);
    stage.vault.fail(Some(Fault::Firewall));
    secrets.read_all().await;
    let failing = secrets.stale();
    assert_eq!(failing.len(), 2);
    assert!(failing.iter().all(|one| one.since == began && one.trouble.cause.contains("this network")), "{failing:?}");
    assert_eq!(value(&secrets, "password"), "first");

    stage.vault.fail(None);
    stage.vault.delete("other");
    stage.vault.set("password", "second");
    secrets.read_all().await;
    assert_eq!(value(&secrets, "password"), "second");
    assert_eq!(value(&secrets, "other"), "o", "a secret deleted by mistake stops nothing that runs");
    let failing = secrets.stale();
    assert!(
        failing.len() == 1 && failing[0].name == "other" && failing[0].trouble.cause.contains("no such secret"),
        "{failing:?}"
    );
}

/// Lets what is under way come to its end while the clock stands; whether `seen` in good time.
async fn seen_soon(seen: impl Fn() -> bool) -> bool {
    let waiting = async {
        while !seen() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), waiting).await.is_ok()
}

#[tokio::test]
async fn a_secret_that_was_missing_at_the_start_is_asked_for_long_before_all_are_read_again() {
    let stage = Stage::new().await;
    stage.vault.set("there", "t");
    let secrets = stage.open(&["there", "late"], TOKEN);
    secrets.read_all().await;
    let (stop, stopped) = watch::channel(false);
    let keeping = tokio::spawn(secrets.clone().keep(stopped));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let (began, calls) = (stage.clock.now(), stage.vault.calls());
    stage.clock.advance(Duration::from_secs(5));
    assert!(seen_soon(|| stage.vault.calls() > calls).await, "after five seconds");
    stage.vault.set("late", "l");
    // Whether that came in time for the first try or not: the next is at most a minute away.
    let there = || secrets.get(&SecretRef::key_vault("late")).is_ok();
    for _ in 0..4 {
        if !seen_soon(there).await {
            stage.clock.advance(Duration::from_secs(60));
        }
    }
    assert_eq!(value(&secrets, "late"), "l");
    assert!(stage.clock.now() < later(began, REFRESH));
    assert_eq!(stage.vault.reads("there"), 1, "those that are there are left alone");
    stop.send(true).unwrap();
    keeping.await.unwrap();
}

#[tokio::test]
async fn a_start_waits_for_a_vault_that_does_not_answer_no_longer_than_it_may() {
    let stage = Stage::new().await;
    // A port that takes connections and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = KeyVault { url: format!("https://{}", silent.local_addr().unwrap()).parse().unwrap(), ..stage.settings() };
    let others: Arc<dyn Secrets> = Arc::new(FixedSecrets::default().with("VAULT_TOKEN", TOKEN));
    let references: BTreeSet<_> = (0..30).map(|number| SecretRef::key_vault(&format!("secret-{number}"))).collect();
    let secrets = KeyVaultSecrets::open(&settings, &references, others, stage.clock.clone()).unwrap();
    let starting = tokio::spawn(async move {
        secrets.read_all_within(Duration::from_secs(8)).await;
        secrets
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!starting.is_finished());
    stage.clock.advance(Duration::from_secs(8));
    let secrets = tokio::time::timeout(Duration::from_secs(10), starting).await.expect("it goes on").unwrap();
    assert!(missing(&secrets, "secret-29").cause.contains("not read"));
}

#[tokio::test]
async fn keeping_ends_when_nobody_can_stop_it_any_more() {
    let stage = Stage::new().await;
    let secrets = stage.open(&[], TOKEN);
    let (stop, stopped) = watch::channel(false);
    drop(stop);
    tokio::time::timeout(Duration::from_secs(60), secrets.keep(stopped)).await.unwrap();
}

#[test]
fn a_vault_in_the_clear_is_refused() {
    let mut settings = KeyVault {
        url: "http://127.0.0.1:1".parse().unwrap(),
        refresh: Span::from(REFRESH),
        cloud: Cloud::Public,
        credential: AzureCredential::ManagedIdentity,
    };
    let clock = Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH));
    let open =
        |settings: &KeyVault| KeyVaultSecrets::open(settings, &BTreeSet::new(), Arc::new(FixedSecrets::default()), clock.clone());
    assert!(open(&settings).unwrap_err().remedy.contains("https"));
    settings.url = "https://itsm.vault.azure.net".parse().unwrap();
    assert!(open(&settings).is_ok());
}
