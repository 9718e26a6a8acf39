//! The calls of `api/V3`, one file for each group. A call gets what it needs in a [`Request`] and answers; who may call is settled before.

mod authorization;
mod commit;
mod enumerations;
mod projections;
mod templates;
mod users;

use serde_json::Value;
use uuid::Uuid;

use super::{access::Session, answers, faults::Effect, portal::Portal};
use crate::http::{Answer, Call};

pub(super) use authorization::get_token;
pub(super) use commit::makes_new;

/// One call with its parameters.
pub(super) struct Request<'a> {
    pub(super) call: &'a Call,
    parameters: Vec<(String, String)>,
    effects: Vec<Effect>,
}

impl<'a> Request<'a> {
    pub(super) fn new(call: &'a Call, effects: Vec<Effect>) -> Self {
        let parameters = url::form_urlencoded::parse(call.query.as_bytes());
        let parameters = parameters.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        Self { call, parameters, effects }
    }

    /// A parameter of the address; names in any case.
    fn optional(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// A parameter without which the framework does not find the method.
    fn needed(&self, name: &str) -> Result<&str, Answer> {
        self.optional(name).ok_or_else(|| answers::no_resource(&self.call.path))
    }

    /// A GUID; another text is refused by the framework.
    fn guid(&self, name: &str) -> Result<Uuid, Answer> {
        Uuid::try_parse(self.needed(name)?).map_err(|_| answers::message(400, "The request is invalid."))
    }

    /// `true` and `True`; absent is `false`.
    fn switch(&self, name: &str) -> bool {
        self.optional(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The body; the framework wants it declared as JSON, and hands over nothing when it is none.
    fn json(&self) -> Result<Value, Answer> {
        let given = self.call.header("content-type").unwrap_or_default();
        let kind = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind != "application/json" && kind != "text/json" {
            return Err(answers::wrong_type(&kind));
        }
        // Inferred: the method then works with a null and fails on it.
        serde_json::from_slice(&self.call.body)
            .map_err(|_| answers::error("Object reference not set to an instance of an object."))
    }
}

/// A member of an object, whatever the case of its name: the framework binds names so.
pub(super) fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    object.get(name).or_else(|| object.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// The text of a member; empty when it is missing or no text.
fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    member(value, name).and_then(Value::as_str).unwrap_or_default()
}

/// A call behind the sign-in.
type Handler = fn(&Portal, &Request<'_>, &Session) -> Result<Answer, Answer>;

/// Method, address below `api/V3`, and what answers.
const CALLS: [(&str, &str, Handler); 11] = [
    ("POST", "User/IsUserAuthorized", users::is_user_authorized),
    ("GET", "User/GetUserList", users::get_user_list),
    ("GET", "User/GetUsersTierQueueEnumerations", users::get_tier_queues),
    ("GET", "Template/GetTemplates", templates::get_templates),
    ("GET", "Projection/CreateProjectionByTemplate", projections::create_by_template),
    ("POST", "Projection/GetProjectionByCriteria", projections::by_criteria),
    ("GET", "Projection/GetProjection", projections::one),
    ("POST", "Projection/Commit", commit::commit),
    ("GET", "Enum/GetList", enumerations::get_list),
    ("GET", "Enum/GetFlatList", enumerations::get_flat_list),
    ("GET", "Enum/GetEnumDisplayName", enumerations::get_display_name),
];

/// What answers an address, which the web server takes in any case.
pub(super) fn find(method: &str, address: &str) -> Result<Handler, Answer> {
    let (_, _, handler) = CALLS
        .iter()
        .find(|(_, known, _)| known.eq_ignore_ascii_case(address))
        .ok_or_else(|| answers::no_resource(address))
        .and_then(|found| if found.0 == method { Ok(found) } else { Err(answers::wrong_method(method)) })?;
    Ok(*handler)
}
