//! The demo data of a fresh system: teams, users, customers, servers, saved searches, and as many incidents and changes as are asked for.

use super::{
    database::{Database, Draft, SavedSearch, Team},
    options::Options,
    saving::{self, Hand},
};

const TEAMS: [&str; 4] = ["1st Level Support", "Server Team", "Database Team", "Network Team"];

/// Full name, team.
const USERS: [(&str, usize); 5] =
    [("Ana Reyes", 0), ("Ben Okafor", 1), ("Chloe Martin", 2), ("David Lindqvist", 3), ("Eva Novak", 1)];

/// Full name, department.
const CUSTOMERS: [(&str, &str); 5] = [
    ("Azure Monitor", "IT Operations"),
    ("Farid Haddad", "Finance"),
    ("Grace Tanaka", "Sales"),
    ("Hugo Pereira", "Logistics"),
    ("Ines Kowalski", "Human Resources"),
];

/// Friendly name, address, operating system.
const SERVERS: [(&str, &str, &str); 6] = [
    ("web01", "10.0.0.11", "Windows Server 2022"),
    ("web02", "10.0.0.12", "Windows Server 2022"),
    ("web03", "10.0.0.13", "Windows Server 2022"),
    ("sql01", "10.0.0.21", "Windows Server 2019"),
    ("sql02", "10.0.0.22", "Windows Server 2019"),
    ("build01", "10.0.0.31", "Ubuntu 24.04"),
];

/// Title, service, category, subcategory, team, server.
const TROUBLES: [(&str, &str, &str, &str, usize, usize); 5] = [
    ("CPU over 90 percent", "Server Management", "Server", "Performance", 1, 0),
    ("Disk C: nearly full", "Server Management", "Server", "Disk Space", 1, 3),
    ("Backup of orders failed", "Database Management", "Database", "Backup Failure", 2, 3),
    ("Latency to the branch office", "Network Services", "Connectivity", "Latency", 3, 1),
    ("Certificate expires soon", "Enterprise Apps", "Web Application", "Certificate", 0, 2),
];

const DAY: i64 = 86_400;

/// Fills a fresh system.
pub(super) fn fill(database: &mut Database, options: &Options, now: i64) {
    let hand = Hand {
        name: "Cherwell Admin",
        // Demo data was there long before today.
        now: now - 200 * DAY,
        minute_stamps: options.minute_stamps,
        lifecycle: options.lifecycle,
        closing_needs: &[],
        free: true,
    };
    for name in TEAMS {
        let id = database.new_id();
        database.teams.push(Team { id, name: name.to_owned(), members: Vec::new() });
    }
    for (name, team) in USERS {
        let email = format!("{}@contoso.com", name.to_lowercase().replace(' ', "."));
        let home = TEAMS.get(team).copied().unwrap_or_default();
        let id = add(database, "UserInfo", &[("FullName", name), ("Email", &email), ("DefaultTeam", home)], &hand);
        if let Some(team) = database.teams.get_mut(team) {
            team.members.push(id);
        }
    }
    let customers = CUSTOMERS.map(|(name, department)| {
        let (first, last) = name.split_once(' ').unwrap_or((name, ""));
        let email = format!("{}@contoso.com", name.to_lowercase().replace(' ', "."));
        let values =
            [("FullName", name), ("FirstName", first), ("LastName", last), ("Email", &email), ("Department", department)];
        add(database, "Customer", &values, &hand)
    });
    let servers = SERVERS.map(|(name, address, system)| server(database, name, address, system, &hand));
    searches(database);
    incidents(database, options.seed.incidents, now, &customers, &servers, &hand);
    changes(database, options.seed.change_requests, now, &servers, &hand);
}

/// A record by stock names; its `RecID`.
pub(super) fn add(database: &mut Database, object: &str, values: &[(&str, &str)], hand: &Hand<'_>) -> String {
    let Some(object) = database.content.by_name(object) else { return String::new() };
    let slot = put(database, object, None, values, hand);
    database.rows(object).get(slot).map(|record| record.id.to_string()).unwrap_or_default()
}

/// A new record, or a changed one; its slot. Nothing is refused.
pub(super) fn put(
    database: &mut Database,
    object: usize,
    slot: Option<usize>,
    values: &[(&str, &str)],
    hand: &Hand<'_>,
) -> usize {
    let content = std::sync::Arc::clone(&database.content);
    let role = |role: &str| content.objects.get(object).and_then(|object| object.role(role));
    let values = values.iter().filter_map(|(name, value)| Some((role(name)?, (*value).to_owned()))).collect();
    saving::put(database, &Draft { object, slot, values }, hand)
}

/// A server; its `RecID`.
pub(super) fn server(database: &mut Database, name: &str, address: &str, system: &str, hand: &Hand<'_>) -> String {
    let host = if name.contains('.') { name.to_owned() } else { format!("{name}.contoso.com") };
    let values = [
        ("FriendlyName", name),
        ("AssetName", name),
        ("HostName", &host),
        ("IPAddress", address),
        ("OperatingSystem", system),
        ("MemoryGB", "16"),
    ];
    add(database, "ConfigServer", &values, hand)
}

