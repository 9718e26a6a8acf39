//! What a story can do to any emulated ITSM tool, and see in it, without knowing its wire: the common ground of the stories that
//! every provider has to pass. Each tool says here in its own words what an administrator or a person would do in its user
//! interface; nothing of it goes over HTTP.

use std::{collections::BTreeMap, fmt::Debug, time::Duration};

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An incident.
    Incident,
    /// A change request.
    ChangeRequest,
}

/// Where a record stands, whatever its tool calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Being worked on.
    Open,
    /// Resolved; can be reopened.
    Resolved,
    /// Closed or cancelled.
    Closed,
}

/// A record as an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The tool's own id.
    pub id: String,
    /// The number people use.
    pub number: String,
    /// The key that an integration left in the record, empty when there is none.
    pub key: String,
    /// One line.
    pub title: String,
    /// Text.
    pub description: String,
    /// Where it stands.
    pub phase: Phase,
    /// The tool's own name of the state, as people see it.
    pub state: String,
    /// Notes that people read, oldest first.
    pub notes: Vec<String>,
    /// Names of the linked computers.
    pub computers: Vec<String>,
    /// Every field by the tool's own name, in the form in which the tool's interface takes it.
    pub fields: BTreeMap<String, String>,
}

/// What a person does to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Sets a field, by the tool's own name and value.
    Field(String, String),
    /// Gives it another title.
    Title(String),
    /// Appends a note.
    Note(String),
    /// Gives it to somebody, by the name people see.
    Assign(String),
    /// Resolves it.
    Resolve,
    /// Closes it (from any state, as an administrator can).
    Close,
    /// Takes a resolved one up again.
    Reopen,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Every call is answered as the tool's web server does when the application is down.
    Down,
    /// Every call is answered 200 with a page for people: a login form or a proxy's own.
    LoginPage,
    /// The integration's credentials are wrong from now on, its tokens too.
    CredentialsRefused,
    /// Every token given out so far is worthless; new ones can be had.
    TokensExpired,
    /// The next calls are refused because there were too many, until this long has passed on the tool's clock.
    RateLimited(Duration),
    /// The next create is not done, and its connection breaks.
    CreateLost,
    /// The next create is done, and its connection breaks before the answer.
    CreateAnswerLost,
    /// The next page of records breaks off in the middle.
    HalfPage,
    /// Creates are refused with this text, in the way in which the tool reports a violated rule.
    CreateRefused(String),
}

/// A tool, seen from inside.
pub trait Desk: Send + Sync + Debug {
    /// The address that an integration is given.
    fn url(&self) -> String;

    /// Moves the tool's time forward.
    fn advance(&self, by: Duration);

    /// All records of a kind, oldest first.
    fn all(&self, kind: Kind) -> Vec<Seen>;

    /// A person files a record; its id.
    fn file(&self, kind: Kind, title: &str) -> String;

    /// A person changes a record.
    fn edit(&self, kind: Kind, id: &str, edit: &Edit);

    /// An administrator deletes a record.
    fn remove(&self, kind: Kind, id: &str);

    /// An administrator adds a computer to the CMDB; its id. Names need not be unique.
    fn add_computer(&self, name: &str) -> String;

    /// Names of all computers in the CMDB.
    fn computers(&self) -> Vec<String>;

    /// Lets something go wrong. `false`: this tool has no such trouble.
    fn strike(&self, trouble: &Trouble) -> bool;

    /// Ends every trouble.
    fn calm(&self);

    /// Calls over HTTP since the start.
    fn requests(&self) -> u64;
}
