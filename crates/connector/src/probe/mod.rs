//! One step of a connection check, with a verdict and a remedy. Providers fill a [`Report`]; `check` prints it. The steps that
//! every tool shares (DNS, TCP, TLS) are in [`network`].

pub mod network;
use serde::Serialize;

/// How a probe ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Passed,
    /// Works, but a person should know.
    Warning,
    /// Does not work.
    Failed,
    /// Not tried, because an earlier probe failed or because the settings do not need it.
    Skipped,
}

/// One step of a check.
#[derive(Debug, Clone, Serialize)]
pub struct Probe {
    /// What was tried: `dns`, `tcp`, `tls`, `awake`, `token`, `table incident read`, ...
    pub name: String,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found, in one sentence.
    pub finding: String,
    /// Why, when it did not pass; else empty.
    pub cause: String,
    /// What to do, when it did not pass; else empty.
    pub remedy: String,
}

/// All probes of one connection, in the order they ran.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The connection's name.
    pub connection: String,
    /// The steps.
    pub probes: Vec<Probe>,
}

impl Report {
    /// An empty report for `connection`.
    #[must_use]
    pub fn new(connection: &str) -> Self {
        Self { connection: connection.to_owned(), probes: Vec::new() }
    }

    /// Adds a step that passed.
    pub fn passed(&mut self, name: impl Into<String>, finding: impl Into<String>) {
        self.add(name, Verdict::Passed, finding, "", "");
    }

    /// Adds a step that failed.
    pub fn failed(
        &mut self,
        name: impl Into<String>,
        finding: impl Into<String>,
        cause: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(name, Verdict::Failed, finding, cause, remedy);
    }

    /// Adds a step that works but needs attention.
    pub fn warning(
        &mut self,
        name: impl Into<String>,
        finding: impl Into<String>,
        cause: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(name, Verdict::Warning, finding, cause, remedy);
    }

    /// Adds a step that was not tried.
    pub fn skipped(&mut self, name: impl Into<String>, why: impl Into<String>) {
        self.add(name, Verdict::Skipped, why, "", "");
    }

    /// Whether nothing failed.
    #[must_use]
    pub fn good(&self) -> bool {
        self.probes.iter().all(|probe| probe.verdict != Verdict::Failed)
    }

    fn add(
        &mut self,
        name: impl Into<String>,
        verdict: Verdict,
        finding: impl Into<String>,
        cause: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.probes.push(Probe {
            name: name.into(),
            verdict,
            finding: finding.into(),
            cause: cause.into(),
            remedy: remedy.into(),
        });
    }
}
