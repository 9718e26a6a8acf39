//! What an emulated Cherwell is made of: who may log in and do what, which release it behaves like, where it stands. Every point on which
//! the documentation is silent is a choice here, with a reason for its default, so that a client can be proved against each answer.

use std::net::SocketAddr;

pub use crate::servicenow::{Time, Tls};

/// How somebody proves who they are; the query parameter `auth_mode` has to agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMode {
    /// By an internal id of CSM.
    Internal,
    /// As `DOMAIN\user`; for `Windows` and `LDAP`.
    Windows,
}

/// What a user may do with one business object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Stock name of the business object; a group stands for its members.
    pub object: String,
    /// Letters: `v`iew, `a`dd, `e`dit, `d`elete.
    pub rights: String,
}

/// A person or an integration that may log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Login id.
    pub name: String,
    /// In clear; this is an emulator.
    pub password: String,
    /// How it logs in.
    pub mode: AuthMode,
    /// What people see in Created By.
    pub full_name: String,
    /// What it may do; `None` is an administrator.
    pub grants: Option<Vec<Grant>>,
}

/// An entry of *Edit REST API client settings*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiClient {
    /// Client key: a GUID.
    pub id: String,
    /// Needed in the form when the client was set up so.
    pub secret: Option<String>,
    /// Seconds an access token lives.
    pub access_life: i64,
    /// Seconds a refresh token lives, and with it the seat of a session that nobody ends.
    pub refresh_life: i64,
}

/// What `pageNumber` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageNumber {
    /// Pages, from 1; 0 is the first page too. Before 9.7.0.
    Page,
    /// Rows, from 1: the number of the first row of the page. From 9.7.0 on, as one client has seen it.
    Row,
}

/// In which form answers give field ids; requests may use either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldIds {
    /// Short in schemas and templates, long in records: what published outputs show.
    Mixed,
    /// Always short.
    Short,
    /// Always `BO:…,FI:…`.
    Long,
}

/// Whether statuses change along a life cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// The calls do not exist: before release 10.
    Absent,
    /// The calls exist, and the Status field can be written too.
    Offered,
    /// The Status field can only be written along a transition that the life cycle has.
    Enforced,
}

/// What becomes of a field id that the business object does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownField {
    /// The request is refused.
    Refused,
    /// It is as if it had not been there.
    Ignored,
}

/// How much is there at the start, spread over the last 120 days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seed {
    /// Incidents.
    pub incidents: usize,
    /// Change requests.
    pub change_requests: usize,
}

/// Everything that can be chosen.
#[expect(clippy::struct_excessive_bools, reason = "each answers one question that the documentation leaves open")]
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// HTTPS instead of HTTP.
    pub tls: Option<Tls>,
    /// Path before `/api` and `/token`; old demos had `/Trebuchet.WebApi`.
    pub base_path: String,
    /// Who may log in.
    pub users: Vec<User>,
    /// REST API clients.
    pub clients: Vec<ApiClient>,
    /// Sessions that may be open at once.
    pub licences: usize,
    /// HTTP status of a login for which no licence is left: 402 is documented for the token call without a reason, so the default is a guess.
    pub licence_status: u16,
    /// How the clock runs.
    pub time: Time,
    /// IANA name of the server's zone.
    pub zone: String,
    /// The server's culture, for calls without `locale`: `en-US`, `en-GB` or `de-DE`.
    pub culture: String,
    /// `apiVersion` of `serviceinfo`. Below 10 `hasMoreRecords`, `fullFieldId` and `systemUtcOffset` are missing.
    pub api_version: String,
    /// Whether `timeZone` of `serviceinfo` is an object, as a .NET server writes it (the swagger only says `object`), or the zone's Windows name.
    pub zone_as_object: bool,
    /// What `pageNumber` counts; independent of `api_version`, because the border between the two is only known from one client.
    pub page_number: PageNumber,
    /// Rows of a page when `pageSize` is missing or 0; not documented.
    pub page_size: usize,
    /// The value of `sortDirection` that ascends, 0 or 1; not documented.
    pub ascending: i64,
    /// Whether rows of a search without sorting come in another order each time, so that pages repeat and miss some.
    pub unsorted_moves: bool,
    /// In which form answers give field ids.
    pub field_ids: FieldIds,
    /// What becomes of unknown field ids in filters, sorts and saves; not documented.
    pub unknown_field: UnknownField,
    /// Whether last-modified times lose their seconds when stored; answers never show them.
    pub minute_stamps: bool,
    /// Whether a journal that is saved or a link that is made through the API counts as a change of its parent; not documented.
    pub child_touches_parent: bool,
    /// HTTP status of a save with validation errors; seen with 200, and other errors come with 500.
    pub validation_status: u16,
    /// Whether statuses change along a life cycle.
    pub lifecycle: Lifecycle,
    /// Fields that a record needs: (stock name of the object, stock name of the field). The stock content's list is not published; the
    /// default is what is typical. Fields with a default value do not have to be sent.
    pub required: Vec<(String, String)>,
    /// Fields of an incident that must be filled when it is resolved or closed.
    pub closing_needs: Vec<String>,
    /// A text field of 255 characters that the customer added to incidents for the integration's key.
    pub external_id_field: Option<String>,
    /// Further text fields of the customer's own: (stock name of the object, name).
    pub fields: Vec<(String, String)>,
    /// Fields that this customer calls otherwise: (stock name of the object, stock name, own name).
    pub renames: Vec<(String, String, String)>,
    /// How much is there at the start.
    pub seed: Seed,
    /// Start of the generator of ids, tokens and faults' chance.
    pub chance: u64,
    /// How many requests the log keeps.
    pub request_log: usize,
}

