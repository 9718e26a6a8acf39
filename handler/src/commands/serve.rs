//! `serve`: the connector behind the Azure Functions host, until it is killed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow};
use connector::secret::{SecretRef, Secrets};
use connector::settings::storage::QUEUE;
use connector::settings::{Settings, Storage, Workspace};
use custom_handler::Options;
use functions::host::Host;
use serde_json::Value;
use tokio::sync::watch;

use super::account::{self, Other};
use super::local::Signals;
use crate::cli::Serve;
use crate::commands;
use crate::ending::Failure;
use crate::host::Outside;
use crate::hosted::Hosted;
use crate::stores::Stores;

/// Where host.json and the folders of the functions are.
const APP_ROOT: &str = "FUNCTIONS_APP_ROOT_PATH";
/// Says by `true` or `false` whether App Service authentication stands before the app.
const PLATFORM_AUTHENTICATION: &str = "ITSM_PLATFORM_AUTHENTICATION";
/// Set to `True` by the platform in that case. UNVERIFIED: no documentation or source of the platform was at hand that says so; it is
/// only gone by where the setting above is not set. Without it, callers are judged by their own tokens, or refused.
const PLATFORM_SAYS: &str = "WEBSITE_AUTH_ENABLED";
/// Somewhat less than `functionTimeout` of host.json.
pub(crate) const LONGEST: Duration = Duration::from_secs(9 * 60 + 30);
/// An envelope around an HTTP request is a good two times as large as the request, and has headers.
const ENVELOPE: usize = 3;

/// Serves until it is told to stop, or killed.
pub async fn run(args: &Serve, outside: Outside) -> Result<ExitCode, Failure> {
    let loaded = commands::load_serving(&args.config.config, &outside.secrets, &outside.clock).await?;
    let (mut settings, secrets, _kept) = loaded.keep();
    let outside = Outside { secrets, ..outside };
    let app_root = env::var_os(APP_ROOT).map_or_else(|| PathBuf::from("."), PathBuf::from);
    let storage = match settings.storage.take() {
        Some(storage) => listened_to(*storage, &app_root, &*outside.secrets)?,
        None => Storage::of_app(&*outside.secrets).map_err(Failure::Wrong)?,
    };
    if settings.workspace.is_none() {
        settings.workspace = Workspace::of_app(&*outside.secrets).map_err(Failure::Wrong)?;
    }
    let stores = Stores::account(&storage, &outside)?;
    let (stop, stopped) = watch::channel(false);
    let options = options(&settings);
    let host = Host::read(&app_root, platform(&|name| env::var(name).ok()));
    let (hosted, router) = Hosted::new(settings, stores, host, &outside, stopped.clone())?;
    let mut signals = Signals::listen().context("signals cannot be listened to")?;
    let stopping = stop.clone();
    // What stops the server stops a sync that is under way, too, whenever it comes.
    tokio::spawn(async move {
        signals.next().await;
        stopping.send_replace(true);
    });
    let attending = tokio::spawn(hosted.clone().attend(stopped.clone()));
    let ended = custom_handler::run_until(router, options, until(stopped)).await.map_err(|error| anyhow!(error))?;
    stop.send_replace(true);
    // One that ended badly has said so in the log.
    let _ = attending.await;
    hosted.close().await;
    // Never 0: the host would not start it again.
    Ok(std::process::Termination::report(ended))
}

