//! Entra bearer tokens, as a secure webhook of an action group sends them. Each check has its own words and remedy; none
//! shows anything of the token. 401: the token proves nothing to us. 403: it does, but this caller may not post here.

use std::sync::Arc;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use connector::clock::Clock;
use connector::settings::Entra;
use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;

use super::SetupError;
use super::signing_keys::{NoKey, SigningKeys};
use crate::problem::Problem;

/// Clocks may differ by this much.
const LEEWAY_SECONDS: i64 = 300;

/// The name that .NET gives to `roles`; the platform may use either.
const ROLE_CLAIM: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";

/// What is accepted.
#[derive(Debug)]
pub(super) struct EntraTokens {
    keys: SigningKeys,
    clock: Arc<dyn Clock>,
    validation: Validation,
    issuers: [String; 3],
    audiences: Vec<String>,
    callers: Vec<String>,
    role: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: OneOrMany,
    exp: i64,
    nbf: Option<i64>,
    /// Calling application in version 2 tokens.
    azp: Option<String>,
    /// Calling application in version 1 tokens.
    appid: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
}

/// What the platform says of a caller.
#[derive(Deserialize)]
struct Principal {
    claims: Vec<PrincipalClaim>,
}

#[derive(Deserialize)]
struct PrincipalClaim {
    typ: String,
    val: String,
}

impl Principal {
    fn all(&self, kinds: &[&str]) -> impl Iterator<Item = String> {
        let of_kind = |claim: &&PrincipalClaim| kinds.contains(&claim.typ.as_str());
        self.claims.iter().filter(of_kind).map(|claim| claim.val.clone())
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl EntraTokens {
    pub(super) fn new(settings: &Entra, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let authority = settings.authority.as_str().trim_end_matches('/');
        let tenant = &settings.tenant;
        let mut validation = Validation::new(Algorithm::RS256);
        // The library would ask the system for the time and answer with one error for all; claims are checked below.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        Ok(Self {
            keys: SigningKeys::new(format!("{authority}/{tenant}/discovery/v2.0/keys"), Arc::clone(&clock))?,
            clock,
            validation,
            // The tenant's keys come from the authority alone, so a name of the public cloud lets nobody else in; it is there
            // because that cloud's other addresses (login.windows.net) issue under its first one.
            issuers: [
                format!("{authority}/{tenant}/v2.0"),
                format!("https://login.microsoftonline.com/{tenant}/v2.0"),
                format!("https://sts.windows.net/{tenant}/"),
            ],
            audiences: settings.audiences.clone(),
            callers: settings.callers.clone(),
            role: settings.role.clone(),
        })
    }

    /// Checks what App Service authentication says of a caller whose token it has checked itself: base64 of
    /// `{"claims": [{"typ": .., "val": ..}]}`. It leaves times to the platform and judges everything else as in a token.
    pub(super) fn check_principal(&self, principal: &[u8]) -> Result<(), Problem> {
        let unreadable = || {
            invalid(
                "what App Service authentication says of the caller cannot be read",
                "set unauthenticatedClientAction to Return401 in its settings, with Microsoft Entra as the only provider",
            )
        };
        let json = BASE64_STANDARD.decode(principal).map_err(|_| unreadable())?;
        let principal: Principal = serde_json::from_slice(&json).map_err(|_| unreadable())?;
        let first = |kinds: &[&str]| principal.all(kinds).next();
        self.check_claims(&Claims {
            iss: first(&["iss"]).ok_or_else(unreadable)?,
            aud: OneOrMany::Many(principal.all(&["aud"]).collect()),
            exp: i64::MAX,
            nbf: None,
            azp: first(&["azp"]),
            appid: first(&["appid"]),
            roles: principal.all(&["roles", ROLE_CLAIM]).collect(),
        })
    }

    pub(super) async fn check(&self, token: &str) -> Result<(), Problem> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| malformed())?;
        if header.alg != Algorithm::RS256 {
            return Err(invalid("the token is not signed with RS256", "Entra signs with RS256; get the token from Entra"));
        }
        let kid = header.kid.ok_or_else(malformed)?;
        let key = self.keys.get(&kid).await.map_err(|why| match why {
            NoKey::Unknown => invalid(
                "the tenant has no such signing key",
                "see that the token is from the tenant that intake.entra.tenant names",
            ),
            NoKey::Unavailable => Problem::unavailable("keys-unavailable", "The signing keys are not available")
                .detail("the signing keys of Entra could not be fetched, so the token cannot be checked")
                .remedy("see that the connector may reach intake.entra.authority; the cause is in its log"),
        })?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &self.validation).map_err(|error| match error.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidSignature => invalid(
                "the signature of the token is wrong",
                "the token was changed on the way or forged; get a new one from Entra",
            ),
            _ => malformed(),
        })?;
        self.check_claims(&claims.claims)
    }

    fn check_claims(&self, claims: &Claims) -> Result<(), Problem> {
        let now = self.clock.now().as_second();
        if claims.exp.saturating_add(LEEWAY_SECONDS) <= now {
            return Err(invalid("the token has expired", "get a new token; if it is new, set the clocks of both machines"));
        }
        if claims.nbf.is_some_and(|from| from.saturating_sub(LEEWAY_SECONDS) > now) {
            return Err(invalid("the token is not valid yet", "set the clocks of both machines"));
        }
        if !self.issuers.iter().any(|issuer| issuer.eq_ignore_ascii_case(&claims.iss)) {
            return Err(invalid(
                "the token is from another issuer",
                "set intake.entra.tenant to the id (a GUID) of the tenant that issues it, and authority to its cloud",
            ));
        }
        if !claims.aud.as_slice().iter().any(|audience| self.audiences.contains(audience)) {
            return Err(invalid(
                "the token is for another audience",
                "add the token's audience (our app's client id or identifier URI) to intake.entra.audiences",
            ));
        }
        let caller = claims.azp.as_ref().or(claims.appid.as_ref());
        if !caller.is_some_and(|caller| self.callers.iter().any(|accepted| accepted.eq_ignore_ascii_case(caller))) {
            return Err(forbidden(
                "the calling application is not one of the accepted callers",
                "add its application id to intake.entra.callers",
            ));
        }
        if !self.role.is_empty() && !claims.roles.contains(&self.role) {
            return Err(forbidden(
                "the calling application does not have the role that intake.entra.role names",
                "assign the app role to the caller in Entra (the secure webhook's setup script does), or name the role it has",
            ));
        }
        Ok(())
    }
}

fn malformed() -> Problem {
    invalid("the bearer token is not a JSON Web Token of Entra", "get the token from Entra and send it unchanged")
}

fn invalid(detail: &'static str, remedy: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "invalid-token", "The token is not accepted")
        .detail(detail)
        .remedy(remedy)
        .challenge("Bearer error=\"invalid_token\"")
}

fn forbidden(detail: &'static str, remedy: &'static str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "caller-not-allowed", "The caller is not allowed").detail(detail).remedy(remedy)
}