fn searches(database: &mut Database) {
    const OPEN: [&str; 5] = ["New", "Assigned", "In Progress", "Pending", "Reopened"];
    save(database, "Incident", "All Incidents", &[]);
    save(database, "Incident", "Open Incidents", &OPEN);
    save(database, "ChangeRequest", "Scheduled Changes", &["Scheduled"]);
}

/// Saves a search for these statuses.
fn save(database: &mut Database, object: &str, name: &'static str, statuses: &[&'static str]) {
    let id = database.new_id();
    if let Some(object) = database.content.by_name(object) {
        let conditions = statuses.iter().map(|status| ("Status", *status)).collect();
        database.searches.push(SavedSearch { id, name, object, conditions });
    }
}

/// Moments at even distances over the last 120 days, oldest first, each with the moment of its last change.
fn moments(count: usize, now: i64) -> impl Iterator<Item = (usize, i64, i64)> {
    let total = i64::try_from(count).unwrap_or(i64::MAX).max(1);
    (0..count).zip(0..total).map(move |(number, place)| {
        let created = now - 120 * DAY + place * (120 * DAY / total);
        // Some are never touched again, some hours later, some weeks later; none in the future.
        let later = [0, 3 * 3600 + 240, 2 * DAY, 17 * DAY + 90].get(number % 4).copied().unwrap_or_default();
        (number, created, (created + later).min(now - 60))
    })
}

fn incidents(database: &mut Database, count: usize, now: i64, customers: &[String], servers: &[String], hand: &Hand<'_>) {
    let Some(object) = database.content.by_name("Incident") else { return };
    let kind = database.content.objects.get(3).map(|object| object.id.clone()).unwrap_or_default();
    let pick = |list: &[String], number: usize| list.get(number % list.len().max(1)).cloned().unwrap_or_default();
    for (number, created, changed) in moments(count, now) {
        let Some((title, service, category, subcategory, team, server)) = TROUBLES.get(number % TROUBLES.len()).copied() else {
            return;
        };
        let (title, priority) = (format!("{title} ({number})"), (number % 4 + 1).to_string());
        let mut values = vec![
            ("ShortDescription", title.as_str()),
            ("Description", title.as_str()),
            ("Service", service),
            ("Category", category),
            ("Subcategory", subcategory),
            ("Priority", &priority),
            ("CallSource", "Event"),
            ("OwnedByTeam", TEAMS.get(team).copied().unwrap_or_default()),
            ("ConfigItemTypeID", &kind),
        ];
        let (customer, server) = (pick(customers, number), pick(servers, server));
        values.extend([("CustomerRecID", customer.as_str()), ("ConfigItemRecID", server.as_str())]);
        let slot = put(database, object, None, &values, &Hand { now: created, ..hand.clone() });
        let owner = USERS.get(number % USERS.len()).map_or("", |(name, _)| name);
        let status = ["New", "In Progress", "Resolved", "Closed", "Resolved", "Assigned", "Pending"].get(number % 7).copied();
        let mut later = vec![("Status", status.unwrap_or("New")), ("OwnedBy", owner)];
        if matches!(status, Some("Resolved" | "Closed")) {
            later.extend([("Cause", "Capacity"), ("CloseDescription", "Solved")]);
        }
        put(database, object, Some(slot), &later, &Hand { name: owner, now: changed, ..hand.clone() });
    }
}

fn changes(database: &mut Database, count: usize, now: i64, servers: &[String], hand: &Hand<'_>) {
    let Some(object) = database.content.by_name("ChangeRequest") else { return };
    for (number, created, changed) in moments(count, now) {
        let title = format!("Apply updates, round {number}");
        let (start, end) = ((created + 7 * DAY).to_string(), (created + 7 * DAY + 7200).to_string());
        let server = servers.get(number % servers.len().max(1)).map_or("", String::as_str);
        let values = [
            ("Title", title.as_str()),
            ("Description", "Monthly updates of the operating system"),
            ("Type", ["Standard", "Normal", "Emergency"].get(number % 3).copied().unwrap_or_default()),
            ("Risk", ["Low", "Medium", "High"].get(number % 3).copied().unwrap_or_default()),
            ("ScheduledStartDate", &start),
            ("ScheduledEndDate", &end),
            ("ConfigItemRecID", server),
        ];
        let slot = put(database, object, None, &values, &Hand { now: created, ..hand.clone() });
        let status = ["New", "Planning", "Scheduled", "In Progress", "Implemented", "Closed"].get(number % 6).copied();
        let owner = USERS.get(number % USERS.len()).map_or("", |(name, _)| name);
        let later = [("Status", status.unwrap_or("New")), ("OwnedBy", owner)];
        put(database, object, Some(slot), &later, &Hand { name: owner, now: changed, ..hand.clone() });
    }
}
