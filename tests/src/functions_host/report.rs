//! What went wrong by the host's rules. A story ends with saying which of it was meant.

use std::sync::{Arc, Mutex, PoisonError};

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// An invocation failed.
    Failed,
    /// An invocation hangs until `functionTimeout`; the stand-in does not wait for that.
    Hangs,
    /// A message went to the poison queue.
    Poisoned,
    /// A line on standard output that is not one JSON object.
    Noise,
    /// A line on standard error that is no warning: the host logs an error.
    Complaint,
    /// The process ended with an error; it is started again, twice.
    Crashed,
    /// The process ended with 200 and is started again.
    AskedForRestart,
    /// The process ended with 0: nothing starts it again, and every later invocation fails.
    EndedForGood,
    /// Nothing answered within `initializationTimeout`.
    NotReady,
    /// The host stopped, after three errors of the process or an invocation that waited too long for it.
    HostStopped,
    /// The queue service did not do what it was asked.
    Storage,
    /// An output for which function.json has no binding.
    UnknownOutput,
}

/// One thing that went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What.
    pub trouble: Trouble,
    /// On which instance; nothing when it is none's.
    pub instance: Option<usize>,
    /// In which function; empty when it is none's.
    pub function: String,
    /// Why, for a person.
    pub text: String,
}

/// All that went wrong so far; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Report(Arc<Mutex<Vec<Entry>>>);

impl Report {
    pub(super) fn add(&self, trouble: Trouble, instance: Option<usize>, function: &str, text: impl Into<String>) {
        let entry = Entry { trouble, instance, function: function.to_owned(), text: text.into() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    /// Everything, oldest first.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Everything of one kind.
    #[must_use]
    pub fn of(&self, trouble: Trouble) -> Vec<Entry> {
        self.entries().into_iter().filter(|entry| entry.trouble == trouble).collect()
    }

    /// For a story in which nothing was meant to go wrong.
    ///
    /// # Panics
    ///
    /// If anything did, with all of it.
    #[track_caller]
    pub fn expect_nothing(&self) {
        self.expect_only(&[]);
    }

    /// For a story in which only these kinds of things were meant to go wrong.
    ///
    /// # Panics
    ///
    /// If anything else did, with all of that.
    #[track_caller]
    pub fn expect_only(&self, expected: &[Trouble]) {
        let unexpected = self.entries().into_iter().filter(|entry| !expected.contains(&entry.trouble));
        let lines: Vec<String> = unexpected.map(|entry| entry.to_string()).collect();
        assert!(lines.is_empty(), "the Functions host saw {} things go wrong:\n{}", lines.len(), lines.join("\n"));
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.trouble)?;
        if let Some(instance) = self.instance {
            write!(f, " on instance {instance}")?;
        }
        if !self.function.is_empty() {
            write!(f, " in {}", self.function)?;
        }
        write!(f, ": {}", self.text)
    }
}
