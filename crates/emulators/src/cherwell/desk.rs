//! Cherwell as a story sees it. People work in the client of the tool, where a form fills what a record needs; nothing here goes over HTTP.

use std::{collections::BTreeMap, time::Duration};

use super::{
    Cherwell,
    content::Kind as FieldKind,
    database::{Database, Record},
    saving::Hand,
    seed,
};
use crate::desk::{Desk, Edit, Kind, Phase, Seen, Trouble};

/// Who files and edits.
const PERSON: &str = "Ana Reyes";

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Incident => "Incident",
        Kind::ChangeRequest => "ChangeRequest",
    }
}

/// Stock name of the field that people read first.
fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Incident => "ShortDescription",
        Kind::ChangeRequest => "Title",
    }
}

fn phase(status: &str) -> Phase {
    match status {
        "Resolved" | "Implemented" => Phase::Resolved,
        "Closed" | "Rejected" => Phase::Closed,
        _ => Phase::Open,
    }
}

/// The connector's key: in its field, or, where there is none, what stands in brackets on a line of the description.
fn key(field: &str, description: &str) -> String {
    let line = |line: &'_ str| line.trim().strip_prefix('[')?.strip_suffix(']').map(str::to_owned);
    if field.is_empty() { description.lines().rev().find_map(line).unwrap_or_default() } else { field.to_owned() }
}

impl Cherwell {
    fn person(&self) -> Hand<'_> {
        Hand { free: true, ..self.instance.hand(PERSON) }
    }

    fn seen(&self, database: &Database, kind: Kind, record: &Record) -> Seen {
        let reading = self.instance.reading();
        let value = |role: &str| database.value(record, role).to_owned();
        let definition = database.content.objects.get(record.object);
        let fields = definition.map(|object| {
            let fields = object.fields.iter().zip(&record.values).map(|(field, kept)| {
                let shown = if field.kind == FieldKind::DateTime { reading.show(kept) } else { kept.to_string() };
                (field.name.clone(), shown)
            });
            fields.collect::<BTreeMap<_, _>>()
        });
        let children = |end: &str, role: &str| -> Vec<String> {
            let Some(object) = definition else { return Vec::new() };
            let relationship = object.relationships.iter().find(|relationship| relationship.name.ends_with(end));
            let Some(relationship) = relationship else { return Vec::new() };
            let linked = database.children(&relationship.id, &record.id).iter();
            let records = linked.filter_map(|child| database.record(relationship.target, child));
            records.map(|(_, child)| database.value(child, role).to_owned()).collect()
        };
        let mut computers = children("links Configuration Items", "FriendlyName");
        let items = database.content.by_name("ConfigurationItem");
        if let Some((_, item)) = items.and_then(|items| database.record(items, &value("ConfigItemRecID"))) {
            let first = database.value(item, "FriendlyName").to_owned();
            computers.retain(|computer| *computer != first);
            computers.insert(0, first);
        }
        Seen {
            id: record.id.to_string(),
            number: record.public.to_string(),
            key: key(&value("ExternalID"), &value("Description")),
            title: value(title(kind)),
            description: value("Description"),
            phase: phase(&value("Status")),
            state: value("Status"),
            notes: children("owns Journals", "Details"),
            computers,
            fields: fields.unwrap_or_default(),
        }
    }

    /// Writes fields of a record by their stock names, as a person.
    fn set(&self, kind: Kind, id: &str, values: &[(&str, &str)]) {
        let mut database = self.instance.write();
        let Some(object) = database.content.by_name(name(kind)) else { return };
        let Some(slot) = database.record(object, id).map(|(slot, _)| slot) else { return };
        seed::put(&mut database, object, Some(slot), values, &self.person());
    }

    fn note(&self, kind: Kind, id: &str, text: &str) {
        {
            let mut database = self.instance.write();
            let Some(object) = database.content.by_name(name(kind)) else { return };
            let content = std::sync::Arc::clone(&database.content);
            let Some(definition) = content.objects.get(object) else { return };
            if database.record(object, id).is_none() {
                return;
            }
            let values = [("Details", text), ("ParentRecID", id), ("ParentTypeID", definition.id.as_str())];
            let note = seed::add(&mut database, "JournalNote", &values, &self.person());
            if let Some(relationship) = definition.relationships.iter().find(|relationship| relationship.owns) {
                database.link(&relationship.id, id, &note);
            }
        }
        // The form saves the record with its journal.
        self.set(kind, id, &[]);
    }

    /// The value as it is kept, and the stock name, of a field that a person sees under `field`.
    fn kept(&self, kind: Kind, field: &str, value: &str) -> Option<(String, String)> {
        let database = self.instance.read();
        let object = database.content.objects.get(database.content.by_name(name(kind))?)?;
        let field = object.fields.get(object.named(field)?)?;
        let kept = super::saving::convert(field, value, &self.instance.reading()).ok()?;
        Some((field.role.clone(), kept))
    }
}

