//! The business objects of a demo system. Ids of incidents and the ids of the objects are those of published outputs; the others are made up,
//! as are the fields of changes, which no published output shows.

use std::collections::HashMap;

use super::{Field, Kind, Object, Relationship, Source, choices::Level};

/// Name, published short id (empty: made up), what it holds.
type Line = (&'static str, &'static str, &'static str);

const INCIDENT: &[Line] = &[
    ("RecID", "fa03d51b709e4a6eb2d52885b2ef7e04", "text 42 readonly"),
    ("IncidentID", "6ae282c55e8e4266ae66ffc070c17fa3", "text 10 readonly"),
    ("Status", "5eb3234ae1344c64a19819eda437f18d", "text 30 list=IncidentStatus default=New"),
    ("CreatedDateTime", "c1e86f31eb2c4c5f8e8615a5189e9b19", "date readonly"),
    ("LastModifiedDateTime", "93543557882ad94503745843c9a380aa0c380935c8", "date readonly"),
    ("LastModBy", "", "text 255 readonly"),
    ("Description", "252b836fc72c4149915053ca1131d138", "text 1048576"),
    ("ShortDescription", "93e8ea93ff67fd95118255419690a50ef2d56f910c", "text 255"),
    ("Priority", "83c36313e97b4e6b9028aff3b401b71c", "text 10 list=Priority default=3"),
    ("Impact", "ae05c132527e48bd95d063c445622df7", "text 30 list=Impact"),
    ("Urgency", "29d741aae8bf461f8aafa3c9eb4dc822", "text 30 list=Urgency"),
    ("CallSource", "93670bdf8abe2cd1f92b1f490a90c7b7d684222e13", "text 30 list=CallSource default=Phone"),
    ("IncidentType", "", "text 30 list=IncidentType default=Incident"),
    ("Service", "", "text 100 service"),
    ("Category", "9e0b434034e94781ab29598150f388aa", "text 100 category"),
    ("Subcategory", "", "text 100 subcategory"),
    ("OwnedBy", "9339fc404e4c93350bf5be446fb13d693b0bb7f219", "text 255 people"),
    ("OwnedByTeam", "9339fc404e8d5299b7a7c64de79ab81a1c1ff4306c", "text 255 teams"),
    ("CreatedBy", "290114239acc43cd92a7ee58acdc1da2", "text 255 readonly"),
    ("ClosedBy", "1ee8a71d62a247dfb23f91320a6eb911", "text 255 readonly"),
    ("ClosedDateTime", "11b6961ee55048b9a7240f7e2d3a2f8d", "date readonly"),
    ("Stat_DateTimeResolved", "93b63c949c847642f72c0c43beb901d6806e74901a", "date readonly"),
    ("CustomerRecID", "933bd530833c64efbf66f84114acabb3e90c6d7b8f", "text 42 records=Customer"),
    ("CustomerDisplayName", "", "text 255 readonly"),
    ("ConfigItemDisplayName", "938b82597abb0a23ebc3ff459db5cdaffb4e4f5f49", "text 255"),
    ("ConfigItemRecID", "9354c1c37a136d59ef5e874940bd225039776d5778", "text 42 records=ConfigurationItem"),
    ("ConfigItemTypeID", "9354c1c350dd86fae5dac6438fb3956751ff65ec99", "text 42"),
    ("Cause", "", "text 100 list=Cause"),
    ("CloseDescription", "93408334d3c89b364bf3b14933a74db085d0b47824", "text 1048576"),
];

const CHANGE: &[Line] = &[
    ("RecID", "", "text 42 readonly"),
    ("ChangeID", "", "text 10 readonly"),
    ("Status", "", "text 30 list=ChangeStatus default=New"),
    ("Title", "", "text 255"),
    ("Description", "", "text 1048576"),
    ("Type", "", "text 30 list=ChangeType default=Normal"),
    ("Priority", "", "text 10 list=Priority default=3"),
    ("Risk", "", "text 30 list=Risk default=Low"),
    ("RequestedDateTime", "", "date"),
    ("ScheduledStartDate", "", "date"),
    ("ScheduledEndDate", "", "date"),
    ("ActualStartDate", "", "date"),
    ("ActualEndDate", "", "date"),
    ("OwnedBy", "", "text 255 people"),
    ("OwnedByTeam", "", "text 255 teams"),
    ("ConfigItemDisplayName", "", "text 255"),
    ("ConfigItemRecID", "", "text 42 records=ConfigurationItem"),
    ("ConfigItemTypeID", "", "text 42"),
    ("CreatedDateTime", "", "date readonly"),
    ("CreatedBy", "", "text 255 readonly"),
    ("LastModifiedDateTime", "", "date readonly"),
    ("LastModBy", "", "text 255 readonly"),
    ("ClosedDateTime", "", "date readonly"),
    ("ClosedBy", "", "text 255 readonly"),
    ("CloseDescription", "", "text 1048576"),
];

const ITEM: &[Line] = &[
    ("RecID", "", "text 42 readonly"),
    ("ConfigurationItemID", "", "text 10 readonly"),
    ("FriendlyName", "", "text 255"),
    ("AssetName", "", "text 255"),
    ("HostName", "", "text 255"),
    ("IPAddress", "", "text 50"),
    ("OperatingSystem", "", "text 100"),
    ("AssetStatus", "", "text 30 list=AssetStatus default=Active"),
    ("MemoryGB", "", "number"),
    ("Virtual", "", "logical default=True"),
    ("CreatedDateTime", "", "date readonly"),
    ("CreatedBy", "", "text 255 readonly"),
    ("LastModifiedDateTime", "", "date readonly"),
    ("LastModBy", "", "text 255 readonly"),
];

const CUSTOMER: &[Line] = &[
    ("RecID", "", "text 42 readonly"),
    ("CustomerID", "", "text 10 readonly"),
    ("FullName", "", "text 255"),
    ("FirstName", "", "text 100"),
    ("LastName", "", "text 100"),
    ("Email", "", "text 255"),
    ("Department", "", "text 100"),
    ("CreatedDateTime", "", "date readonly"),
    ("CreatedBy", "", "text 255 readonly"),
    ("LastModifiedDateTime", "", "date readonly"),
    ("LastModBy", "", "text 255 readonly"),
];

const PERSON: &[Line] = &[
    ("RecID", "", "text 42 readonly"),
    ("UserID", "", "text 10 readonly"),
    ("FullName", "", "text 255"),
    ("Email", "", "text 255"),
    ("DefaultTeam", "", "text 255 teams"),
    ("CreatedDateTime", "", "date readonly"),
    ("CreatedBy", "", "text 255 readonly"),
    ("LastModifiedDateTime", "", "date readonly"),
    ("LastModBy", "", "text 255 readonly"),
];

const JOURNAL: &[Line] = &[
    ("RecID", "", "text 42 readonly"),
    ("JournalID", "", "text 10 readonly"),
    ("JournalTypeName", "", "text 100 readonly default=Journal - Note"),
    ("Details", "", "text 1048576"),
    ("ParentRecID", "", "text 42 readonly"),
    ("ParentTypeID", "", "text 42 readonly"),
    ("CreatedDateTime", "", "date readonly"),
    ("CreatedBy", "", "text 255 readonly"),
    ("LastModifiedDateTime", "", "date readonly"),
    ("LastModBy", "", "text 255 readonly"),
];

/// Places in [`objects`].
const ITEMS: usize = 2;
const SERVERS: usize = 3;
const JOURNALS: usize = 4;
const NOTES: usize = 5;
const CUSTOMERS: usize = 6;

/// Status field first in neither: the stock system lists states in this odd order.
const INCIDENT_STATES: &str = "Pending,Closed,Reopened,New,In Progress,Resolved,Assigned";
const CHANGE_STATES: &str = "New,Classify,Planning,Approval,Scheduled,In Progress,Implemented,Closed,Rejected";

const INCIDENT_GRID: &[&str] = &["IncidentID", "Status", "Priority", "ShortDescription", "OwnedBy", "CreatedDateTime"];
const CHANGE_GRID: &[&str] = &["ChangeID", "Status", "Title", "Priority", "OwnedBy", "ScheduledStartDate"];

pub(super) fn objects() -> Vec<Object> {
    let mut incident =
        object("Incident", "Incident", "6dd53665c0c24cab86870a21cf6434ae", INCIDENT, "IncidentID", 102_300, INCIDENT_GRID);
    incident.major = true;
    incident.states = INCIDENT_STATES;
    incident.relationships = vec![
        relationship("Incident links Configuration Items", "ManyToMany", ITEMS, false),
        relationship("Incident owns Journals", "OneToMany", JOURNALS, true),
        relationship("Incident links Customer", "ManyToOne", CUSTOMERS, false),
    ];
    let id = "934ec7a1701c451ce57f2c43bfbbe2e46fe4843f81";
    let mut change = object("ChangeRequest", "Change Request", id, CHANGE, "ChangeID", 10_500, CHANGE_GRID);
    change.major = true;
    change.states = CHANGE_STATES;
    change.relationships = vec![
        relationship("Change Request links Configuration Items", "ManyToMany", ITEMS, false),
        relationship("Change Request owns Journals", "OneToMany", JOURNALS, true),
    ];
    let grid = &["FriendlyName", "AssetStatus", "HostName"];
    let id = "9344be92d5b7b4c290437c4110bc5b7147c9e3e98a";
    let mut items = object("ConfigurationItem", "Configuration Item", id, ITEM, "ConfigurationItemID", 1000, grid);
    items.major = true;
    items.members = vec![SERVERS];
    let id = "93dada9f640056ce1dc67b4d4bb801f69104894dc8";
    let mut servers = object("ConfigServer", "Config - Server", id, ITEM, "ConfigurationItemID", 1000, grid);
    servers.major = true;
    servers.group = Some(ITEMS);
    // Members share the ids of their group's fields.
    servers.fields.clone_from(&items.fields);
    let grid = &["JournalTypeName", "Details", "CreatedDateTime", "CreatedBy"];
    let mut journals = object("Journal", "Journal", "", JOURNAL, "JournalID", 1, grid);
    journals.supporting = true;
    journals.members = vec![NOTES];
    let mut notes = object("JournalNote", "Journal - Note", "", JOURNAL, "JournalID", 1, grid);
    notes.supporting = true;
    notes.group = Some(JOURNALS);
    notes.fields.clone_from(&journals.fields);
    let mut customers = object("Customer", "Customer", "", CUSTOMER, "CustomerID", 500, &["FullName", "Email", "Department"]);
    customers.major = true;
    let mut people = object("UserInfo", "User Info", "", PERSON, "UserID", 100, &["FullName", "Email", "DefaultTeam"]);
    people.supporting = true;
    vec![incident, change, items, servers, journals, notes, customers, people]
}

fn object(
    name: &'static str,
    label: &'static str,
    id: &str,
    lines: &[Line],
    public: &'static str,
    first_public: u64,
    grid: &'static [&'static str],
) -> Object {
    let id = if id.is_empty() { made_up_id(name) } else { id.to_owned() };
    Object {
        id,
        name,
        label,
        major: false,
        supporting: false,
        members: Vec::new(),
        group: None,
        fields: lines.iter().map(|line| field(name, line)).collect(),
        by_id: HashMap::new(),
        by_role: HashMap::new(),
        public,
        first_public,
        states: "",
        grid,
        relationships: Vec::new(),
    }
}

