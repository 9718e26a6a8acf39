//! What people and administrators do in the user interface, for the stories that every tool has to pass.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use serde_json::Value;

use super::{
    Dataverse,
    api::render_value,
    database::{Cell, Database, Row},
    environment::Lost,
    faults::{Effect, Fault},
    guid,
    people::PERSON,
    schema::{Kind as ColumnKind, Table, TableId, WorkItem},
    writing::{self, Change, Hand},
};
use crate::desk::{Desk, Edit, Kind, Phase, Seen, Trouble};

impl Dataverse {
    fn work_item(&self, kind: Kind) -> Option<WorkItem> {
        let database = self.environment.read();
        match kind {
            Kind::Incident => database.schema.incident.clone(),
            Kind::ChangeRequest => database.schema.change_request.clone(),
        }
    }

    fn person(&self, database: &Database) -> Hand {
        Hand { user: named(database, "systemuser", PERSON).map(|(_, id)| id).unwrap_or_default(), now: self.environment.now() }
    }

    fn change(&self, item: &WorkItem, id: &str, changes: impl FnOnce(&Database, &Table) -> Vec<Change>) {
        let mut database = self.environment.write();
        let Some((table, id)) = database.schema.id(&item.table).zip(guid::parse(id)) else { return };
        let Some(definition) = database.table(table).cloned() else { return };
        let changes = changes(&database, &definition);
        let hand = self.person(&database);
        if !changes.is_empty() {
            writing::update(&mut database, table, id, &changes, hand);
        }
    }

    /// Sets a status reason with the state it belongs to, as the buttons of the form do; the rule against patching does not hold there.
    fn status(&self, item: &WorkItem, id: &str, status: Option<i64>) {
        self.change(item, id, |_, table| {
            let status = status.or_else(|| table.states.first()?.statuses.first().map(|status| status.value));
            let state = status.and_then(|status| table.state_of(status)).map(|state| state.value);
            let pairs = [(table.places.state, state), (table.places.status, status)];
            pairs.into_iter().filter_map(|(place, value)| Some((place?, Cell::Integer(value?)))).collect()
        });
    }

    fn note(&self, item: &WorkItem, id: &str, text: &str) {
        let mut database = self.environment.write();
        let Some((table, id)) = database.schema.id(&item.table).zip(guid::parse(id)) else { return };
        let hand = self.person(&database);
        // A note does not touch its record: `modifiedon` stays.
        let fields = [("notetext", Cell::text(text)), ("objectid", Cell::Link(table, id))];
        writing::insert(&mut database, "annotation", &fields, hand);
    }
}

/// A record by what names it.
fn named(database: &Database, table: &str, name: &str) -> Option<(TableId, u128)> {
    let table = database.schema.id(table)?;
    let rows = database.shelf(table)?.rows.keys();
    rows.copied().find(|id| database.name(table, *id) == name).map(|id| (table, id))
}

/// Texts of the notes of every record, oldest first.
fn notes(database: &Database) -> HashMap<u128, Vec<String>> {
    let mut notes: Vec<(u64, u128, String)> = Vec::new();
    if let Some(table) = database.schema.id("annotation")
        && let (Some(definition), Some(shelf)) = (database.table(table), database.shelf(table))
        && let (Some(regarding), Some(subject), Some(text)) =
            (definition.place("objectid"), definition.place("subject"), definition.place("notetext"))
    {
        for row in shelf.rows.values() {
            if let Some((_, id)) = row.get(regarding).link() {
                let parts = [row.get(subject).as_text(), row.get(text).as_text()];
                let whole: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                notes.push((row.sequence, id, whole.join("\n")));
            }
        }
    }
    notes.sort_unstable();
    let mut by_record: HashMap<u128, Vec<String>> = HashMap::new();
    for (_, id, text) in notes {
        by_record.entry(id).or_default().push(text);
    }
    by_record
}