impl Desk for Cherwell {
    fn url(&self) -> String {
        Self::url(self)
    }

    fn advance(&self, by: Duration) {
        Self::advance(self, by);
    }

    fn all(&self, kind: Kind) -> Vec<Seen> {
        let database = self.instance.read();
        let Some(object) = database.content.by_name(name(kind)) else { return Vec::new() };
        database.rows(object).iter().map(|(_, record)| self.seen(&database, kind, record)).collect()
    }

    fn file(&self, kind: Kind, text: &str) -> String {
        let mut database = self.instance.write();
        let people = database.content.by_name("Customer");
        let customer = people.and_then(|people| database.rows(people).iter().nth(1).map(|(_, record)| record.id.to_string()));
        let customer = customer.unwrap_or_default();
        let mut values = vec![(title(kind), text), ("Description", text)];
        if kind == Kind::Incident {
            values.extend([
                ("CustomerRecID", customer.as_str()),
                ("Service", "Desktop Management"),
                ("Category", "Computer"),
                ("Subcategory", "Submit Incident"),
            ]);
        }
        seed::add(&mut database, name(kind), &values, &self.person())
    }

    fn edit(&self, kind: Kind, id: &str, edit: &Edit) {
        match edit {
            Edit::Field(field, value) => {
                if let Some((role, kept)) = self.kept(kind, field, value) {
                    self.set(kind, id, &[(&role, &kept)]);
                }
            }
            Edit::Title(text) => self.set(kind, id, &[(title(kind), text)]),
            Edit::Note(text) => self.note(kind, id, text),
            Edit::Assign(owner) => self.set(kind, id, &[("OwnedBy", owner)]),
            Edit::Resolve => {
                let status = if kind == Kind::Incident { "Resolved" } else { "Implemented" };
                self.set(kind, id, &[("Status", status), ("Cause", "Unknown"), ("CloseDescription", "Solved by hand")]);
            }
            Edit::Close => self.set(kind, id, &[("Status", "Closed"), ("CloseDescription", "Closed by hand")]),
            Edit::Reopen => {
                let status = if kind == Kind::Incident { "Reopened" } else { "In Progress" };
                self.set(kind, id, &[("Status", status)]);
            }
        }
    }

    fn remove(&self, kind: Kind, id: &str) {
        let mut database = self.instance.write();
        let Some(object) = database.content.by_name(name(kind)) else { return };
        if let Some(slot) = database.record(object, id).map(|(slot, _)| slot) {
            database.remove(object, slot);
        }
    }

    fn add_computer(&self, name: &str) -> String {
        seed::server(&mut self.instance.write(), name, "", "", &self.instance.hand("Cherwell Admin"))
    }

    fn computers(&self) -> Vec<String> {
        let database = self.instance.read();
        let Some(items) = database.content.by_name("ConfigurationItem") else { return Vec::new() };
        database.rows(items).iter().map(|(_, record)| database.value(record, "FriendlyName").to_owned()).collect()
    }

    fn strike(&self, trouble: &Trouble) -> bool {
        let mut troubles = self.instance.troubles();
        match trouble {
            Trouble::Down => troubles.down = true,
            Trouble::LoginPage => troubles.login_page = true,
            Trouble::CredentialsRefused => self.instance.access.refuse_logins(true),
            Trouble::TokensExpired => self.instance.access.forget_sessions(),
            // No limit on calls and no 429 is documented for Cherwell; under load its web server answers 503, which is `Down`.
            Trouble::RateLimited(_) => return false,
            Trouble::CreateLost => troubles.create_lost = true,
            Trouble::CreateAnswerLost => troubles.create_answer_lost = true,
            Trouble::HalfPage => troubles.half_page = true,
            Trouble::CreateRefused(text) => troubles.create_refused = Some(text.clone()),
        }
        true
    }

    fn calm(&self) {
        *self.instance.troubles() = super::instance::Troubles::default();
        self.instance.access.refuse_logins(false);
        self.instance.faults.clear();
    }

    fn requests(&self) -> u64 {
        self.instance.log.count()
    }
}
