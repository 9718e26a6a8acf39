//! What Service Manager itself is like, whatever stands before it: classes, enumerations, lengths, and how an alert becomes
//! properties of an incident. Pure. GUIDs are those of Microsoft's sealed management packs, which are the same everywhere; those of
//! customers' own values are not and are never written down here.

use std::collections::BTreeMap;

use super::Connection;
use crate::provider::choices::CloseCodes;
use crate::provider::fields::{cut_to, filled, lay_over};
use crate::provider::severity::{Level, impact_and_urgency};
use crate::provider::text::one_line;
use crate::work_item::{Draft, Phase};

/// The class of incidents; configuration names it as their table.
pub(super) const INCIDENT: &str = "System.WorkItem.Incident";
/// The class of change requests.
pub(super) const CHANGE_REQUEST: &str = "System.WorkItem.ChangeRequest";

/// GUIDs of classes, projections and lists, as public clients use them.
pub(super) mod guid {
    pub(in super::super) const INCIDENT: &str = "a604b942-4c7b-2fb2-28dc-61dc6f465c68";
    pub(in super::super) const INCIDENT_PROJECTION: &str = "285cb0a2-f276-bccb-563e-bb721df7cdec";
    pub(in super::super) const CHANGE_REQUEST_PROJECTION: &str = "674194d8-0246-7b90-d871-e1ea015b2ea7";
    pub(in super::super) const COMPUTER_PROJECTION: &str = "c95d4106-3f24-d3cc-232e-9f51198b295c";
    /// `Microsoft.Windows.Computer`
    pub(in super::super) const COMPUTER: &str = "ea99500d-8d52-fc52-b5a5-10dcd1e9d2bd";
    /// `System.WorkItem.TroubleTicket.AnalystCommentLog`
    pub(in super::super) const ANALYST_COMMENT: &str = "f14b70f4-878c-c0e1-b5c1-06ca22d05d40";
    /// `System.WorkItem.TroubleTicket.UserCommentLog`
    pub(in super::super) const USER_COMMENT: &str = "a3d4e16f-5e8a-18ba-9198-d9815194c986";
    pub(in super::super) const DEFAULT_INCIDENT_TEMPLATE: &str = "a77bb0c9-e201-dd93-230c-799a66d9e8fa";
    pub(in super::super) const STATUS_LIST: &str = "89b34802-671e-e422-5e38-7dae9a413ef8";
    pub(in super::super) const IMPACT_LIST: &str = "11756265-f18e-e090-eed2-3aa923a4c872";
    pub(in super::super) const URGENCY_LIST: &str = "04b28bfb-8898-9af3-009b-979e58837852";
    pub(in super::super) const SOURCE_LIST: &str = "5d59071e-69b3-7ef4-6dee-aacc5b36d898";
    pub(in super::super) const CLASSIFICATION_LIST: &str = "1f77f0ce-9e43-340f-1fd5-b11cc36c9cba";
    pub(in super::super) const TIER_QUEUE_LIST: &str = "c3264527-a501-029f-6872-31300080b3bf";
    pub(in super::super) const RESOLUTION_CATEGORY_LIST: &str = "72674491-02cb-1d90-a48f-1b269eb83602";
    pub(in super::super) const OBJECT_DELETED: &str = "eec83e3c-0106-d4c0-99ea-93b75fd23020";
    pub(in super::super) const OBJECT_PENDING_DELETE: &str = "47101e64-237f-12c8-e3f5-ec5a665412fb";
}

/// A value of an enumeration that is the same on every installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value {
    /// The incident property that has it.
    pub(super) property: &'static str,
    /// Its full name.
    pub(super) name: &'static str,
    /// Its GUID.
    pub(super) id: &'static str,
}

const fn value(property: &'static str, name: &'static str, id: &'static str) -> Value {
    Value { property, name, id }
}

/// Values of Microsoft's own management packs.
pub(super) const VALUES: [Value; 17] = [
    value("Status", "IncidentStatusEnum.Active", "5e2d3932-ca6d-1515-7310-6f58584df73e"),
    value("Status", "IncidentStatusEnum.Active.Pending", "b6679968-e84e-96fa-1fec-8cd4ab39c3de"),
    value("Status", "IncidentStatusEnum.Resolved", "2b8830b6-59f0-f574-9c2a-f4b4682f1681"),
    value("Status", "IncidentStatusEnum.Closed", "bd0ae7c4-3315-2eb3-7933-82dfc482dbaf"),
    value("Impact", "System.WorkItem.TroubleTicket.ImpactEnum.High", "d2b5e816-2d24-8e7d-a61f-2cceaeac2664"),
    value("Impact", "System.WorkItem.TroubleTicket.ImpactEnum.Medium", "80cc222b-2653-2f68-8cee-3a7dd3b723c1"),
    value("Impact", "System.WorkItem.TroubleTicket.ImpactEnum.Low", "8f1a713e-53aa-9d8a-31b9-a9540074f305"),
    value("Urgency", "System.WorkItem.TroubleTicket.UrgencyEnum.High", "2f8f0747-b6cb-7996-fd4a-84d09743f218"),
    value("Urgency", "System.WorkItem.TroubleTicket.UrgencyEnum.Medium", "02625c30-08c6-4181-b2ed-222fa473280e"),
    value("Urgency", "System.WorkItem.TroubleTicket.UrgencyEnum.Low", "725a4cad-088c-4f55-a845-000db8872e01"),
    value("Source", "IncidentSourceEnum.SCOM", "564c1afc-6453-4b25-5564-b46d84155545"),
    value("Source", "IncidentSourceEnum.System", "615778d5-485a-752f-3c5d-f412f806e624"),
    value("Source", "IncidentSourceEnum.Portal", "6ef191ce-3124-2974-94fb-020c677f4017"),
    value("Source", "IncidentSourceEnum.Email", "92b68e4f-c5bf-52ec-9bda-f55b43a9f4b5"),
    value("Source", "IncidentSourceEnum.Phone", "7b417fee-0516-a75a-c62c-426905fda768"),
    value("Source", "IncidentSourceEnum.Console", "76480d55-a19d-7cef-4446-0f1ccaef11ce"),
    value("Source", "IncidentSourceEnum.DCM", "551ed1e6-0a12-9f2b-a057-528b115e17e3"),
];

