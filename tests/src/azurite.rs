//! Azurite, one for all stories of this process. Without it the stories over it are not told, and say so; where `AZURITE_REQUIRED`
//! is set (`.ci/run` sets it), that is a failure.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::Deserialize;

/// What `tests/azurite/run serve` says.
#[derive(Debug, Clone, Deserialize)]
struct Served {
    blob: String,
    queue: String,
    sas: String,
}

/// A running Azurite. It ends when its input is closed: here, with the process at the latest.
#[derive(Debug)]
pub struct Azurite {
    served: Served,
    _input: Option<ChildStdin>,
    _child: Child,
}

impl Azurite {
    fn start() -> Option<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/azurite/run");
        let mut child = Command::new(script).arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take()?).read_line(&mut line).ok()?;
        let served = serde_json::from_str(&line).ok()?;
        Some(Self { served, _input: child.stdin.take(), _child: child })
    }

    /// The connection string, as the Functions host has it in an app setting.
    #[must_use]
    pub fn connection_string(&self) -> String {
        let Served { blob, queue, sas } = &self.served;
        format!("BlobEndpoint={blob};QueueEndpoint={queue};SharedAccessSignature={sas}")
    }

    /// Where blobs are, with a signature for everything.
    #[must_use]
    pub fn blobs(&self) -> String {
        format!("{}?{}", self.served.blob, self.served.sas)
    }

    /// Where queues are, with a signature for everything.
    #[must_use]
    pub fn queues(&self) -> String {
        format!("{}?{}", self.served.queue, self.served.sas)
    }
}

/// The one of this process; nothing where it is not installed.
///
/// # Panics
///
/// Where it is not installed and `AZURITE_REQUIRED` is set.
#[must_use]
pub fn azurite() -> Option<&'static Azurite> {
    static AZURITE: OnceLock<Option<Azurite>> = OnceLock::new();
    let running = AZURITE.get_or_init(Azurite::start).as_ref();
    if running.is_none() {
        assert!(std::env::var_os("AZURITE_REQUIRED").is_none(), "Azurite does not run here; try tests/azurite/run install");
        eprintln!("SKIPPED: Azurite does not run here, so nothing was tried over it; run tests/azurite/run install");
    }
    running
}

/// A name for a queue or a container that no other story has.
#[must_use]
pub fn unique(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{name}{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
