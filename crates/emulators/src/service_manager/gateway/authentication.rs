//! Who calls: a shared secret, or a token of Entra ID.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use serde_json::Value;

use super::options::{EntraTrust, Options};
use crate::service_manager::model::{Actor, INTEGRATION};

/// Seconds by which clocks may differ.
const LEEWAY: i64 = 300;
/// The account behind the administrator's secret.
const ADMINISTRATOR: &str = "CONTOSO\\scsm.admin";

#[derive(Debug)]
pub(super) struct Authentication {
    secrets: Vec<String>,
    administrator_secrets: Vec<String>,
    entra: Option<EntraTrust>,
}

impl Authentication {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            secrets: options.secrets.clone(),
            administrator_secrets: options.administrator_secrets.clone(),
            entra: options.entra.clone(),
        }
    }

    /// The account behind an `Authorization` header, at `now` in seconds.
    pub(super) fn actor(&self, authorization: Option<&str>, now: i64) -> Option<Actor> {
        let (scheme, token) = authorization?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let token = token.trim();
        if self.administrator_secrets.iter().any(|secret| secret == token) {
            return Some(Actor::administrator(ADMINISTRATOR));
        }
        let good = self.secrets.iter().any(|secret| secret == token)
            || self.entra.as_ref().is_some_and(|trust| trusted(trust, token, now).is_some());
        good.then(|| Actor::new(INTEGRATION))
    }
}

fn trusted(trust: &EntraTrust, token: &str, now: i64) -> Option<()> {
    let keys: JwkSet = serde_json::from_value(trust.keys.clone()).ok()?;
    let header = jsonwebtoken::decode_header(token).ok()?;
    let key = DecodingKey::from_jwk(keys.find(header.kid.as_deref()?)?).ok()?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[&trust.audience]);
    validation.set_issuer(&trust.issuers);
    // Time is the emulator's own.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let claims = jsonwebtoken::decode::<Value>(token, &key, &validation).ok()?.claims;
    let at = |name: &str| claims.get(name).and_then(Value::as_i64);
    let caller = claims.get("appid").or_else(|| claims.get("azp")).and_then(Value::as_str)?;
    let in_time = at("exp")? + LEEWAY > now && at("nbf").is_none_or(|begins| begins - LEEWAY <= now);
    (in_time && trust.applications.iter().any(|application| application == caller)).then_some(())
}
