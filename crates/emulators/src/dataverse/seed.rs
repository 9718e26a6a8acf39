//! What is there at the start: users, teams, customers, computers, solutions, and as many work items as wanted.

use super::{
    api::metadata_id,
    database::{Cell, Database},
    guid,
    options::{Options, User},
    people::{ACCOUNTS, CHANGES, COMPUTERS, PEOPLE, SUBJECTS, TEAMS, TROUBLES},
    schema::{TableId, WorkItem},
    writing::{self, Hand, insert},
};

/// Days over which work items are spread.
const DAYS: i64 = 120;

/// Fills a new environment; the users that may sign in with their ids.
pub(super) fn fill(database: &mut Database, options: &Options, now: i64) -> Vec<(u128, User)> {
    let begin = now - 200 * 86_400;
    let setup = Hand { user: 0, now: begin };
    let unit = insert(database, "businessunit", &[("name", Cell::text("Contoso"))], setup);
    let link =
        |database: &Database, table: &str, id: u128| database.schema.id(table).map_or(Cell::Null, |table| Cell::Link(table, id));
    let unit = link(database, "businessunit", unit);
    let mut users = Vec::new();
    for user in &options.users {
        let application = user.application.as_deref().and_then(guid::parse).map_or(Cell::Null, Cell::Id);
        let principal =
            if user.principal.is_empty() { user.application.clone().unwrap_or_default() } else { user.principal.clone() };
        let mode = if user.application.is_some() { 4 } else { 0 };
        let fields = [
            ("fullname", Cell::text(&user.name)),
            ("domainname", Cell::text(&principal)),
            ("applicationid", application),
            ("accessmode", Cell::Integer(mode)),
            ("isdisabled", Cell::Boolean(user.disabled)),
            ("businessunitid", unit.clone()),
        ];
        users.push((insert(database, "systemuser", &fields, setup), user.clone()));
    }
    let mut people = Vec::new();
    for (name, account) in PEOPLE {
        let address = format!("{account}@contoso.com");
        let fields = [
            ("fullname", Cell::text(name)),
            ("domainname", Cell::text(&address)),
            ("internalemailaddress", Cell::text(&address)),
            ("businessunitid", unit.clone()),
        ];
        people.push(insert(database, "systemuser", &fields, setup));
    }
    for team in TEAMS {
        insert(database, "team", &[("name", Cell::text(team)), ("businessunitid", unit.clone())], setup);
        insert(database, "queue", &[("name", Cell::text(team))], setup);
    }
    let account = |name: &&str| insert(database, "account", &[("name", Cell::text(name))], setup);
    let accounts: Vec<u128> = ACCOUNTS.iter().map(account).collect();
    insert(
        database,
        "contact",
        &[("fullname", Cell::text("Yvonne McKay")), ("emailaddress1", Cell::text("yvonne@contoso.com"))],
        setup,
    );
    for subject in SUBJECTS {
        insert(database, "subject", &[("title", Cell::text(subject))], setup);
    }
    solutions(database, setup);
    let computers = computers(database, options, setup);
    let spread = Spread { now, people: &people, customer: accounts.first().copied().unwrap_or_default(), computers: &computers };
    if let Some(incident) = database.schema.incident.clone() {
        spread.fill(database, &incident, options.seed.incidents, &TROUBLES);
    }
    if let Some(change) = database.schema.change_request.clone() {
        spread.fill(database, &change, options.seed.change_requests, &CHANGES);
    }
    users
}

