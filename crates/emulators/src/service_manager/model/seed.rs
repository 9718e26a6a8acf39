//! What a demo installation holds: six computers, five people, four support groups (in the catalogue), templates, and as many work items as wanted.

use super::{
    class::Class,
    computers::Computer,
    group::ManagementGroup,
    ids,
    people::Person,
    template::Template,
    work_item::{Relation, Value},
    writing::{Actor, Draft},
};

/// How much is there at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seed {
    /// Incidents, changed at even distances over the last 120 days.
    pub incidents: usize,
    /// Change requests, changed at even distances over the last 120 days.
    pub change_requests: usize,
    /// Further computers, `srv-00001.contoso.com` and so on.
    pub servers: usize,
}

const DAY: i64 = 86_400_000;
const DAYS: i64 = 120;

const COMPUTERS: [&str; 6] = ["web01", "web02", "web03", "sql01", "sql02", "build01"];

/// (account, name people see, analyst, administrator)
const PEOPLE: [(&str, &str, bool, bool); 7] = [
    ("svc-itsm", "ITSM Integration", true, false),
    ("scsm.admin", "SCSM Administrator", true, true),
    ("beth.anglin", "Beth Anglin", true, false),
    ("david.loo", "David Loo", true, false),
    ("fred.luddy", "Fred Luddy", true, false),
    ("itil.user", "Irene Tilden", true, false),
    ("joe.employee", "Joe Employee", false, false),
];

pub(super) fn fill(group: &mut ManagementGroup, now: i64) {
    let seed = group.settings.seed;
    for (user_name, display_name, analyst, administrator) in PEOPLE {
        let base_id = group.new_id();
        let (domain, user_name, display_name) = ("CONTOSO".to_owned(), user_name.to_owned(), display_name.to_owned());
        group.people.push(Person { base_id, domain, user_name, display_name, analyst, administrator });
    }
    let servers = (1..=seed.servers).map(|number| format!("srv-{number:05}"));
    for name in COMPUTERS.map(str::to_owned).into_iter().chain(servers) {
        let id = group.new_id();
        let mut computer = Computer::new(id, &format!("{name}.contoso.com"), true);
        computer.display_name = format!("{name}.contoso.com");
        group.computers.push(computer);
    }
    templates(group);
    items(group, Class::Incident, seed.incidents, now);
    items(group, Class::ChangeRequest, seed.change_requests, now);
}

fn templates(group: &mut ManagementGroup) {
    let value = |name: &str, id| (name.to_owned(), Value::Enumeration(id));
    let text = |name: &str, text: &str| (name.to_owned(), Value::Text(text.to_owned()));
    let low = [value("Impact", ids::IMPACT_LOW), value("Urgency", ids::URGENCY_LOW)];
    let template = |id, name: &str, label: &str, class, values| {
        let (name, label) = (name.to_owned(), label.to_owned());
        Template { id, name, label, class, values }
    };
    let networking = ids::unpublished("IncidentClassificationEnum.Networking");
    let hardware = ids::unpublished("IncidentClassificationEnum.Hardware");
    group.templates.extend([
        template(
            ids::DEFAULT_INCIDENT_TEMPLATE,
            "DefaultIncidentTemplate",
            "Default Incident Template",
            Class::Incident,
            low.to_vec(),
        ),
        template(
            ids::unpublished("NetworkingIssueIncidentTemplate"),
            "NetworkingIssueIncidentTemplate",
            "Networking Issue Incident Template",
            Class::Incident,
            vec![
                // Templates do set these two, which is why a client has to set its own after.
                text("Title", "Networking issue"),
                text("Description", "Describe what cannot be reached, and from where."),
                value("Impact", ids::IMPACT_MEDIUM),
                value("Urgency", ids::URGENCY_MEDIUM),
                value("Classification", networking),
                value("TierQueue", ids::unpublished("IncidentTierQueuesEnum.Tier2")),
            ],
        ),
        template(
            ids::unpublished("HardwareIssueIncidentTemplate"),
            "HardwareIssueIncidentTemplate",
            "Hardware Issue Incident Template",
            Class::Incident,
            vec![value("Impact", ids::IMPACT_MEDIUM), value("Urgency", ids::URGENCY_LOW), value("Classification", hardware)],
        ),
        template(
            ids::unpublished("StandardChangeRequestTemplate"),
            "StandardChangeRequestTemplate",
            "Standard Change Request",
            Class::ChangeRequest,
            vec![value("Category", ids::unpublished("ChangeCategoryEnum.Standard"))],
        ),
    ]);
}

