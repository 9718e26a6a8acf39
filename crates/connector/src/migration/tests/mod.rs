//! Hand-made exports of every known form go in; what comes out must be settings that are good, and say of every receiver what became
//! of it.

mod behaviour;
mod exports;
mod expressions;
mod texts;
mod tickets;

use std::path::PathBuf;

use super::{Export, Migration, Options, Routed, Unreadable, Weight, migrate};
use crate::secret::FixedSecrets;
use crate::settings::Settings;

fn directory() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/migrate"))
}

fn convert(files: &[&str], options: &Options) -> Result<Migration, Unreadable> {
    let read: Vec<_> = files.iter().map(|file| std::fs::read(directory().join(file)).unwrap()).collect();
    let exports: Vec<_> = files.iter().zip(&read).map(|(name, content)| Export { name, content }).collect();
    migrate(&exports, options)
}

fn plainly(file: &str) -> Migration {
    convert(&[file], &Options::default()).unwrap()
}

/// All exports there are.
fn all() -> Vec<String> {
    let files = std::fs::read_dir(directory()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<String> = files.filter(|file| file != "README.md").collect();
    files.sort();
    assert!(files.len() >= 8, "{files:?}");
    files
}

impl Migration {
    fn routed(&self, receiver: &str) -> &Routed {
        let mut all = self.action_groups.iter().flat_map(|group| &group.routes);
        all.find(|routed| routed.receiver == receiver).unwrap_or_else(|| panic!("no route for {receiver}: {self:#?}"))
    }

    /// What is said of a receiver, with its weight.
    fn said(&self, receiver: &str) -> Vec<(Weight, String)> {
        let place = format!("receiver \"{receiver}\"");
        let of = self.findings.iter().filter(|finding| finding.place.ends_with(&place));
        of.map(|finding| (finding.weight, format!("{}; {}", finding.cause, finding.remedy))).collect()
    }

    /// That one thing is said, with these words.
    fn says(&self, receiver: &str, weight: Weight, words: &str) {
        let said = self.said(receiver);
        assert!(said.iter().any(|(has, text)| *has == weight && text.contains(words)), "{receiver}: {said:#?}");
    }
}

/// The settings, valid with every secret that they name.
fn settings(migration: &Migration) -> Settings {
    let text = &migration.connector_toml;
    let settings = Settings::from_toml(text, "connector.toml").unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"));
    let named = settings.secrets();
    let named = named.iter().filter_map(|secret| secret.name());
    let secrets = named.fold(FixedSecrets::default(), |secrets, name| secrets.with(name, "s"));
    let problems = settings.validate(&secrets);
    assert!(problems.is_empty(), "{problems:#?}\n{text}");
    settings
}
