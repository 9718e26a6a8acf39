//! `Authorization/GetToken`: the only call that needs no token.

use serde_json::Value;

use super::{Request, member, text};
use crate::{
    http::Answer,
    service_manager::{
        cireson::{answers, portal::Portal},
        model::Language,
    },
};

/// A token as a JSON text. A client that keeps the quotes has a token that is no good.
pub(in super::super) fn get_token(portal: &Portal, request: &Request<'_>) -> Result<Answer, Answer> {
    let body = request.json()?;
    let language = Language::from_name(member(&body, "LanguageCode").and_then(Value::as_str).unwrap_or("ENU"));
    let token = portal.access.sign_in(text(&body, "UserName"), text(&body, "Password"), language, portal.seconds());
    token
        .map(|token| answers::data(&Value::String(token)))
        .ok_or_else(|| answers::message(portal.options.refused_status, "The user name or password is incorrect."))
}