/// Lengths of text properties, in UTF-16 units. Longer texts are refused, so they are cut here.
pub(super) const LENGTHS: [(&str, usize); 3] = [("Title", 200), ("Description", 4000), ("ResolutionDescription", 4000)];
/// Longest comment.
pub(super) const COMMENT: usize = 4000;
/// Properties of incidents that hold values of enumerations.
pub(super) const ENUMERATED: [&str; 7] =
    ["Status", "Impact", "Urgency", "Classification", "Source", "TierQueue", "ResolutionCategory"];

/// Resolution categories. Their names are not documented; installations have their own, so several spellings are tried.
pub(super) const RESOLUTION: CloseCodes<'static> = CloseCodes {
    owner: "the installation",
    fitting: &[
        "IncidentResolutionCategoryEnum.AutoResolved",
        "Auto Resolved",
        "IncidentResolutionCategoryEnum.AutoProblemResolve",
        "Auto Problem Resolve",
        "Resolved by monitoring",
        "IncidentResolutionCategoryEnum.FixedByAnalyst",
        "Fixed by analyst",
    ],
    unfit: &["duplicate", "cancel", "user", "higher tier", "problem", "not "],
    guess: "",
    right: "a list that its role lets every user read",
};

/// The full name of one of Microsoft's own values of `property`, given by GUID, full name or last part of the name, so that the
/// same value is always written the same way. Other values stand for themselves.
pub(super) fn full_name(property: &str, given: &str) -> String {
    let last = |value: &&Value| value.name.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case(given));
    let same = |value: &&Value| value.id.eq_ignore_ascii_case(given) || value.name.eq_ignore_ascii_case(given);
    let of_property = || VALUES.iter().filter(|value| value.property == property);
    let found = of_property().find(same).or_else(|| of_property().find(last));
    found.map_or_else(|| given.to_owned(), |value| value.name.to_owned())
}

/// Whether `given` means the value with this full name and label: by either, or by the last part of the name.
pub(super) fn means(name: &str, label: &str, given: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    [name, label, last].iter().any(|known| known.eq_ignore_ascii_case(given))
}

/// A level of impact.
pub(super) fn impact(level: Level) -> String {
    full_name("Impact", level_name(level))
}

/// A level of urgency.
pub(super) fn urgency(level: Level) -> String {
    full_name("Urgency", level_name(level))
}

const fn level_name(level: Level) -> &'static str {
    match level {
        Level::High => "High",
        Level::Medium => "Medium",
        Level::Low => "Low",
    }
}

/// The properties that are sent for `draft`, before the template and without the key: adapters put that where it belongs.
pub(super) fn fields(draft: &Draft, connection: &Connection) -> BTreeMap<String, String> {
    let (impact, urgency) = impact_and_urgency(draft.severity, connection, impact, urgency);
    let mut fields = filled([
        ("Title", one_line(&draft.title)),
        ("Description", draft.description.clone()),
        ("Impact", impact),
        ("Urgency", urgency),
        ("Source", connection.own.service_manager.source.clone()),
    ]);
    lay_over(&mut fields, &draft.fields);
    // The key is ours whatever the mapping says: without it the incident could not be found again.
    fields.remove(&connection.own.service_manager.key_property);
    for (name, value) in &mut fields {
        *value = if ENUMERATED.contains(&name.as_str()) { full_name(name, value) } else { cut_to(&LENGTHS, name, value) };
    }
    fields
}

/// Where an incident stands, by the full name of its status. A name below a resolved or closed one means the same.
pub(super) fn phase(status: &str, connection: &Connection) -> Phase {
    let settings = &connection.own.service_manager;
    let within = |states: &[String]| states.iter().any(|state| is_within(status, state));
    if within(&settings.closed_states) {
        Phase::Closed
    } else if within(&settings.resolved_states) {
        Phase::Resolved
    } else {
        Phase::Open
    }
}

/// Whether `name` is `above`, or stands below it by its name: `IncidentStatusEnum.Active.Pending` below `IncidentStatusEnum.Active`.
/// Customers' own values need not be named so; adapters that know the tree go by that.
pub(super) fn is_within(name: &str, above: &str) -> bool {
    name.get(..above.len()).is_some_and(|start| start.eq_ignore_ascii_case(above))
        && matches!(name.as_bytes().get(above.len()), None | Some(b'.'))
}

/// The address of an incident's page for people; empty when there is none.
pub(super) fn page(connection: &Connection, id: &str) -> String {
    connection.own.service_manager.item_url.as_deref().map(|pattern| pattern.replace("{id}", id)).unwrap_or_default()
}