/// Work items at even distances over the last days, oldest first.
fn items(group: &mut ManagementGroup, class: Class, count: usize, now: i64) {
    let Ok(total) = i64::try_from(count) else { return };
    let actor = Actor::administrator(super::people::PERSON);
    let people: Vec<_> = group.people.iter().filter(|person| person.analyst).map(|person| person.base_id).collect();
    let computers: Vec<_> = group.computers.iter().take(COMPUTERS.len()).map(|computer| computer.base_id).collect();
    for number in 0..total {
        let changed = now - DAYS * DAY + number * DAYS * DAY / total.max(1);
        let created = changed - (number % 7) * 3_600_000;
        let place = usize::try_from(number).unwrap_or_default();
        let config_items = computers.iter().cycle().nth(place % COMPUTERS.len()).map(|id| (Relation::About, *id));
        let draft = Draft {
            properties: properties(class, number, created),
            config_items: config_items.into_iter().collect(),
            ..Draft::default()
        };
        let Ok(id) = group.create(class, &draft, &actor, created) else { continue };
        let person = people.iter().cycle().nth(place % people.len().max(1)).copied();
        // Nothing of this is refused: an administrator acts on an item that was made just now.
        if let Some(person) = person.filter(|_| number % 3 != 0) {
            group.assign(class, &id, person, &actor, created).ok();
        }
        match (class, number % 10) {
            (Class::Incident, 0 | 1) => group.resolve(&id, None, "Solved", &actor, changed).ok(),
            (_, 2) => group.close(class, &id, &actor, changed).ok(),
            (Class::Incident, 3) => {
                group.update(class, &id, &[("Status".to_owned(), Some(Value::Enumeration(ids::PENDING)))], &actor, changed).ok()
            }
            (Class::ChangeRequest, 4) => {
                let status = ids::unpublished("ChangeStatusEnum.InProgress");
                group.update(class, &id, &[("Status".to_owned(), Some(Value::Enumeration(status)))], &actor, changed).ok()
            }
            _ => {
                group.touch(class, &id, changed);
                Some(())
            }
        };
    }
}

fn properties(class: Class, number: i64, created: i64) -> Vec<(String, Value)> {
    let (impacts, urgencies) =
        ([ids::IMPACT_HIGH, ids::IMPACT_MEDIUM, ids::IMPACT_LOW], [ids::URGENCY_HIGH, ids::URGENCY_MEDIUM, ids::URGENCY_LOW]);
    let pick =
        |list: &[uuid::Uuid; 3], at: i64| list.get(usize::try_from(at % 3).unwrap_or_default()).copied().unwrap_or_default();
    let mut values = match class {
        Class::Incident => vec![
            ("Title", Value::Text(format!("Seeded incident {number}"))),
            ("Impact", Value::Enumeration(pick(&impacts, number))),
            ("Urgency", Value::Enumeration(pick(&urgencies, number / 3))),
            ("Source", Value::Enumeration(ids::SOURCE_SCOM)),
            ("TierQueue", Value::Enumeration(ids::unpublished("IncidentTierQueuesEnum.Tier1"))),
        ],
        Class::ChangeRequest => vec![
            ("Title", Value::Text(format!("Seeded change request {number}"))),
            ("Category", Value::Enumeration(ids::unpublished("ChangeCategoryEnum.Standard"))),
            ("Risk", Value::Enumeration(ids::unpublished("ChangeRiskEnum.Low"))),
            ("Impact", Value::Enumeration(ids::unpublished("ChangeImpactEnum.Standard"))),
            ("Priority", Value::Enumeration(ids::unpublished("ChangePriorityEnum.Medium"))),
            ("ScheduledStartDate", Value::Date(created + 3 * DAY)),
            ("ScheduledEndDate", Value::Date(created + 3 * DAY + 7_200_000)),
            ("RequiredBy", Value::Date(created + 10 * DAY)),
        ],
    };
    values.push(("Description", Value::Text("Made for demonstrations.".to_owned())));
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
