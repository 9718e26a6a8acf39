//! Logging in and out: the token endpoint, refresh tokens that live once, and the licence seats that sessions hold until somebody ends them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::json;
use url::form_urlencoded;

use super::{
    dates::Culture,
    options::{ApiClient, AuthMode, Options, User},
    reply,
};
use crate::http::{Answer, Call};

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) user: User,
    pub(crate) culture: Option<Culture>,
    client: String,
    access: String,
    access_expires: i64,
    refresh: String,
    refresh_expires: i64,
}

#[derive(Debug)]
struct State {
    sessions: Vec<Session>,
    /// Whether the integration's credentials are wrong.
    refusing: bool,
    chance: StdRng,
}

/// Accounts and open sessions.
#[derive(Debug)]
pub(crate) struct Access {
    users: Vec<User>,
    clients: Vec<ApiClient>,
    licences: usize,
    licence_status: u16,
    state: Mutex<State>,
}

impl Access {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            users: options.users.clone(),
            clients: options.clients.clone(),
            licences: options.licences,
            licence_status: options.licence_status,
            state: Mutex::new(State {
                sessions: Vec::new(),
                refusing: false,
                chance: StdRng::seed_from_u64(options.chance ^ 0x5eed),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session behind a request.
    pub(crate) fn session(&self, call: &Call, now: i64) -> Option<Session> {
        let token = bearer(call)?;
        let state = self.state();
        state.sessions.iter().find(|session| session.access == token && session.access_expires > now).cloned()
    }

    /// Ends the session of a request; its seat is free again.
    pub(crate) fn log_out(&self, call: &Call) {
        if let Some(token) = bearer(call) {
            self.state().sessions.retain(|session| session.access != token);
        }
    }

    /// The culture of the session's further calls.
    pub(crate) fn set_culture(&self, call: &Call, culture: Culture) {
        let Some(token) = bearer(call) else { return };
        if let Some(session) = self.state().sessions.iter_mut().find(|session| session.access == token) {
            session.culture = Some(culture);
        }
    }

    /// Seats that are taken.
    pub(crate) fn seats(&self, now: i64) -> usize {
        let mut state = self.state();
        state.sessions.retain(|session| session.refresh_expires > now);
        state.sessions.len()
    }

    /// Ends every session, as a restart of the application does.
    pub(crate) fn forget_sessions(&self) {
        self.state().sessions.clear();
    }

    /// Refuses every login from now on, or no more.
    pub(crate) fn refuse_logins(&self, refuse: bool) {
        let mut state = self.state();
        state.refusing = refuse;
        if refuse {
            state.sessions.clear();
        }
    }

    /// `POST /token`
    pub(crate) fn token(&self, call: &Call, now: i64, no_licences: bool) -> Answer {
        let form_type = call
            .header("content-type")
            .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded"));
        if call.method != "POST" || !form_type {
            return refused(400, "unsupported_grant_type", "");
        }
        let form: HashMap<String, String> = form_urlencoded::parse(&call.body).into_owned().collect();
        let query: HashMap<String, String> = form_urlencoded::parse(call.query.as_bytes()).into_owned().collect();
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        // The client may say who it is in three places; real clients use each of them.
        let basic = basic(call);
        let key = query.get("api_key").map(String::as_str);
        let id = [form.get("client_id").map(String::as_str), basic.as_ref().map(|(id, _)| id.as_str()), key];
        let id = id.into_iter().flatten().find(|id| !id.is_empty()).unwrap_or_default();
        let Some(client) = self.clients.iter().find(|client| client.id.eq_ignore_ascii_case(id)) else {
            return refused(400, "invalid_client_id", &format!("Client {id} is not registered in the system."));
        };
        let secret = basic.as_ref().map(|(_, secret)| secret.as_str()).filter(|secret| !secret.is_empty());
        let secret = form.get("client_secret").map(String::as_str).or(secret).unwrap_or_default();
        if client.secret.as_deref().is_some_and(|wanted| wanted != secret) {
            return refused(400, "invalid_client_id", "Client secret is invalid.");
        }
        match field("grant_type") {
            "password" => {
                let mode = query.get("auth_mode").map_or("Internal", String::as_str);
                let user = self.user(field("username"), field("password"), mode);
                self.log_in(client, user, now, no_licences)
            }
            "refresh_token" => self.refresh(client, field("refresh_token"), now),
            _ => refused(400, "unsupported_grant_type", ""),
        }
    }

    fn user(&self, name: &str, password: &str, mode: &str) -> Option<&User> {
        let fits = |user: &&User| match mode.to_ascii_lowercase().as_str() {
            "internal" => user.mode == AuthMode::Internal,
            "windows" | "ldap" => user.mode == AuthMode::Windows,
            "auto" => true,
            // SAML needs a browser.
            _ => false,
        };
        self.users.iter().filter(fits).find(|user| user.name.eq_ignore_ascii_case(name) && user.password == password)
    }

    fn log_in(&self, client: &ApiClient, user: Option<&User>, now: i64, no_licences: bool) -> Answer {
        let taken = self.seats(now);
        let mut state = self.state();
        let Some(user) = user.filter(|_| !state.refusing) else {
            return refused(400, "invalid_grant", "Could not login to system with the provided user ID and password.");
        };
        if no_licences || taken >= self.licences {
            // The text is not documented.
            return refused(self.licence_status, "license_unavailable", "No licenses are available for this product.");
        }
        let session = open(client, user.clone(), None, now, &mut state.chance);
        let answer = granted(client, &session, now);
        state.sessions.push(session);
        answer
    }

    /// A new pair; the old one is worthless at once.
    fn refresh(&self, client: &ApiClient, token: &str, now: i64) -> Answer {
        let mut state = self.state();
        let State { sessions, chance, .. } = &mut *state;
        let found = sessions.iter_mut().find(|session| session.refresh == token && session.client == client.id);
        let Some(session) = found.filter(|session| session.refresh_expires > now) else {
            return refused(400, "invalid_grant", "The refresh token is invalid or has expired.");
        };
        *session = open(client, session.user.clone(), session.culture, now, chance);
        granted(client, session, now)
    }
}

fn open(client: &ApiClient, user: User, culture: Option<Culture>, now: i64, chance: &mut StdRng) -> Session {
    Session {
        user,
        culture,
        client: client.id.clone(),
        access: format!("{:032x}{:032x}{:032x}", chance.random::<u128>(), chance.random::<u128>(), chance.random::<u128>()),
        access_expires: now + client.access_life,
        refresh: format!("{:032x}", chance.random::<u128>()),
        refresh_expires: now + client.refresh_life,
    }
}

fn granted(client: &ApiClient, session: &Session, now: i64) -> Answer {
    let date = |seconds: i64| {
        let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
        at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    };
    let body = json!({
        "access_token": session.access,
        "token_type": "bearer",
        // One second is gone by the time the answer is out.
        "expires_in": client.access_life - 1,
        "refresh_token": session.refresh,
        "as:client_id": client.id,
        "username": session.user.name,
        ".issued": date(now),
        ".expires": date(now + client.access_life),
    });
    reply::json(200, &body)
}

fn refused(status: u16, error: &str, description: &str) -> Answer {
    let body =
        if description.is_empty() { json!({"error": error}) } else { json!({"error": error, "error_description": description}) };
    reply::json(status, &body)
}

fn bearer(call: &Call) -> Option<&str> {
    let (scheme, token) = call.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Name and password of an `Authorization: Basic` header.
fn basic(call: &Call) -> Option<(String, String)> {
    let (scheme, credentials) = call.header("authorization")?.split_once(' ')?;
    let decoded = scheme.eq_ignore_ascii_case("basic").then(|| BASE64_STANDARD.decode(credentials.trim()).ok())??;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(name, password)| (name.to_owned(), password.to_owned()))
}