/// Ready when `stopped` says so.
async fn until(mut stopped: watch::Receiver<bool>) {
    // The one who says it lives as long as the server.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// The account, if the host listens to the queue that deliveries are put into.
fn listened_to(storage: Storage, app_root: &Path, variables: &dyn Secrets) -> Result<Storage, Failure> {
    let queue = variables.get(&SecretRef::variable(QUEUE)).map_err(|missing| Failure::Wrong(missing.to_string()))?;
    if queue.expose() != storage.queue {
        return Err(Failure::Wrong(format!(
            "storage.queue is \"{}\", and the Functions host listens to \"{}\" ({QUEUE}): nothing would be delivered; make them equal",
            storage.queue,
            queue.expose()
        )));
    }
    let app_setting = |name: &str| Some(variables.get(&SecretRef::variable(name)).ok()?.expose().to_owned());
    match account::other(&storage, &connection(app_root), app_setting) {
        Some(other) => Err(Failure::Wrong(format!("storage.queues {}; {}", other.told(), Other::REMEDY))),
        None => Ok(storage),
    }
}

/// The app setting with the account that `work_item_delivery` listens to, by its function.json.
fn connection(app_root: &Path) -> String {
    let file = fs::read(app_root.join("work_item_delivery/function.json")).unwrap_or_default();
    let file: Value = serde_json::from_slice(&file).unwrap_or_default();
    let mut bindings = file.get("bindings").and_then(Value::as_array).into_iter().flatten();
    let named = bindings.find_map(|binding| binding.get("connection")?.as_str().filter(|name| !name.is_empty()));
    named.unwrap_or(account::USUAL).to_owned()
}

fn options(settings: &Settings) -> Options {
    let most = functions::Limits::new(settings).max_body_bytes.saturating_mul(ENVELOPE);
    let options = Options::default().with_timeout(Some(LONGEST));
    let most = most.max(options.body_limit);
    options.with_body_limit(most)
}

/// Whether the platform has checked callers before the host sees them, by the environment.
fn platform(variable: &dyn Fn(&str) -> Option<String>) -> bool {
    let told = variable(PLATFORM_AUTHENTICATION).filter(|told| !told.trim().is_empty());
    match told.as_deref().map(|told| told.trim().to_ascii_lowercase()).as_deref() {
        Some("true") => true,
        Some("false") => false,
        Some(_) => {
            tracing::error!(
                "{PLATFORM_AUTHENTICATION} is neither true nor false: what the platform says of callers is not looked at; correct it"
            );
            false
        }
        None => variable(PLATFORM_SAYS).is_some_and(|enabled| enabled.eq_ignore_ascii_case("true")),
    }
}

#[cfg(test)]
mod tests {
    use connector::secret::FixedSecrets;

    use super::*;

    fn app_root(function: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("work_item_delivery")).unwrap();
        fs::write(root.path().join("work_item_delivery/function.json"), function).unwrap();
        root
    }

    /// What is wrong with an account of this name, where the host listens to `itsm`, or to `else` by another connection.
    fn wrong(account: &str, function: &str) -> Option<String> {
        let address = |service: &str| format!("https://{account}.{service}.core.windows.net");
        let variables = FixedSecrets::default()
            .with(QUEUE, "workitems")
            .with("AzureWebJobsStorage__accountName", "itsm")
            .with("Jobs__accountName", "else");
        let storage = Storage::at(&address("blob"), &address("queue"));
        listened_to(storage, app_root(function).path(), &variables).err().map(|failure| failure.to_string())
    }

    #[test]
    fn messages_go_where_the_host_listens_or_nothing_is_taken() {
        let packed = include_str!("../../../functions/work_item_delivery/function.json");
        assert_eq!(wrong("itsm", packed), None);
        let told = wrong("else", packed).unwrap();
        let expected =
            "storage.queues is account else, and the Functions host listens to queues of account itsm (AzureWebJobsStorage); ";
        assert!(told.starts_with(expected) && told.ends_with(Other::REMEDY), "{told}");
        let edited = packed.replace("AzureWebJobsStorage", "Jobs");
        assert_eq!(wrong("else", &edited), None);
        assert!(wrong("itsm", &edited).unwrap().contains("(Jobs)"));
        // What the host would refuse is the host's to tell.
        assert!(wrong("else", "no json").unwrap().contains("(AzureWebJobsStorage)"));
    }

    #[test]
    fn the_queue_is_the_hosts() {
        let storage = Storage { queue: "other".to_owned(), ..Storage::at("https://b.example", "https://q.example") };
        let variables = FixedSecrets::default().with(QUEUE, "workitems");
        let told = listened_to(storage, Path::new("."), &variables).unwrap_err().to_string();
        assert!(told.contains("\"other\"") && told.contains("\"workitems\""), "{told}");
    }

    #[test]
    fn the_platforms_word_is_believed_where_it_stands_before_us_and_the_setting_wins() {
        let platform = |ours: Option<&str>, theirs: Option<&str>| {
            super::platform(&|name| (if name == PLATFORM_SAYS { theirs } else { ours }).map(str::to_owned))
        };
        for (ours, theirs, believed) in [
            (None, None, false),
            (None, Some("True"), true),
            (None, Some("False"), false),
            (Some(""), Some("True"), true),
            (Some("false"), Some("True"), false),
            (Some("True"), None, true),
            (Some("ture"), Some("True"), false),
        ] {
            assert_eq!(platform(ours, theirs), believed, "{ours:?} {theirs:?}");
        }
    }
}
