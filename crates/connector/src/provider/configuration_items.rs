//! Finding the configuration item that an alert is about: which names are tried in which order, what is done when several fit,
//! and the account of it. Names are not unique in a CMDB, so every step is accounted for and nothing is guessed without being
//! told to. How a step is asked, and which of its records count, is the product's business.

use std::net::IpAddr;

use super::{ConfigurationItemFound, ConfigurationItemQuery, ProviderError};
use crate::settings::{Ambiguous, ConfigurationItemSettings};
use crate::work_item::ConfigurationItem;

/// What a step compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The field that holds the ARM id.
    ResourceId,
    /// Name or FQDN.
    NameOrFqdn,
    /// The name alone.
    Name,
}

/// One step of the look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<'a> {
    /// Where to look.
    pub by: By,
    /// What must stand there, whatever its case.
    pub wanted: &'a str,
}

/// All steps for `query`, best first, each once. `with_id` says whether a field for the ARM id is known, `fits` whether a query
/// of this tool can hold a text.
pub fn steps(query: &ConfigurationItemQuery, with_id: bool, fits: impl Fn(&str) -> bool) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    let mut add = |by, wanted| {
        let step = Step { by, wanted };
        if !wanted.is_empty() && fits(wanted) && !steps.contains(&step) {
            steps.push(step);
        }
    };
    if let Some(id) = query.resource_id.as_deref().filter(|_| with_id) {
        add(By::ResourceId, id);
    }
    for name in names(query) {
        match short(name) {
            Some(short) => {
                add(By::NameOrFqdn, name);
                add(By::Name, short);
            }
            None => add(By::Name, name),
        }
    }
    steps
}

/// The name and, if it has one, the FQDN for an item to be created.
#[must_use]
pub fn new_name(query: &ConfigurationItemQuery) -> Option<(&str, Option<&str>)> {
    let name = names(query).next()?;
    Some(match short(name).filter(|short| !short.is_empty()) {
        Some(short) => (short, Some(name)),
        None => (name, None),
    })
}

fn names(query: &ConfigurationItemQuery) -> impl Iterator<Item = &str> {
    query.names.iter().map(|name| name.trim()).filter(|name| !name.is_empty())
}

/// The host's own name. An IP address has dots but no short name.
fn short(name: &str) -> Option<&str> {
    name.split_once('.').map(|(short, _)| short).filter(|_| name.parse::<IpAddr>().is_err())
}

/// A look-up under way.
#[derive(Debug)]
pub struct Search<'a> {
    settings: &'a ConfigurationItemSettings,
    found: ConfigurationItemFound,
    several: bool,
}

impl<'a> Search<'a> {
    /// Nothing found yet. Accounts for names that no query can hold.
    #[must_use]
    pub fn new(settings: &'a ConfigurationItemSettings, query: &ConfigurationItemQuery, fits: impl Fn(&str) -> bool) -> Self {
        let impossible = names(query).filter(|name| !fits(name));
        let account = impossible
            .map(|name| format!("\"{name}\" holds a character that no query may hold, and was not looked for"))
            .collect();
        Self { settings, found: ConfigurationItemFound { account, ..ConfigurationItemFound::default() }, several: false }
    }

    /// Accounts for a step: `all` records carry what was wanted, `best` are those of them that are in use and fit best, the one
    /// updated last first. Whether one was linked, so that the look-up is at its end. `says` names place and step: `cmdb_ci name =
    /// web01`.
    pub fn looked(&mut self, says: &str, all: usize, best: Vec<ConfigurationItem>) -> bool {
        let fit = best.len();
        let mut best = best.into_iter();
        let ends = match (best.next(), fit) {
            (None, _) if all > 0 => ", all retired".to_owned(),
            (None, _) => String::new(),
            (Some(one), 1) => {
                let ends = format!(", linked {} ({})", one.name, one.class);
                self.found.item = Some(one);
                ends
            }
            (Some(first), _) if self.settings.ambiguous == Ambiguous::First => {
                self.found.item = Some(first);
                format!(", {fit} fit equally, linked the one updated last")
            }
            _ => {
                self.several = true;
                format!(", {fit} fit equally, linked none (configuration_item.ambiguous = \"none\")")
            }
        };
        let counted = if all == 1 { "1 record".to_owned() } else { format!("{all} records") };
        self.found.account.push(format!("{says}: {counted}{ends}"));
        self.found.item.is_some()
    }

    /// Accounts for a step that the tool refused; another error ends the look-up.
    pub fn refused(&mut self, says: &str, error: ProviderError) -> Result<(), ProviderError> {
        match error {
            ProviderError::Refused { cause, remedy } => {
                self.found.account.push(format!("{says}: {cause}; {remedy}"));
                Ok(())
            }
            other => Err(other),
        }
    }

