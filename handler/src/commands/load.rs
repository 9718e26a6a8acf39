//! The one way in: settings from a file or an address, and the secrets that they name, from the environment and from Key Vault.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use connector::clock::Clock;
use connector::secret::{KeyVaultSecrets, Secrets, Variables, VaultUnread};
use connector::settings::problem::Problem;
use connector::settings::{Document, Settings, Source};
use tokio::sync::watch;

use crate::ending::Failure;

/// The settings that are read when none are named.
const USUAL_SETTINGS: &str = "./connector.toml";
/// Behind the Functions host the vault is waited for no longer: the host waits for the first answer, and nobody listens before.
const VAULT_AT_START: Duration = Duration::from_secs(8);

/// Secrets, and the vault that some of them come from.
type WithVault = (Arc<dyn Secrets>, Option<Arc<KeyVaultSecrets>>);

/// Settings without a single problem, with every secret at hand.
#[derive(Debug)]
pub(super) struct Loaded {
    settings: Settings,
    secrets: Arc<dyn Secrets>,
    vault: Option<Arc<KeyVaultSecrets>>,
}

/// As long as this lives, the secrets of Key Vault are read again at their interval.
#[derive(Debug)]
#[must_use = "rotated secrets are picked up as long as this lives"]
pub(super) struct Kept(#[expect(dead_code, reason = "the reading ends when it is dropped")] watch::Sender<bool>);

impl Loaded {
    /// The settings, the secrets to run with, and what keeps those fresh.
    pub(super) fn keep(self) -> (Settings, Arc<dyn Secrets>, Kept) {
        let (stop, stopped) = watch::channel(false);
        if let Some(vault) = self.vault {
            tokio::spawn(vault.keep(stopped));
        }
        (self.settings, self.secrets, Kept(stop))
    }
}

/// The settings at `from`, for those who run with them.
pub(super) async fn load_valid(from: &Source, secrets: &Arc<dyn Secrets>, clock: &Arc<dyn Clock>) -> Result<Loaded, Failure> {
    valid(from, secrets, clock, |_| true).await
}

/// The same where nobody calls, or the Functions host asks callers for its keys.
pub(super) async fn load_hosted(from: &Source, secrets: &Arc<dyn Secrets>, clock: &Arc<dyn Clock>) -> Result<Loaded, Failure> {
    valid(from, secrets, clock, matters_hosted).await
}

/// The same for the process behind the Functions host. It must take alerts whatever else is wrong: a secret that is not to be had is
/// told, and what needs it waits until it is there.
pub(super) async fn load_serving(from: &Source, secrets: &Arc<dyn Secrets>, clock: &Arc<dyn Clock>) -> Result<Loaded, Failure> {
    let document = read(from, &**clock).await?;
    let settings = document.settings().map_err(|problems| wrong_settings(from, &problems))?;
    let mut problems = settings.validate_without_secrets();
    problems.retain(matters_hosted);
    document.locate(&mut problems);
    if !problems.is_empty() {
        return Err(wrong_settings(from, &problems));
    }
    let (secrets, vault) = opened(&settings, secrets, clock)?;
    if let Some(vault) = &vault {
        vault.read_all_within(VAULT_AT_START).await;
    }
    for reference in settings.secrets() {
        if let Err(missing) = secrets.get(&reference) {
            tracing::error!(secret = ?reference, cause = missing.cause, remedy = missing.remedy, "a secret is missing; what needs it waits");
        }
    }
    Ok(Loaded { settings, secrets, vault })
}

/// Whether a problem is one behind the Functions host, too: there no authentication of our own need be configured.
pub(super) fn matters_hosted(problem: &Problem) -> bool {
    problem.key != "intake"
}

async fn valid(
    from: &Source,
    secrets: &Arc<dyn Secrets>,
    clock: &Arc<dyn Clock>,
    matters: fn(&Problem) -> bool,
) -> Result<Loaded, Failure> {
    let document = read(from, &**clock).await?;
    let settings = document.settings().map_err(|problems| wrong_settings(from, &problems))?;
    let told = |mut problems: Vec<Problem>| {
        problems.retain(matters);
        document.locate(&mut problems);
        if problems.is_empty() { Ok(()) } else { Err(wrong_settings(from, &problems)) }
    };
    // The vault is not asked anything while its own settings may be wrong.
    told(settings.validate(&VaultUnread(&**secrets)))?;
    let (secrets, vault) = with_vault(&settings, secrets, clock).await?;
    if vault.is_some() {
        told(settings.validate(&*secrets))?;
    }
    Ok(Loaded { settings, secrets, vault })
}

/// `secrets`, and with `[key_vault]` those of the vault, which are read. What cannot be read is told when it is asked for.
pub(super) async fn with_vault(
    settings: &Settings,
    secrets: &Arc<dyn Secrets>,
    clock: &Arc<dyn Clock>,
) -> Result<WithVault, Failure> {
    let (secrets, vault) = opened(settings, secrets, clock)?;
    if let Some(vault) = &vault {
        vault.read_all().await;
    }
    Ok((secrets, vault))
}

/// The same, with nothing read yet.
fn opened(settings: &Settings, secrets: &Arc<dyn Secrets>, clock: &Arc<dyn Clock>) -> Result<WithVault, Failure> {
    let Some(vault) = &settings.key_vault else { return Ok((secrets.clone(), None)) };
    let vault = KeyVaultSecrets::open(vault, &settings.secrets(), secrets.clone(), clock.clone())
        .map_err(|trouble| Failure::Wrong(format!("key_vault: {trouble}")))?;
    Ok((vault.clone(), Some(vault)))
}

/// The settings at `from`, readable and nothing more.
pub(super) async fn load(from: &Source, clock: &dyn Clock) -> Result<Settings, Failure> {
    read(from, clock).await?.settings().map_err(|problems| wrong_settings(from, &problems))
}

/// The settings that were named; those of the working directory, if there are any; else none.
pub(super) async fn usual(named: Option<&Source>, clock: &dyn Clock) -> Result<Option<Settings>, Failure> {
    let usual = Path::new(USUAL_SETTINGS);
    match named {
        Some(source) => load(source, clock).await.map(Some),
        None if usual.is_file() => load(&Source::File(usual.to_owned()), clock).await.map(Some),
        None => Ok(None),
    }
}

async fn read(from: &Source, clock: &dyn Clock) -> Result<Document, Failure> {
    from.read(&Variables::of_process(), clock).await.map_err(|problems| wrong_settings(from, &problems))
}

pub(super) fn wrong_settings(from: &Source, problems: &[Problem]) -> Failure {
    let lines: Vec<String> = problems.iter().map(|problem| format!("\n  {problem}")).collect();
    let count = if let [_] = problems { "a problem".to_owned() } else { format!("{} problems", problems.len()) };
    Failure::Wrong(format!("{from} has {count}:{}", lines.concat()))
}
