//! Azurite, one for all tests of this process, each with containers and a queue of its own. Without it the stories over it are not
//! told, and say so; where `AZURITE_REQUIRED` is set (`.ci/run` sets it), that is a failure.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use crate::clock::{Chance, SystemClock};
use crate::secret::{FixedSecrets, Secrets};
use crate::settings::Storage;
use crate::store::StoreError;
use crate::store::azure::{AzureStore, Woken};

/// What `tests/azurite/run serve` says.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Served {
    pub(crate) blob: String,
    pub(crate) queue: String,
    pub(crate) sas: String,
}

/// A running Azurite. It ends when its input is closed: here, with the process at the latest.
#[derive(Debug)]
pub(crate) struct Azurite {
    pub(crate) served: Served,
    _input: Option<ChildStdin>,
    _child: Child,
}

impl Azurite {
    /// Starts one; `None` where it is not installed.
    pub(crate) fn start(arguments: &[&str]) -> Option<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/azurite/run");
        let serve = Command::new(script).arg("serve").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = serve.ok()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take()?).read_line(&mut line).ok()?;
        let served = serde_json::from_str(&line).ok()?;
        let input = child.stdin.take();
        Some(Self { served, _input: input, _child: child })
    }
}

/// The one of this process.
pub(crate) fn azurite() -> Option<&'static Azurite> {
    static AZURITE: OnceLock<Option<Azurite>> = OnceLock::new();
    let running = AZURITE.get_or_init(|| Azurite::start(&[])).as_ref();
    if running.is_none() {
        skipped();
    }
    running
}

/// Says that a story was not told.
pub(in crate::store) fn skipped() {
    assert!(std::env::var_os("AZURITE_REQUIRED").is_none(), "Azurite does not run here; try tests/azurite/run install");
    eprintln!("SKIPPED: Azurite does not run here, so nothing was tried over it; run tests/azurite/run install");
}

/// Secrets that hold the signed addresses.
pub(in crate::store) fn secrets(served: &Served) -> FixedSecrets {
    let signed = |url: &str| format!("{url}?{}", served.sas);
    FixedSecrets::default().with("BLOBS", &signed(&served.blob)).with("QUEUES", &signed(&served.queue))
}

/// Names that no other test has, and patience for a slow machine.
pub(in crate::store) fn settings() -> Storage {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Storage {
        state_container: format!("state{number}"),
        deliveries_container: format!("deliveries{number}"),
        queue: format!("workitems{number}"),
        timeout: crate::settings::span::Span::seconds(120),
        ..Storage::at("$BLOBS", "$QUEUES")
    }
}

/// Another handle on the same account, as another process has it.
pub(in crate::store) fn open(settings: &Storage) -> Option<Arc<AzureStore>> {
    let secrets: Arc<dyn Secrets> = Arc::new(secrets(&azurite()?.served));
    Some(open_with(settings, &secrets, Woken::ByMessages).unwrap())
}

/// A handle that finds its addresses in `secrets`.
pub(in crate::store) fn open_with(
    settings: &Storage,
    secrets: &Arc<dyn Secrets>,
    woken: Woken,
) -> Result<Arc<AzureStore>, StoreError> {
    AzureStore::open(settings, None, secrets, Arc::new(SystemClock), Arc::new(Chance::from_system()), woken)
}

/// A store of its own, empty; nothing is made yet.
pub(in crate::store) fn store() -> Option<Arc<AzureStore>> {
    open(&settings())
}
