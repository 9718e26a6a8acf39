//! The enumeration trees of a fresh installation. GUIDs of section "status, impact, urgency, source, lists" are Microsoft's own; where
//! none is published the name decides (see [`ids::unpublished`]), and so do the names of the values of those lists, which are inferred
//! from the console: clients have to read the trees.

use uuid::Uuid;

use super::{enumerations::Enumerations, ids};

/// A value whose GUID is Microsoft's: (id, full name, parent, English, German).
type Known = (Uuid, &'static str, Option<Uuid>, &'static str, &'static str);

const KNOWN: &[Known] = &[
    (ids::INCIDENT_STATUS, "IncidentStatusEnum", None, "Incident Status", "Incidentstatus"),
    (ids::ACTIVE, "IncidentStatusEnum.Active", Some(ids::INCIDENT_STATUS), "Active", "Aktiv"),
    (ids::PENDING, "IncidentStatusEnum.Active.Pending", Some(ids::ACTIVE), "Pending", "Ausstehend"),
    (ids::RESOLVED, "IncidentStatusEnum.Resolved", Some(ids::INCIDENT_STATUS), "Resolved", "Gelöst"),
    (ids::CLOSED, "IncidentStatusEnum.Closed", Some(ids::INCIDENT_STATUS), "Closed", "Geschlossen"),
    (ids::IMPACT, "System.WorkItem.TroubleTicket.ImpactEnum", None, "Impact", "Auswirkung"),
    (ids::IMPACT_LOW, "System.WorkItem.TroubleTicket.ImpactEnum.Low", Some(ids::IMPACT), "Low", "Niedrig"),
    (ids::IMPACT_MEDIUM, "System.WorkItem.TroubleTicket.ImpactEnum.Medium", Some(ids::IMPACT), "Medium", "Mittel"),
    (ids::IMPACT_HIGH, "System.WorkItem.TroubleTicket.ImpactEnum.High", Some(ids::IMPACT), "High", "Hoch"),
    (ids::URGENCY, "System.WorkItem.TroubleTicket.UrgencyEnum", None, "Urgency", "Dringlichkeit"),
    (ids::URGENCY_LOW, "System.WorkItem.TroubleTicket.UrgencyEnum.Low", Some(ids::URGENCY), "Low", "Niedrig"),
    (ids::URGENCY_MEDIUM, "System.WorkItem.TroubleTicket.UrgencyEnum.Medium", Some(ids::URGENCY), "Medium", "Mittel"),
    (ids::URGENCY_HIGH, "System.WorkItem.TroubleTicket.UrgencyEnum.High", Some(ids::URGENCY), "High", "Hoch"),
    (ids::SOURCE, "IncidentSourceEnum", None, "Incident Source", "Incidentquelle"),
    (ids::SOURCE_EMAIL, "IncidentSourceEnum.Email", Some(ids::SOURCE), "E-Mail", "E-Mail"),
    (ids::SOURCE_SCOM, "IncidentSourceEnum.SCOM", Some(ids::SOURCE), "Operations Manager", "Operations Manager"),
    (ids::SOURCE_PHONE, "IncidentSourceEnum.Phone", Some(ids::SOURCE), "Phone", "Telefon"),
    (ids::SOURCE_PORTAL, "IncidentSourceEnum.Portal", Some(ids::SOURCE), "Portal", "Portal"),
    (ids::SOURCE_SYSTEM, "IncidentSourceEnum.System", Some(ids::SOURCE), "System", "System"),
    (ids::SOURCE_CONSOLE, "IncidentSourceEnum.Console", Some(ids::SOURCE), "Console", "Konsole"),
    (ids::SOURCE_DCM, "IncidentSourceEnum.DCM", Some(ids::SOURCE), "Configuration Manager", "Configuration Manager"),
    (ids::CLASSIFICATION, "IncidentClassificationEnum", None, "Incident Classification", "Incidentklassifizierung"),
    (ids::TIER_QUEUE, "IncidentTierQueuesEnum", None, "Incident Tier Queue", "Incident-Supportgruppe"),
];

/// Lists whose values, and mostly roots, have GUIDs that are not published: (list, its label, values as (short name, English, German)).
type Named = (&'static str, &'static str, &'static [(&'static str, &'static str, &'static str)]);

