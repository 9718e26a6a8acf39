//! Who is behind a token, and what the security roles allow.

use std::{
    collections::HashSet,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::Value;

use super::{
    guid,
    options::{Privileges, User},
    refusal::Refusal,
    schema::{Schema, Table},
};
use crate::{entra::Entra, http::Call};

/// What is done to a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Create,
    Read,
    Write,
    Delete,
    Append,
    AppendTo,
    Assign,
}

/// The user behind a request.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) user: u128,
    /// `None`: everything.
    privileges: Option<HashSet<String>>,
}

impl Session {
    pub(super) fn check(&self, act: Act, table: &Table) -> Result<(), Refusal> {
        let Some(privileges) = &self.privileges else { return Ok(()) };
        let name = format!("prv{act:?}{}", table.privilege);
        if privileges.contains(&name) {
            return Ok(());
        }
        let message = format!(
            "Principal user (Id={}, type=8, roleCount=1, privilegeCount={}, accessMode=4) is missing {name} privilege (Id={}) on OTC={} for entity '{}'.",
            guid::show(self.user),
            privileges.len(),
            guid::show(guid::of_name(&name)),
            table.type_code,
            table.logical_name
        );
        Err(Refusal::new(403, "0x80040220", message))
    }
}

/// Users of the environment, and which tokens are no longer taken.
#[derive(Debug)]
pub(super) struct Access {
    users: RwLock<Vec<(u128, User)>>,
    integration: HashSet<String>,
    /// Tokens up to this number are worthless.
    worthless: AtomicU64,
    audience: String,
    challenge: Option<String>,
}

impl Access {
    /// `users` with their `systemuserid`s.
    pub(super) fn new(users: Vec<(u128, User)>, schema: &Schema, url: &str, authority: Option<&str>) -> Self {
        let challenge =
            authority.map(|authority| format!("Bearer authorization_uri={authority}/oauth2/authorize, resource_id={url}/"));
        let integration = integration(schema);
        Self { users: RwLock::new(users), integration, worthless: AtomicU64::new(0), audience: url.to_owned(), challenge }
    }

    pub(super) fn forget_tokens(&self, up_to: u64) {
        self.worthless.store(up_to, Ordering::Relaxed);
    }

    pub(super) fn set_privileges(&self, application: &str, privileges: &Privileges) {
        let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
        for (_, user) in users.iter_mut() {
            if user.application.as_deref() == Some(application) || user.principal == application {
                user.privileges = privileges.clone();
            }
        }
    }

    /// The 401 that names the tenant to ask.
    pub(super) fn unauthorized(&self) -> Refusal {
        let refusal = Refusal::new(401, "", "");
        match &self.challenge {
            Some(challenge) => refusal.with_header("WWW-Authenticate", challenge.clone()),
            None => refusal,
        }
    }

    /// The session of a request with a good token of a user.
    pub(super) fn authenticate(&self, call: &Call, entra: &Entra) -> Result<Session, Refusal> {
        let token = call.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        let claims = entra.verify(token).ok_or_else(|| self.unauthorized())?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        let number: u64 = text("uti").parse().unwrap_or_default();
        let same = text("aud").trim_end_matches('/') == self.audience;
        if !same || number <= self.worthless.load(Ordering::Relaxed) {
            return Err(self.unauthorized());
        }
        let users = self.users.read().unwrap_or_else(PoisonError::into_inner);
        let principal = text("upn");
        let found = users.iter().find(|(_, user)| {
            if principal.is_empty() {
                user.application.as_deref() == Some(text("appid"))
            } else {
                user.principal.eq_ignore_ascii_case(principal)
            }
        });
        let not_member = || Refusal::new(403, "0x80072560", "The user is not a member of the organization.");
        let (id, user) = found.ok_or_else(not_member)?;
        if user.disabled {
            let message = format!("The specified user(Id = {}) is disabled. Consider enabling this user.", guid::show(*id));
            return Err(Refusal::new(403, "0x80040225", message));
        }
        let privileges = match &user.privileges {
            Privileges::Administrator => None,
            Privileges::Integration => Some(self.integration.clone()),
            Privileges::Only(names) => Some(names.iter().cloned().collect()),
        };
        Ok(Session { user: *id, privileges })
    }
}

/// The privileges of [`Privileges::Integration`].
fn integration(schema: &Schema) -> HashSet<String> {
    let mut names: HashSet<String> =
        schema.tables().flat_map(|(_, table)| ["Read", "AppendTo"].map(|act| format!("prv{act}{}", table.privilege))).collect();
    let mut grant = |table: &str, acts: &[&str]| {
        let table = schema.named(table).map(|table| table.privilege.clone()).unwrap_or_default();
        names.extend(acts.iter().map(|act| format!("prv{act}{table}")));
    };
    if let Some(incident) = &schema.incident {
        grant(&incident.table, &["Create", "Write", "Append", "Assign"]);
    }
    grant("annotation", &["Create", "Append"]);
    grant("incidentresolution", &["Create", "Append"]);
    names
}
