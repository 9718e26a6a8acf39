//! Why a secret could not be read, in our words. Never the error's own text: it may hold what the service said of tokens.

use azure_core::Error;
use azure_core::error::ErrorKind;
use azure_core::http::StatusCode;
use serde::Deserialize;

/// Why a secret could not be read, and what to do. The same for every secret that failed in the same way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{cause}; {remedy}")]
pub struct Trouble {
    /// What happened.
    pub cause: String,
    /// What to do.
    pub remedy: String,
}

impl Trouble {
    pub(super) fn new(cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { cause: cause.into(), remedy: remedy.into() }
    }
}

/// The part of Key Vault's error that tells 403s apart.
#[derive(Deserialize)]
struct Body {
    error: Inner,
}

#[derive(Deserialize)]
struct Inner {
    innererror: Option<Code>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

pub(super) fn empty() -> Trouble {
    Trouble::new("its value is empty", "put a value into the vault")
}

pub(super) fn unread() -> Trouble {
    Trouble::new("it was not read", "name it in the settings, and start again")
}

pub(super) fn silent() -> Trouble {
    let remedy = "check key_vault.url, name resolution, and the vault's firewall and private endpoint; later it is read again";
    Trouble::new("the vault did not answer in time", remedy)
}

pub(super) fn unusable(error: &Error) -> Trouble {
    let cause = match error.kind() {
        ErrorKind::Credential => "key_vault.credential cannot be used here",
        _ => "key_vault.url or key_vault.credential cannot be used",
    };
    Trouble::new(cause, "correct the url, choose another credential, or give this machine what the chosen one needs")
}

pub(super) fn explain(error: &Error) -> Trouble {
    match error.kind() {
        ErrorKind::HttpResponse { status, raw_response, .. } => {
            let inner = raw_response.as_ref().and_then(|raw| serde_json::from_slice::<Body>(raw.body()).ok());
            let inner = inner.and_then(|body| body.error.innererror).map(|inner| inner.code).unwrap_or_default();
            answered(*status, &inner)
        }
        ErrorKind::Credential => Trouble::new(
            "no token was to be had",
            "give this app the identity that key_vault.credential names, or choose another credential",
        ),
        ErrorKind::Connection | ErrorKind::Io => silent(),
        _ => Trouble::new(
            "what answered is no Key Vault",
            "check key_vault.url, and whether a proxy stands between; it is https://NAME.vault.azure.net",
        ),
    }
}

fn answered(status: StatusCode, inner: &str) -> Trouble {
    match (status, inner) {
        (StatusCode::NotFound, _) => {
            Trouble::new("there is no such secret", "put it into the vault, or correct the name after the @")
        }
        (StatusCode::Forbidden, "SecretDisabled") => {
            Trouble::new("its newest version is disabled", "enable it, or put a new version into the vault")
        }
        (StatusCode::Forbidden, "ForbiddenByFirewall" | "ForbiddenByConnection") => Trouble::new(
            "the vault refuses calls from this network",
            "let this app in by the vault's networking: a private endpoint, its subnet, or its addresses",
        ),
        (StatusCode::Forbidden, "AccessDenied" | "ForbiddenByPolicy") => Trouble::new(
            "the vault's access policies do not let this identity read secrets (403)",
            "give it the permission Get for secrets, or let the vault use roles and give it Key Vault Secrets User",
        ),
        (StatusCode::Forbidden, _) => Trouble::new(
            "this identity may not read secrets of the vault (403)",
            "give it the role Key Vault Secrets User on the vault; a new role may take minutes to hold",
        ),
        (StatusCode::Unauthorized, _) => Trouble::new(
            "the vault does not take the token (401)",
            "choose an identity of the vault's own tenant, and check key_vault.cloud",
        ),
        (StatusCode::TooManyRequests, _) => {
            Trouble::new("the vault has too many requests (429)", "make key_vault.refresh longer; later it is read again")
        }
        (status, _) => Trouble::new(format!("the vault answered {}", u16::from(status)), "later it is read again"),
    }
}
