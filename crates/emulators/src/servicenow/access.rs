//! Who is asking: passwords, bearer tokens, API keys, and the token endpoint that hands tokens out.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::json;
use url::form_urlencoded;

use super::options::{OAuthClient, Options, User};
use crate::http::{Answer, Call};

/// An access or refresh token.
#[derive(Debug, Clone)]
struct Token {
    client: String,
    user: String,
    expires: i64,
}

/// Accounts and the tokens given out for them.
#[derive(Debug)]
pub(crate) struct Access {
    users: Vec<User>,
    clients: Vec<OAuthClient>,
    api_keys: Vec<(String, String)>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    access: HashMap<String, Token>,
    refresh: HashMap<String, Token>,
    chance: StdRng,
}

/// The switches of the token endpoint.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grants {
    pub(crate) password: bool,
    pub(crate) client_credentials: bool,
    pub(crate) body_only: bool,
}

impl Access {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            users: options.users.clone(),
            clients: options.oauth_clients.clone(),
            api_keys: options.api_keys.clone(),
            state: Mutex::new(State {
                access: HashMap::new(),
                refresh: HashMap::new(),
                chance: StdRng::seed_from_u64(options.chance),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name.eq_ignore_ascii_case(name))
    }

    /// The account behind a request.
    pub(crate) fn authenticate(&self, call: &Call, now: i64) -> Option<&User> {
        if let Some(key) = call.header("x-sn-apikey") {
            let (_, user) = self.api_keys.iter().find(|(other, _)| other == key)?;
            return self.user(user);
        }
        let (scheme, credentials) = call.header("authorization")?.split_once(' ')?;
        if let Some((name, password)) = basic(call) {
            return self.user(&name).filter(|user| user.password == password);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let state = self.state();
        let token = state.access.get(credentials.trim()).filter(|token| token.expires > now)?;
        self.user(&token.user)
    }

    /// `POST /oauth_token.do`
    pub(crate) fn token(&self, call: &Call, now: i64, grants: Grants) -> Answer {
        let form_type = call
            .header("content-type")
            .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded"));
        if call.method != "POST" || !form_type {
            return denied();
        }
        let mut form: HashMap<String, String> = form_urlencoded::parse(&call.body).into_owned().collect();
        if !grants.body_only {
            form.extend(form_urlencoded::parse(call.query.as_bytes()).into_owned());
        }
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        // Widespread OAuth libraries, and with them ServiceNow's own client, name the client in the Authorization header instead of the form.
        let (client_id, client_secret) = match basic(call) {
            Some(credentials) if field("client_secret").is_empty() => credentials,
            _ => (field("client_id").to_owned(), field("client_secret").to_owned()),
        };
        let client = self.clients.iter().find(|client| client.id == client_id && client.secret == client_secret);
        let Some(client) = client else { return denied() };
        let user = match field("grant_type") {
            "password" if grants.password => self.user(field("username")).filter(|user| user.password == field("password")),
            "client_credentials" if grants.client_credentials => {
                client.application_user.as_deref().and_then(|name| self.user(name))
            }
            "refresh_token" => {
                let state = self.state();
                let token =
                    state.refresh.get(field("refresh_token")).filter(|token| token.expires > now && token.client == client.id);
                token.and_then(|token| self.user(&token.user))
            }
            _ => None,
        };
        let Some(user) = user else { return denied() };
        let with_refresh = field("grant_type") != "client_credentials";
        let (access, expires_in) = self.issue(client, user, now);
        let mut body = json!({"access_token": access, "scope": "useraccount", "token_type": "Bearer", "expires_in": expires_in});
        if with_refresh && let Some(body) = body.as_object_mut() {
            body.insert("refresh_token".to_owned(), self.issue_refresh(client, user, now).into());
        }
        Answer::json(200, &body)
    }

    /// The current token of this client and user while it lives, with what is left of its life; else a new one.
    fn issue(&self, client: &OAuthClient, user: &User, now: i64) -> (String, i64) {
        let mut state = self.state();
        state.access.retain(|_, token| token.expires > now);
        let current = state.access.iter().find(|(_, token)| token.client == client.id && token.user == user.name);
        if let Some((text, token)) = current {
            return (text.clone(), token.expires - now);
        }
        let text = random_text(&mut state.chance);
        // One second is gone by the time the answer is out.
        let life = client.access_life - 1;
        state.access.insert(text.clone(), Token { client: client.id.clone(), user: user.name.clone(), expires: now + life });
        (text, life)
    }

    fn issue_refresh(&self, client: &OAuthClient, user: &User, now: i64) -> String {
        let mut state = self.state();
        state.refresh.retain(|_, token| token.expires > now);
        let current = state.refresh.iter().find(|(_, token)| token.client == client.id && token.user == user.name);
        if let Some((text, _)) = current {
            return text.clone();
        }
        let text = random_text(&mut state.chance);
        let expires = now + client.refresh_life;
        state.refresh.insert(text.clone(), Token { client: client.id.clone(), user: user.name.clone(), expires });
        text
    }

    /// `GET /oauth_revoke_token.do?token=…`; needs no sign-in.
    pub(crate) fn revoke(&self, call: &Call) -> Answer {
        let token =
            form_urlencoded::parse(call.query.as_bytes()).find(|(name, _)| name == "token").map(|(_, value)| value.into_owned());
        if let Some(token) = token {
            let mut state = self.state();
            state.access.remove(&token);
            state.refresh.remove(&token);
        }
        Answer::new(200, "text/html;charset=UTF-8", "")
    }

    /// Forgets all access tokens, and the refresh tokens too when asked.
    pub(crate) fn forget_tokens(&self, refresh_too: bool) {
        let mut state = self.state();
        state.access.clear();
        if refresh_too {
            state.refresh.clear();
        }
    }
}

/// Name and password of an `Authorization: Basic` header.
fn basic(call: &Call) -> Option<(String, String)> {
    let (scheme, credentials) = call.header("authorization")?.split_once(' ')?;
    let decoded = scheme.eq_ignore_ascii_case("basic").then(|| BASE64_STANDARD.decode(credentials.trim()).ok())??;
    let (name, password) =
        String::from_utf8(decoded).ok()?.split_once(':').map(|(name, password)| (name.to_owned(), password.to_owned()))?;
    Some((name, password))
}

fn random_text(chance: &mut StdRng) -> String {
    format!("{:032x}{:032x}", chance.random::<u128>(), chance.random::<u128>())
}

/// One body for every cause, as on instances.
fn denied() -> Answer {
    Answer::new(401, "application/json;charset=UTF-8", r#"{"error_description":"access_denied","error":"server_error"}"#)
}