fn seen(
    database: &Database,
    item: &WorkItem,
    key_column: &str,
    table: (TableId, &Table),
    id: u128,
    row: &Row,
    notes: Vec<String>,
) -> Seen {
    let (place, definition) = table;
    let text = |column: &str| database.value(place, id, column).as_text().to_owned();
    let status = definition.places.status.and_then(|place| row.get(place).integer()).unwrap_or_default();
    let phase = if item.closed.contains(&status) {
        Phase::Closed
    } else if item.resolved.contains(&status) {
        Phase::Resolved
    } else {
        Phase::Open
    };
    let label = definition.places.status.and_then(|place| definition.column(place)).and_then(|column| column.option(status));
    let mut computers: Vec<String> = Vec::new();
    if let Some((table, id)) = database.value(place, id, &item.computer).link() {
        computers.push(database.name(table, id).to_owned());
    }
    let relationship = database.schema.relationships.iter().position(|pair| pair.name == item.computers);
    let computer = database.schema.computer.as_ref().and_then(|computer| database.schema.id(&computer.table));
    if let Some((pairs, table)) = relationship.and_then(|place| database.pairs.get(&place)).zip(computer) {
        computers.extend(pairs.iter().filter(|pair| pair.0 == id).map(|pair| database.name(table, pair.1).to_owned()));
    }
    let fields = definition.columns.iter().enumerate().map(|(place, column)| {
        let value = match render_value(row.get(place)) {
            Value::Null => String::new(),
            Value::String(text) => text,
            other => other.to_string(),
        };
        (column.name.clone(), value)
    });
    Seen {
        id: guid::show(id),
        number: text(&item.number),
        key: text(key_column),
        title: text(&item.title),
        description: text(&item.description),
        phase,
        state: label.map(|choice| choice.label.clone()).unwrap_or_default(),
        notes,
        computers,
        fields: fields.collect::<BTreeMap<_, _>>(),
    }
}

/// A value as a person types it, for a column's type; `None` when it makes no sense there.
fn typed(database: &Database, table: &Table, place: usize, text: &str) -> Option<Cell> {
    if text.is_empty() {
        return Some(Cell::Null);
    }
    let column = table.column(place)?;
    Some(match column.kind {
        ColumnKind::Text | ColumnKind::Memo => Cell::text(text),
        ColumnKind::Integer | ColumnKind::BigInteger => Cell::Integer(text.parse().ok()?),
        ColumnKind::Choice | ColumnKind::State | ColumnKind::Status => {
            let by_label = column.options.iter().find(|choice| choice.label == text).map(|choice| choice.value);
            Cell::Integer(by_label.or_else(|| text.parse().ok())?)
        }
        ColumnKind::Decimal => Cell::Decimal(text.parse().ok()?),
        ColumnKind::Boolean => Cell::Boolean(matches!(text, "true" | "Yes" | "1")),
        ColumnKind::DateTime => Cell::Time(super::query::lexer::time(text)?),
        ColumnKind::UniqueIdentifier => Cell::Id(guid::parse(text)?),
        ColumnKind::Lookup | ColumnKind::Customer | ColumnKind::Owner => {
            let targets = column.targets.iter();
            let by_id = guid::parse(text);
            let found = targets.filter_map(|target| {
                let table = database.schema.id(target)?;
                match by_id {
                    Some(id) => database.row(table, id).map(|_| (table, id)),
                    None => named(database, target, text),
                }
            });
            let (table, id) = found.into_iter().next()?;
            Cell::Link(table, id)
        }
    })
}

impl Desk for Dataverse {
    fn url(&self) -> String {
        self.environment.url.clone()
    }

    fn advance(&self, by: Duration) {
        self.environment.clock.advance(by);
    }

    /// Empty for change requests of an environment that has no table for them.
    fn all(&self, kind: Kind) -> Vec<Seen> {
        let Some(item) = self.work_item(kind) else { return Vec::new() };
        let database = self.environment.read();
        let Some(table) = database.schema.id(&item.table) else { return Vec::new() };
        let (Some(definition), Some(records)) = (database.table(table), database.shelf(table)) else { return Vec::new() };
        let mut notes = notes(&database);
        let key = self.environment.options.key_column.as_deref().unwrap_or(&item.key);
        let mut rows: Vec<(&u128, &Row)> = records.rows.iter().collect();
        rows.sort_unstable_by_key(|(_, row)| row.sequence);
        rows.into_iter()
            .map(|(id, row)| seen(&database, &item, key, (table, definition), *id, row, notes.remove(id).unwrap_or_default()))
            .collect()
    }