/// Client key of the demo's REST API client; it has no secret.
pub const CLIENT_ID: &str = "5b0fa1c4-6c1e-4d0b-9a43-2f6f0d3f7e11";

/// What an integration user needs for everything this connector does, and no more.
const INTEGRATION: [(&str, &str); 6] = [
    ("Incident", "vae"),
    ("ChangeRequest", "v"),
    ("ConfigurationItem", "va"),
    ("Customer", "v"),
    ("Journal", "va"),
    ("UserInfo", "v"),
];

impl User {
    /// An internal user with these rights: (business object, letters of [`Grant`]).
    #[must_use]
    pub fn new(name: &str, password: &str, full_name: &str, grants: &[(&str, &str)]) -> Self {
        let grant = |(object, rights): &(&str, &str)| Grant { object: (*object).to_owned(), rights: (*rights).to_owned() };
        Self {
            name: name.to_owned(),
            password: password.to_owned(),
            mode: AuthMode::Internal,
            full_name: full_name.to_owned(),
            grants: Some(grants.iter().map(grant).collect()),
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        let integration = User::new("itsm", "p", "Azure ITSM Connector", &INTEGRATION);
        let windows = User { name: "CONTOSO\\itsm".to_owned(), mode: AuthMode::Windows, ..integration.clone() };
        let administrator = User { grants: None, ..User::new("CSDAdmin", "CSDAdmin", "Cherwell Admin", &[]) };
        let pairs = |all: &[(&str, &str)]| all.iter().map(|(one, two)| ((*one).to_owned(), (*two).to_owned())).collect();
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            base_path: "/CherwellAPI".to_owned(),
            users: vec![integration, windows, administrator],
            clients: vec![ApiClient { id: CLIENT_ID.to_owned(), secret: None, access_life: 1200, refresh_life: 86_400 }],
            licences: 5,
            licence_status: 402,
            time: Time::Real,
            zone: "America/Denver".to_owned(),
            culture: "en-US".to_owned(),
            api_version: "10.5.0".to_owned(),
            zone_as_object: true,
            page_number: PageNumber::Row,
            page_size: 200,
            ascending: 1,
            unsorted_moves: true,
            field_ids: FieldIds::Mixed,
            unknown_field: UnknownField::Refused,
            minute_stamps: false,
            child_touches_parent: false,
            validation_status: 200,
            lifecycle: Lifecycle::Offered,
            required: pairs(&[
                ("Incident", "CustomerRecID"),
                ("Incident", "Description"),
                ("Incident", "Service"),
                ("Incident", "Category"),
                ("Incident", "Subcategory"),
                ("Incident", "Priority"),
                ("Incident", "CallSource"),
                ("ChangeRequest", "Title"),
                ("ChangeRequest", "Type"),
                ("ConfigServer", "FriendlyName"),
                ("JournalNote", "Details"),
            ]),
            closing_needs: vec!["CloseDescription".to_owned()],
            external_id_field: Some("ExternalID".to_owned()),
            fields: Vec::new(),
            renames: Vec::new(),
            seed: Seed::default(),
            chance: 1,
            request_log: 10_000,
        }
    }
}