const NAMED: &[Named] = &[
    (
        "IncidentClassificationEnum",
        "",
        &[
            ("EnterpriseApplications", "Enterprise Application Problems", "Probleme mit Unternehmensanwendungen"),
            ("Hardware", "Hardware Problems", "Hardwareprobleme"),
            ("Networking", "Networking Problems", "Netzwerkprobleme"),
            ("Software", "Software Problems", "Softwareprobleme"),
            ("Other", "Other Problems", "Andere Probleme"),
        ],
    ),
    (
        "IncidentTierQueuesEnum",
        "",
        &[
            ("Tier1", "Tier 1", "Ebene 1"),
            ("Tier2", "Tier 2", "Ebene 2"),
            ("Tier3", "Tier 3", "Ebene 3"),
            ("CloudOperations", "Cloud Operations", "Cloudbetrieb"),
        ],
    ),
    (
        "IncidentResolutionCategoryEnum",
        "Incident Resolution Category",
        &[
            ("AutoResolved", "Auto Resolved", "Automatisch gelöst"),
            ("Cancelled", "Cancelled", "Abgebrochen"),
            ("FixedByAnalyst", "Fixed by analyst", "Durch Analyst behoben"),
            ("FixedByHigherTierSupport", "Fixed by higher tier support", "Durch höhere Supportebene behoben"),
            ("UserError", "User Error", "Benutzerfehler"),
        ],
    ),
    (
        "ChangeStatusEnum",
        "Change Request Status",
        &[
            ("New", "New", "Neu"),
            ("Submitted", "Submitted", "Übermittelt"),
            ("InProgress", "In Progress", "In Bearbeitung"),
            ("OnHold", "On Hold", "Angehalten"),
            ("Cancelled", "Cancelled", "Abgebrochen"),
            ("Failed", "Failed", "Fehlgeschlagen"),
            ("Completed", "Completed", "Abgeschlossen"),
            ("Closed", "Closed", "Geschlossen"),
        ],
    ),
    (
        "ChangeAreaEnum",
        "Change Area",
        &[
            ("Hardware", "Hardware", "Hardware"),
            ("Network", "Network", "Netzwerk"),
            ("Security", "Security", "Sicherheit"),
            ("Software", "Software", "Software"),
            ("Other", "Other", "Andere"),
        ],
    ),
    (
        "ChangeCategoryEnum",
        "Change Category",
        &[
            ("Standard", "Standard", "Standard"),
            ("Minor", "Minor", "Gering"),
            ("Major", "Major", "Umfangreich"),
            ("Emergency", "Emergency", "Notfall"),
        ],
    ),
    (
        "ChangePriorityEnum",
        "Change Priority",
        &[
            ("Low", "Low", "Niedrig"),
            ("Medium", "Medium", "Mittel"),
            ("High", "High", "Hoch"),
            ("Immediate", "Immediate", "Sofort"),
        ],
    ),
    (
        "ChangeImpactEnum",
        "Change Impact",
        &[
            ("Minor", "Minor", "Gering"),
            ("Standard", "Standard", "Standard"),
            ("Significant", "Significant", "Bedeutend"),
            ("Major", "Major", "Umfangreich"),
        ],
    ),
    ("ChangeRiskEnum", "Change Risk", &[("Low", "Low", "Niedrig"), ("Medium", "Medium", "Mittel"), ("High", "High", "Hoch")]),
    (
        "ChangeImplementationResultsEnum",
        "Change Implementation Results",
        &[
            ("SuccessfullyImplemented", "Successfully Implemented", "Erfolgreich implementiert"),
            ("PartiallyImplemented", "Partially Implemented", "Teilweise implementiert"),
            ("Failed", "Failed", "Fehlgeschlagen"),
        ],
    ),
];

pub(super) fn enumerations() -> Enumerations {
    let mut trees = Enumerations::default();
    for (id, name, parent, english, german) in KNOWN {
        trees.add(*id, name, *parent, english, german);
    }
    for (list, label, values) in NAMED {
        let known = KNOWN.iter().find(|(_, name, ..)| name == list).map(|(id, ..)| *id);
        let root = known.unwrap_or_else(|| {
            let root = ids::unpublished(list);
            trees.add(root, list, None, label, label);
            root
        });
        for (short, english, german) in *values {
            let name = format!("{list}.{short}");
            trees.add(ids::unpublished(&name), &name, Some(root), english, german);
        }
    }
    trees
}