    /// Empty, and nothing is filed, where the environment has no table for it.
    fn file(&self, kind: Kind, title: &str) -> String {
        let Some(item) = self.work_item(kind) else { return String::new() };
        let mut database = self.environment.write();
        let hand = self.person(&database);
        let account = named(&database, "account", "Contoso").map_or(Cell::Null, |(table, id)| Cell::Link(table, id));
        let fields = [(item.title.as_str(), Cell::text(title)), ("customerid", account)];
        guid::show(writing::insert(&mut database, &item.table, &fields, hand))
    }

    fn edit(&self, kind: Kind, id: &str, edit: &Edit) {
        let Some(item) = self.work_item(kind) else { return };
        let set = |column: &str, text: &str| {
            self.change(&item, id, |database, table| {
                let place = table.place(column);
                place.and_then(|place| typed(database, table, place, text).map(|cell| (place, cell))).into_iter().collect()
            });
        };
        match edit {
            Edit::Field(column, value) => set(column, value),
            Edit::Title(title) => set(&item.title, title),
            Edit::Note(text) => self.note(&item, id, text),
            Edit::Assign(name) => set("ownerid", name),
            Edit::Resolve => self.status(&item, id, item.resolved.first().copied()),
            Edit::Close => self.status(&item, id, item.closed.first().copied()),
            Edit::Reopen => self.status(&item, id, None),
        }
    }

    fn remove(&self, kind: Kind, id: &str) {
        let Some(item) = self.work_item(kind) else { return };
        let mut database = self.environment.write();
        if let Some((table, id)) = database.schema.id(&item.table).zip(guid::parse(id)) {
            database.remove(table, id);
        }
    }

    /// Empty where the environment has no table of computers: the stock tables have no CMDB.
    fn add_computer(&self, name: &str) -> String {
        let mut database = self.environment.write();
        let Some(computer) = database.schema.computer.clone() else { return String::new() };
        let hand = self.person(&database);
        let fqdn = format!("{name}.contoso.com");
        let fields = [(computer.name.as_str(), Cell::text(name)), (computer.fqdn.as_str(), Cell::text(&fqdn))];
        guid::show(writing::insert(&mut database, &computer.table, &fields, hand))
    }

    fn computers(&self) -> Vec<String> {
        let database = self.environment.read();
        let table = database.schema.computer.as_ref().and_then(|computer| database.schema.id(&computer.table));
        let Some((table, records)) = table.and_then(|table| database.shelf(table).map(|records| (table, records))) else {
            return Vec::new();
        };
        records.rows.keys().map(|id| database.name(table, *id).to_owned()).collect()
    }

    fn strike(&self, trouble: &Trouble) -> bool {
        let faults = &self.environment.faults;
        match trouble {
            Trouble::Down => {
                let body =
                    "<html><head><title>Service Unavailable</title></head><body><h2>Service Unavailable</h2></body></html>";
                faults.add(Fault::new(Effect::Status { code: 503, body: body.to_owned(), headers: Vec::new() }));
            }
            Trouble::LoginPage => {
                faults.add(Fault::new(Effect::LoginPage));
            }
            Trouble::CredentialsRefused => {
                self.environment.entra.set_refusing(true);
                self.forget_tokens();
            }
            Trouble::TokensExpired => self.forget_tokens(),
            Trouble::RateLimited(time) => {
                let until = self.environment.clock.milliseconds() + i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 2);
                self.environment.protection.close(Some(until));
            }
            Trouble::CreateLost => self.environment.lose(Lost::Before),
            Trouble::CreateAnswerLost => self.environment.lose(Lost::After),
            Trouble::HalfPage => {
                faults.add(Fault::new(Effect::BrokenJson).method("GET").path("/api/data/").times(1));
            }
            Trouble::CreateRefused(text) => {
                let kinds = [Kind::Incident, Kind::ChangeRequest].map(|kind| self.work_item(kind));
                for item in kinds.into_iter().flatten() {
                    let plugin = Effect::Plugin { table: item.table, message: text.clone() };
                    self.environment.refuse_creates(plugin);
                }
            }
        }
        true
    }

    fn calm(&self) {
        self.environment.faults.clear();
        self.environment.entra.set_refusing(false);
        self.environment.protection.close(None);
        self.environment.lose(Lost::No);
        self.environment.allow_creates();
    }

    fn requests(&self) -> u64 {
        self.environment.log.count()
    }
}
