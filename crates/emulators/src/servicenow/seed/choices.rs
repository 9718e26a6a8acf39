//! Choice lists of the base system, and templates.

use super::Seeder;

/// Table, column, `value=label` in order.
const CHOICES: &[(&str, &str, &[&str])] = &[
    ("task", "impact", &["1=1 - High", "2=2 - Medium", "3=3 - Low"]),
    ("task", "urgency", &["1=1 - High", "2=2 - Medium", "3=3 - Low"]),
    ("task", "priority", &["1=1 - Critical", "2=2 - High", "3=3 - Moderate", "4=4 - Low", "5=5 - Planning"]),
    (
        "task",
        "state",
        &["-5=Pending", "1=Open", "2=Work in Progress", "3=Closed Complete", "4=Closed Incomplete", "7=Closed Skipped"],
    ),
    (
        "task",
        "contact_type",
        &[
            "email=Email",
            "phone=Phone",
            "self-service=Self-service",
            "walk-in=Walk-in",
            "virtual_agent=Virtual Agent",
            "event=Event",
            "monitoring=Monitoring",
        ],
    ),
    ("task", "escalation", &["0=Normal", "1=Moderate", "2=High", "3=Overdue"]),
    ("task", "approval", &["not requested=Not Yet Requested", "requested=Requested", "approved=Approved", "rejected=Rejected"]),
    ("task", "upon_reject", &["cancel=Cancel all future Tasks", "goto=Go to a previous point"]),
    ("task", "upon_approval", &["proceed=Proceed to Next Task", "do_nothing=Wait for a User to Close this task"]),
    ("incident", "state", &["1=New", "2=In Progress", "3=On Hold", "6=Resolved", "7=Closed", "8=Canceled"]),
    ("incident", "incident_state", &["1=New", "2=In Progress", "3=On Hold", "6=Resolved", "7=Closed", "8=Canceled"]),
    ("incident", "hold_reason", &["1=Awaiting Caller", "3=Awaiting Problem", "4=Awaiting Vendor", "5=Awaiting Change"]),
    ("incident", "severity", &["1=1 - High", "2=2 - Medium", "3=3 - Low"]),
    ("incident", "notify", &["1=Do Not Notify", "2=Send Email", "3=Telephone"]),
    (
        "incident",
        "category",
        &["inquiry=Inquiry / Help", "software=Software", "hardware=Hardware", "network=Network", "database=Database"],
    ),
    (
        "incident",
        "close_code",
        &[
            "Duplicate=Duplicate",
            "Known error=Known error",
            "No resolution provided=No resolution provided",
            "Resolved by caller=Resolved by caller",
            "Resolved by change=Resolved by change",
            "Resolved by problem=Resolved by problem",
            "Resolved by request=Resolved by request",
            "Solution provided=Solution provided",
            "Workaround provided=Workaround provided",
            "User error=User error",
        ],
    ),
    (
        "change_request",
        "state",
        &["-5=New", "-4=Assess", "-3=Authorize", "-2=Scheduled", "-1=Implement", "0=Review", "3=Closed", "4=Canceled"],
    ),
    ("change_request", "type", &["normal=Normal", "standard=Standard", "emergency=Emergency"]),
    ("change_request", "risk", &["2=High", "3=Moderate", "4=Low"]),
    ("change_request", "category", &["Hardware=Hardware", "Software=Software", "Network=Network", "Other=Other"]),
    (
        "change_request",
        "close_code",
        &["successful=Successful", "successful_issues=Successful with issues", "unsuccessful=Unsuccessful"],
    ),
    ("change_request", "conflict_status", &["Not Run=Not Run", "No Conflict=No Conflict", "Conflict=Conflict"]),
    ("problem", "state", &["1=Open", "2=Known Error", "3=Pending Change", "4=Closed/Resolved"]),
    ("cmdb_ci", "install_status", &["1=Installed", "2=On Order", "3=In Maintenance", "6=In Stock", "7=Retired"]),
    ("cmdb_ci", "operational_status", &["1=Operational", "2=Non-Operational", "6=Retired"]),
    ("em_event", "severity", &["0=Clear", "1=Critical", "2=Major", "3=Minor", "4=Warning", "5=OK"]),
    ("em_event", "resolution_state", &["New=New", "Closing=Closing"]),
    ("em_event", "state", &["Ready=Ready", "Processed=Processed", "Ignored=Ignored", "Error=Error"]),
    ("em_alert", "severity", &["0=Clear", "1=Critical", "2=Major", "3=Minor", "4=Warning", "5=OK"]),
    ("em_alert", "state", &["Open=Open", "Reopen=Reopen", "Flapping=Flapping", "Closed=Closed"]),
];

/// Subcategories with the category each depends on.
const SUBCATEGORIES: &[(&str, &str, &str)] = &[
    ("software", "email", "Email"),
    ("software", "os", "Operating System"),
    ("hardware", "cpu", "CPU"),
    ("hardware", "disk", "Disk"),
    ("hardware", "memory", "Memory"),
    ("network", "dns", "DNS"),
    ("network", "vpn", "VPN"),
    ("database", "sql server", "MS SQL Server"),
    ("database", "oracle", "Oracle"),
];

/// Name, table, encoded template.
const TEMPLATES: &[(&str, &str, &str)] = &[
    ("Azure alert", "incident", "category=software^impact=2^urgency=2^contact_type=event^EQ"),
    ("Server down", "incident", "category=hardware^subcategory=cpu^impact=1^urgency=1^short_description=Server down^EQ"),
    ("Network trouble", "incident", "category=network^impact=2^urgency=3^assignment_group=287ebd7da9fe198100f92cc8d1d2154e^EQ"),
    ("Due tomorrow", "incident", "category=inquiry^due_date=javascript:gs.daysAgoStart(-1)^EQ"),
    ("Standard reboot", "change_request", "type=standard^risk=4^short_description=Reboot^EQ"),
];

pub(super) fn fill(seeder: &mut Seeder<'_>) {
    for (table, element, values) in CHOICES {
        for (sequence, pair) in values.iter().enumerate() {
            let (value, label) = pair.split_once('=').unwrap_or((pair, pair));
            let sequence = (sequence + 1).to_string();
            seeder.add(
                "sys_choice",
                &[("name", table), ("element", element), ("value", value), ("label", label), ("sequence", &sequence)],
            );
        }
    }
    for (sequence, (category, value, label)) in SUBCATEGORIES.iter().enumerate() {
        let sequence = (sequence + 1).to_string();
        seeder.add(
            "sys_choice",
            &[
                ("name", "incident"),
                ("element", "subcategory"),
                ("value", value),
                ("label", label),
                ("dependent_value", category),
                ("sequence", &sequence),
            ],
        );
    }
    for (name, table, template) in TEMPLATES {
        seeder.add("sys_template", &[("name", name), ("table", table), ("template", template), ("short_description", name)]);
    }
}