fn relationship(name: &'static str, cardinality: &'static str, target: usize, owns: bool) -> Relationship {
    Relationship { id: made_up_id(name), name, cardinality, target, owns }
}

fn field(object: &str, line: &Line) -> Field {
    let (name, id, holds) = *line;
    let id = if id.is_empty() { made_up_id(&format!("{object}.{name}")) } else { id.to_owned() };
    let mut field = Field::text(name, name, id, 0);
    // A default may hold blanks, so it stands last.
    let (words, default) = holds.split_once(" default=").unwrap_or((holds, ""));
    field.default = default;
    for word in words.split(' ') {
        match word {
            "text" => field.kind = Kind::Text,
            "number" => field.kind = Kind::Number,
            "date" => field.kind = Kind::DateTime,
            "logical" => field.kind = Kind::Logical,
            "readonly" => field.read_only = true,
            "service" => field.source = Source::Services(Level::Service),
            "category" => field.source = Source::Services(Level::Category),
            "subcategory" => field.source = Source::Services(Level::Subcategory),
            "people" => field.source = Source::People,
            "teams" => field.source = Source::Teams,
            _ => match word.split_once('=') {
                Some(("list", list)) => field.source = Source::List(list),
                Some(("records", object)) => field.source = Source::Records(object),
                _ => field.size = word.parse().unwrap_or_default(),
            },
        }
    }
    field
}

/// 42 hexadecimal digits that only depend on the name.
pub(crate) fn made_up_id(name: &str) -> String {
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in name.bytes() {
        hash = (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    format!("94{hash:032x}{:08x}", hash.count_ones().wrapping_mul(0x9e37_79b9))
}

/// `LastModifiedDateTime` as people see it: `Last Modified Date Time`.
pub(super) fn label(name: &str) -> String {
    match name {
        "CustomerRecID" => return "Customer ID".to_owned(),
        "ConfigItemRecID" => return "Config Item ID".to_owned(),
        "IncidentID" => return "Incident ID".to_owned(),
        _ => {}
    }
    let mut label = String::new();
    let mut previous = ' ';
    for letter in name.replace('_', " ").chars() {
        if letter.is_ascii_uppercase() && (previous.is_ascii_lowercase() || previous.is_ascii_digit()) {
            label.push(' ');
        }
        label.push(letter);
        previous = letter;
    }
    label
}