fn solutions(database: &mut Database, setup: Hand) {
    let publisher = |database: &mut Database, name: &str, friendly: &str, prefix: &str| {
        let fields = [
            ("uniquename", Cell::text(name)),
            ("friendlyname", Cell::text(friendly)),
            ("customizationprefix", Cell::text(prefix)),
        ];
        let id = insert(database, "publisher", &fields, setup);
        database.schema.id("publisher").map_or(Cell::Null, |table| Cell::Link(table, id))
    };
    let own = publisher(database, "DefaultPublishercontoso", "Default Publisher for contoso", "new");
    let fields = [
        ("uniquename", Cell::text("Default")),
        ("friendlyname", Cell::text("Default Solution")),
        ("version", Cell::text("1.0")),
        ("publisherid", own),
    ];
    insert(database, "solution", &fields, setup);
    for solution in database.schema.solutions.clone() {
        let publisher = publisher(database, &solution.publisher, &solution.publisher_name, &solution.prefix);
        let fields = [
            ("uniquename", Cell::text(&solution.unique_name)),
            ("friendlyname", Cell::text(&solution.friendly_name)),
            ("version", Cell::text(&solution.version)),
            ("ismanaged", Cell::Boolean(true)),
            ("publisherid", publisher),
        ];
        let id = insert(database, "solution", &fields, setup);
        let beginning = format!("{}_", solution.prefix);
        let tables: Vec<u128> = database
            .schema
            .tables()
            .filter(|(_, table)| table.logical_name.starts_with(&beginning))
            .map(|(_, table)| metadata_id(table))
            .collect();
        let whole = database.schema.id("solution").map_or(Cell::Null, |table| Cell::Link(table, id));
        for table in tables {
            let fields = [("componenttype", Cell::Integer(1)), ("objectid", Cell::Id(table)), ("solutionid", whole.clone())];
            insert(database, "solutioncomponent", &fields, setup);
        }
        for category in SUBJECTS {
            let column = format!("{}_name", solution.prefix);
            insert(database, &format!("{}_category", solution.prefix), &[(column.as_str(), Cell::text(category))], setup);
        }
        let columns = ["name", "title", "impact"].map(|column| format!("{}_{column}", solution.prefix));
        let values = [Cell::text("Server alert"), Cell::text("Alert on a server"), Cell::Integer(100_000_000)];
        let fields: Vec<(&str, Cell)> = columns.iter().map(String::as_str).zip(values).collect();
        insert(database, &format!("{}_template", solution.prefix), &fields, setup);
    }
}

fn computers(database: &mut Database, options: &Options, setup: Hand) -> Vec<(TableId, u128, String)> {
    let further = (1..=options.seed.computers).map(|number| format!("srv-{number:05}"));
    let names: Vec<String> = COMPUTERS.iter().map(|name| (*name).to_owned()).chain(further).collect();
    let Some(computer) = database.schema.computer.clone() else { return Vec::new() };
    let Some(table) = database.schema.id(&computer.table) else { return Vec::new() };
    let add = |name: String| {
        let fqdn = format!("{name}.contoso.com");
        let fields = [(computer.name.as_str(), Cell::text(&name)), (computer.fqdn.as_str(), Cell::text(&fqdn))];
        (table, insert(database, &computer.table, &fields, setup), name)
    };
    names.into_iter().map(add).collect()
}

struct Spread<'a> {
    now: i64,
    people: &'a [u128],
    customer: u128,
    computers: &'a [(TableId, u128, String)],
}

impl Spread<'_> {
    /// Work items from the oldest on; each was changed once more, later, and the older ones are mostly done.
    fn fill(&self, database: &mut Database, item: &WorkItem, count: usize, texts: &[&str]) {
        let Some(table) = database.schema.id(&item.table) else { return };
        let Some(definition) = database.table(table).cloned() else { return };
        let customer = database.schema.id("account").map_or(Cell::Null, |table| Cell::Link(table, self.customer));
        for number in 0..count {
            let share = i64::try_from(number).unwrap_or_default() * (DAYS * 86_400) / i64::try_from(count.max(1)).unwrap_or(1);
            let created = self.now - DAYS * 86_400 + share;
            let person = self.people.get(number % self.people.len().max(1)).copied().unwrap_or_default();
            let text = texts.get(number % texts.len().max(1)).copied().unwrap_or_default();
            let computer = self.computers.get(number % self.computers.len().max(1));
            let name = computer.map_or_else(
                || COMPUTERS.get(number % COMPUTERS.len()).copied().unwrap_or_default().to_owned(),
                |(_, _, name)| name.clone(),
            );
            let title = format!("{text} {name}");
            let description = format!("Reported for {name}.contoso.com.");
            let link = computer.map_or(Cell::Null, |(table, id, _)| Cell::Link(*table, *id));
            let fields = [
                (item.title.as_str(), Cell::text(&title)),
                (item.description.as_str(), Cell::text(&description)),
                ("customerid", customer.clone()),
                (item.computer.as_str(), link),
            ];
            let id = insert(database, &item.table, &fields, Hand { user: person, now: created });
            // Changed between an hour and some days later, but not in the future.
            let later = (created + 3600 + i64::try_from(number % 97).unwrap_or_default() * 3_571).min(self.now);
            let done = number * 10 < count * 8 && number % 5 != 0;
            let status = if done { item.resolved.first().copied() } else { None };
            let mut changes = Vec::new();
            if let (Some(status), Some(place)) = (status, definition.places.status) {
                changes.push((place, Cell::Integer(status)));
                if let (Some(state), Some(of)) = (definition.places.state, definition.state_of(status)) {
                    changes.push((state, Cell::Integer(of.value)));
                }
            }
            writing::update(database, table, id, &changes, Hand { user: person, now: later });
        }
    }
}
