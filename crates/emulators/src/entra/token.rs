//! The token endpoint, `/{tenant}/oauth2/v2.0/token` and its older sister `/{tenant}/oauth2/token`: client credentials by secret or by
//! assertion, the password grant, and refreshing what it gave.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use serde_json::{Value, json};

use super::{Application, Directory, TokenVersion, assertion, failure::Failure};
use crate::http::{Answer, Call};

/// Whom a token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) application: String,
    /// User principal name; `None` when the application acts for itself.
    pub(super) person: Option<String>,
    pub(super) resource: String,
}

/// What is remembered between requests.
#[derive(Debug, Default)]
pub(super) struct Issued {
    refresh: Mutex<HashMap<String, Grant>>,
}

/// One request, read.
pub(super) struct Request<'a> {
    pub(super) directory: &'a Directory,
    pub(super) version: TokenVersion,
    /// Addresses of the endpoint that an assertion may be made out to.
    pub(super) audiences: Vec<String>,
    pub(super) now: i64,
    /// Every secret and password is wrong at the moment.
    pub(super) refusing: bool,
    parameters: BTreeMap<String, String>,
}

impl<'a> Request<'a> {
    pub(super) fn read(directory: &'a Directory, version: TokenVersion, audiences: Vec<String>, now: i64, call: &Call) -> Self {
        let form = call.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let body = if form { call.body.as_ref() } else { &[] };
        let parameters = url::form_urlencoded::parse(body).into_owned().collect();
        Self { directory, version, audiences, now, refusing: false, parameters }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn need(&self, name: &str) -> Result<&str, Failure> {
        self.get(name).ok_or_else(|| Failure::missing(name))
    }

    /// The grant that the request deserves.
    pub(super) fn decide(&self, issued: &Issued) -> Result<Grant, Failure> {
        let kind = self.need("grant_type")?;
        let id = self.need("client_id")?;
        let application = self.directory.applications.iter().find(|application| application.id == id).ok_or_else(|| {
            let text = format!("Application with identifier '{id}' was not found in the directory '{}'.", self.directory.tenant);
            Failure::new(400, "unauthorized_client", 700_016, text)
        })?;
        match kind {
            "client_credentials" => self.client_credentials(application),
            "password" => self.password(application),
            "refresh_token" => self.refresh(application, issued),
            other => {
                let text = format!("The app requested an unsupported grant type '{other}'.");
                Err(Failure::new(400, "unsupported_grant_type", 70_003, text))
            }
        }
    }

    fn client_credentials(&self, application: &Application) -> Result<Grant, Failure> {
        if self.get("client_secret").is_none() && self.get("client_assertion").is_none() {
            let text = "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.";
            return Err(Failure::new(401, "invalid_client", 7_000_216, text));
        }
        let resource = self.resource(true)?;
        self.authenticate(application)?;
        Ok(Grant { application: application.id.clone(), person: None, resource })
    }

    fn password(&self, application: &Application) -> Result<Grant, Failure> {
        let (name, password) = (self.need("username")?, self.need("password")?);
        let resource = self.resource(false)?;
        if !application.public_client {
            if self.get("client_secret").is_none() && self.get("client_assertion").is_none() {
                let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
                return Err(Failure::invalid_client(7_000_218, text));
            }
            self.authenticate(application)?;
        }
        let found = self.directory.people.iter().find(|person| person.name.eq_ignore_ascii_case(name));
        let Some(person) = found else {
            let text = format!(
                "The user account {{EUII Hidden}} does not exist in the {} directory. To sign into this application, the account must be added to the directory.",
                self.directory.tenant
            );
            return Err(Failure::invalid_grant(50_034, text));
        };
        if person.password != password || self.refusing {
            return Err(Failure::invalid_grant(50_126, "Error validating credentials due to invalid username or password."));
        }
        if person.multifactor {
            let text = "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource.";
            return Err(Failure::invalid_grant(50_076, text).with_suberror("basic_action"));
        }
        if !application.consented {
            let text = format!(
                "The user or administrator has not consented to use the application with ID '{}'. Send an interactive authorization request for this user and resource.",
                application.id
            );
            return Err(Failure::invalid_grant(65_001, text).with_suberror("consent_required"));
        }
        Ok(Grant { application: application.id.clone(), person: Some(person.name.clone()), resource })
    }

    fn refresh(&self, application: &Application, issued: &Issued) -> Result<Grant, Failure> {
        let token = self.need("refresh_token")?;
        if !application.public_client {
            self.authenticate(application)?;
        }
        let grants = issued.refresh.lock().unwrap_or_else(PoisonError::into_inner);
        let grant = grants.get(token).filter(|grant| grant.application == application.id && !self.refusing).cloned();
        grant.ok_or_else(|| Failure::invalid_grant(9_002_313, "Invalid request. Request is malformed or invalid."))
    }

    /// By assertion when there is one, else by secret.
    fn authenticate(&self, application: &Application) -> Result<(), Failure> {
        if let Some(jwt) = self.get("client_assertion") {
            if self.get("client_assertion_type") != Some(assertion::TYPE) {
                return Err(Failure::missing("client_assertion_type"));
            }
            if self.refusing {
                return Err(Failure::invalid_client(
                    700_027,
                    "The certificate with identifier used to sign the client assertion is not registered on application.",
                ));
            }
            return assertion::check(jwt, application, &self.audiences, self.now);
        }
        let given = self.get("client_secret").unwrap_or_default();
        let wrong = || {
            let text = format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{}'.",
                application.id
            );
            Failure::invalid_client(7_000_215, text)
        };
        let secret =
            application.secrets.iter().find(|secret| secret.value == given).filter(|_| !self.refusing).ok_or_else(wrong)?;
        if secret.expires.is_some_and(|until| until <= self.now) {
            let text = format!("The provided client secret keys for app '{}' are expired.", application.id);
            return Err(Failure::invalid_client(7_000_222, text));
        }
        Ok(())
    }

