//! `serve`: the connector behind the Azure Functions host, until it is killed.

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow};
use connector::secret::{SecretRef, Secrets};
use connector::settings::storage::QUEUE;
use connector::settings::{Settings, Storage, Workspace};
use custom_handler::Options;
use functions::host::Host;
use tokio::sync::watch;

use super::local::Signals;
use crate::cli::Serve;
use crate::commands;
use crate::ending::Failure;
use crate::host::Outside;
use crate::hosted::Hosted;
use crate::stores::Stores;

/// Where host.json and the folders of the functions are.
const APP_ROOT: &str = "FUNCTIONS_APP_ROOT_PATH";
/// Set by the platform when App Service authentication stands before the app.
const PLATFORM_AUTHENTICATION: &str = "WEBSITE_AUTH_ENABLED";
/// Somewhat less than `functionTimeout` of host.json.
const LONGEST: Duration = Duration::from_secs(9 * 60 + 30);
/// An envelope around an HTTP request is a good two times as large as the request, and has headers.
const ENVELOPE: usize = 3;

/// Serves until it is told to stop, or killed.
pub async fn run(args: &Serve, outside: Outside) -> Result<ExitCode, Failure> {
    let loaded = commands::load_serving(&args.config.config, &outside.secrets, &outside.clock).await?;
    let (mut settings, secrets, _kept) = loaded.keep();
    let outside = Outside { secrets, ..outside };
    let storage = match settings.storage.take() {
        Some(storage) => listened_to(*storage, &*outside.secrets)?,
        None => Storage::of_app(&*outside.secrets).map_err(Failure::Wrong)?,
    };
    if settings.workspace.is_none() {
        settings.workspace = Workspace::of_app(&*outside.secrets).map_err(Failure::Wrong)?;
    }
    let stores = Stores::account(&storage, &outside)?;
    let (stop, stopped) = watch::channel(false);
    let options = options(&settings);
    let (hosted, router) = Hosted::new(settings, stores, host(), &outside, stopped.clone())?;
    let mut signals = Signals::listen().context("signals cannot be listened to")?;
    let stopping = stop.clone();
    // The runtime stops at the same signals; a sync that is under way has to hear of it, too.
    tokio::spawn(async move {
        signals.next().await;
        stopping.send_replace(true);
    });
    let attending = tokio::spawn(hosted.clone().attend(stopped));
    let ended = custom_handler::run(router, options).await.map_err(|error| anyhow!(error))?;
    stop.send_replace(true);
    // One that ended badly has said so in the log.
    let _ = attending.await;
    hosted.close().await;
    // Never 0: the host would not start it again.
    Ok(std::process::Termination::report(ended))
}

/// The account, if the host listens to the queue that deliveries are put into.
fn listened_to(storage: Storage, variables: &dyn Secrets) -> Result<Storage, Failure> {
    match variables.get(&SecretRef::variable(QUEUE)) {
        Ok(queue) if queue.expose() == storage.queue => Ok(storage),
        Ok(queue) => Err(Failure::Wrong(format!(
            "storage.queue is \"{}\", and the Functions host listens to \"{}\" ({QUEUE}): nothing would be delivered; make them equal",
            storage.queue,
            queue.expose()
        ))),
        Err(missing) => Err(Failure::Wrong(missing.to_string())),
    }
}

fn options(settings: &Settings) -> Options {
    let most = functions::Limits::new(settings).max_body_bytes.saturating_mul(ENVELOPE);
    let options = Options::default().with_timeout(Some(LONGEST));
    let most = most.max(options.body_limit);
    options.with_body_limit(most)
}

fn host() -> Host {
    let root = env::var_os(APP_ROOT).map_or_else(|| PathBuf::from("."), PathBuf::from);
    let platform = env::var(PLATFORM_AUTHENTICATION).is_ok_and(|enabled| enabled.eq_ignore_ascii_case("true"));
    Host::read(&root, platform)
}