    /// Whether one is to be created. Not when several fit: several are enough of them.
    #[must_use]
    pub const fn creates(&self) -> bool {
        self.settings.create && !self.several && self.found.item.is_none()
    }

    /// Accounts for the creation of `name` in `class`. A refusal is no error: the work item matters more than its configuration
    /// item.
    pub fn created(
        &mut self,
        class: &str,
        name: &str,
        written: Result<ConfigurationItem, ProviderError>,
    ) -> Result<(), ProviderError> {
        match written {
            Ok(item) => {
                self.found.account.push(format!("{class}: created {name}"));
                self.found.item = Some(item);
                self.found.created = true;
                Ok(())
            }
            Err(error) => self.refused(&format!("{class}: {name} could not be created"), error),
        }
    }

    /// What came of it.
    #[must_use]
    pub fn done(self) -> ConfigurationItemFound {
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(names: &[&str], id: Option<&str>) -> ConfigurationItemQuery {
        ConfigurationItemQuery { resource_id: id.map(str::to_owned), names: names.iter().map(|&name| name.to_owned()).collect() }
    }

    fn item(id: &str) -> ConfigurationItem {
        ConfigurationItem { id: id.to_owned(), name: "web01".to_owned(), class: "Computer".to_owned() }
    }

    #[test]
    fn the_resource_id_comes_first_then_each_fqdn_and_its_short_name_once() {
        let query = query(&["web01.contoso.com", " web01", ""], Some("/subscriptions/1/vm"));
        let said = |with_id| {
            steps(&query, with_id, |_| true).iter().map(|step| format!("{:?} {}", step.by, step.wanted)).collect::<Vec<_>>()
        };
        assert_eq!(said(true), ["ResourceId /subscriptions/1/vm", "NameOrFqdn web01.contoso.com", "Name web01"]);
        assert_eq!(said(false), ["NameOrFqdn web01.contoso.com", "Name web01"]);
        assert_eq!(new_name(&query), Some(("web01", Some("web01.contoso.com"))));
    }

    #[test]
    fn an_address_has_no_short_name_and_an_impossible_name_is_not_asked_for() {
        let (query, fits) = (query(&["10.0.0.4", "bad^name"], None), |text: &str| !text.contains('^'));
        assert_eq!(steps(&query, true, fits), [Step { by: By::Name, wanted: "10.0.0.4" }]);
        assert_eq!(new_name(&query), Some(("10.0.0.4", None)));
        let account = Search::new(&ConfigurationItemSettings::default(), &query, fits).done().account;
        assert_eq!(account, ["\"bad^name\" holds a character that no query may hold, and was not looked for"]);
    }

    #[test]
    fn of_several_none_is_linked_unless_the_first_is_asked_for_and_none_is_created() {
        let mut settings = ConfigurationItemSettings { create: true, ..ConfigurationItemSettings::default() };
        let empty = query(&[], None);
        let mut search = Search::new(&settings, &empty, |_| true);
        assert!(!search.looked("a", 1, Vec::new()) && !search.looked("b", 0, Vec::new()) && search.creates());
        assert!(!search.looked("c", 3, vec![item("1"), item("2")]) && !search.creates());
        let found = search.done();
        assert_eq!(found.item, None);
        let told = "c: 3 records, 2 fit equally, linked none (configuration_item.ambiguous = \"none\")";
        assert_eq!(found.account, ["a: 1 record, all retired", "b: 0 records", told]);
        settings.ambiguous = Ambiguous::First;
        let mut search = Search::new(&settings, &empty, |_| true);
        assert!(search.looked("c", 2, vec![item("1"), item("2")]));
        assert_eq!(search.done().item, Some(item("1")));
    }

    #[test]
    fn a_refusal_is_accounted_for_and_anything_else_ends_the_look_up() {
        let settings = ConfigurationItemSettings::default();
        let mut search = Search::new(&settings, &query(&[], None), |_| true);
        let refusal = || ProviderError::Refused { cause: "no".to_owned(), remedy: "ask".to_owned() };
        let down = ProviderError::Retry { after: None, cause: "down".to_owned() };
        assert_eq!(search.refused("a", refusal()), Ok(()));
        assert_eq!(search.refused("a", down.clone()), Err(down));
        assert_eq!(search.created("Computer", "web01", Err(refusal())), Ok(()));
        assert_eq!(search.created("Computer", "web01", Ok(item("1"))), Ok(()));
        let found = search.done();
        assert_eq!(found.account, ["a: no; ask", "Computer: web01 could not be created: no; ask", "Computer: created web01"]);
        assert!(found.created && found.item.is_some());
    }
}