    /// The resource, from `scope` or, at the older endpoint, `resource`.
    fn resource(&self, only_default: bool) -> Result<String, Failure> {
        let named = match self.version {
            TokenVersion::One => self.need("resource")?.to_owned(),
            TokenVersion::Two => {
                let scope = self.need("scope")?;
                let own = ["offline_access", "openid", "profile", "email"];
                let wanted = scope.split_ascii_whitespace().find(|part| !own.contains(part)).unwrap_or_default();
                match wanted.strip_suffix("/.default") {
                    Some(resource) => resource.to_owned(),
                    None if only_default => {
                        let text = format!(
                            "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."
                        );
                        return Err(Failure::new(400, "invalid_scope", 1_002_012, text));
                    }
                    None => wanted.rsplit_once('/').map_or(wanted, |(resource, _)| resource).to_owned(),
                }
            }
        };
        let same = |resource: &&String| resource.trim_end_matches('/') == named.trim_end_matches('/');
        // The audience is what was asked for, with or without its slash.
        self.directory.resources.iter().find(same).map(|_| named.clone()).ok_or_else(|| {
            let text =
                format!("The resource principal named {named} was not found in the tenant named {}.", self.directory.tenant);
            Failure::new(400, "invalid_resource", 500_011, text)
        })
    }

    /// The answer with the signed token.
    pub(super) fn answer(&self, grant: Grant, token: &str, number: u64, issued: &Issued) -> Answer {
        let life = self.directory.token_life;
        let mut body = match self.version {
            TokenVersion::Two => {
                json!({"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token})
            }
            // The older endpoint writes its numbers as texts.
            TokenVersion::One => json!({
                "token_type": "Bearer",
                "expires_in": life.to_string(),
                "ext_expires_in": life.to_string(),
                "expires_on": (self.now + life).to_string(),
                "not_before": (self.now - 300).to_string(),
                "resource": grant.resource,
                "access_token": token,
            }),
        };
        let offline = self.version == TokenVersion::One
            || self.get("scope").is_some_and(|scope| scope.split_ascii_whitespace().any(|part| part == "offline_access"));
        if let (Some(fields), true) = (body.as_object_mut(), offline && grant.person.is_some()) {
            let refresh = format!("1.emulator-refresh-{number}-{:x}", token.len());
            fields.insert("refresh_token".to_owned(), Value::from(refresh.clone()));
            issued.refresh.lock().unwrap_or_else(PoisonError::into_inner).insert(refresh, grant);
        }
        Answer::json(200, &body).with_header("Cache-Control", "no-store, no-cache")
    }
}
