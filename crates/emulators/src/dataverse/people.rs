//! The people and teams of the demo, and the accounts and computers their incidents speak of.

/// First and last name.
pub(super) const PEOPLE: [(&str, &str); 5] = [
    ("Beth Anglin", "beth.anglin"),
    ("Abel Tuter", "abel.tuter"),
    ("Maria Costa", "maria.costa"),
    ("Jonas Weber", "jonas.weber"),
    ("Priya Nair", "priya.nair"),
];
/// Who acts when a person does something to a record.
pub(super) const PERSON: &str = "Beth Anglin";
/// Teams.
pub(super) const TEAMS: [&str; 4] = ["Service Desk", "Server Operations", "Database Administration", "Network"];
/// Computers of the CMDB.
pub(super) const COMPUTERS: [&str; 6] = ["web01", "web02", "web03", "sql01", "sql02", "build01"];
/// Customers.
pub(super) const ACCOUNTS: [&str; 2] = ["Contoso", "Fabrikam"];
/// Subjects of the stock incident and categories of the ITSM solution.
pub(super) const SUBJECTS: [&str; 4] = ["Hardware", "Software", "Network", "Monitoring"];
/// What happened.
pub(super) const TROUBLES: [&str; 6] = [
    "CPU over 90 % on",
    "Disk almost full on",
    "Service stopped on",
    "Slow answers from",
    "Backup failed on",
    "Certificate expires on",
];
/// What was changed.
pub(super) const CHANGES: [&str; 4] = ["Install updates on", "Replace certificate of", "Add memory to", "Move to new host:"];
