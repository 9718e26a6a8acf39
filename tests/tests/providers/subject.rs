//! A provider with its tool, as the stories see it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use emulators::desk::Desk;

/// A provider, or one adapter of it.
pub(crate) struct Subject {
    /// In names of tests.
    pub(crate) key: &'static str,
    /// In the table, for people.
    pub(crate) title: &'static str,
    /// Starts its tool, whose clock stands at these seconds since 1970.
    pub(crate) open: fn(i64) -> Opening,
    /// The setting of the connection that holds what only this product has, as the stories' own settings are put before it.
    pub(crate) words: Words,
    /// Stories that cannot be told of it, and why.
    pub(crate) without: &'static [(&'static str, &'static str)],
}

/// What the tool is called by, where stories need it.
pub(crate) struct Words {
    /// A field of incidents that follows the alert's severity, and a value of it that a person sets.
    pub(crate) followed: (&'static str, &'static str),
    /// A field with a choice list, and a value that is not in it.
    pub(crate) not_a_choice: (&'static str, &'static str),
    /// A template that is there, and a field with the value that it alone sets.
    pub(crate) template: Option<(&'static str, &'static str, &'static str)>,
    /// A person who is there.
    pub(crate) person: &'static str,
    /// A group that is there.
    pub(crate) group: &'static str,
}

/// A tool that is being started.
pub(crate) type Opening = Pin<Box<dyn Future<Output = Opened>>>;

/// A running tool.
pub(crate) struct Opened {
    pub(crate) desk: Arc<dyn Desk>,
    /// The connection's own settings: TOML of `[connections.it]` after `url`, then its sub-tables.
    pub(crate) settings: &'static str,
    /// Values of the secrets that the settings name.
    pub(crate) secrets: &'static [(&'static str, &'static str)],
}

impl Subject {
    /// Why a story cannot be told.
    pub(crate) fn without(&self, story: &str) -> Option<&'static str> {
        self.without.iter().find(|(name, _)| *name == story).map(|(_, why)| *why)
    }
}
