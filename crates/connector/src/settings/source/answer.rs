//! What an answer, or none, says about the settings at an address: the cause and the remedy, never the address's signature and never
//! a word of the body.

use std::error::Error;

use super::Unreadable;

/// What became of one GET.
pub(super) enum Attempt {
    Read(String),
    /// It may be otherwise in a moment.
    Again(Unreadable),
    Failed(Unreadable),
}

/// As whom it was asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way<'a> {
    Identity(&'a str),
    Signature,
    Nobody,
}

/// Message and remedy.
const TOO_LATE: (&str, &str) =
    ("no answer came in time", "check that the storage account can be reached from here: firewall, private endpoint, proxy");

/// All the time that there is went by.
pub(super) fn too_late() -> Unreadable {
    let (message, remedy) = TOO_LATE;
    Unreadable::new(format!("cannot be read: {message}"), remedy)
}

pub(super) fn no_token(identity: &str) -> Unreadable {
    Unreadable::new(
        format!("cannot be read: no token for storage was to be had as {identity}"),
        "give this app that identity (its client id in AZURE_CLIENT_ID when it is user-assigned), sign in, or choose with \
         ITSM_CREDENTIAL = managed, workload or developer",
    )
}

pub(super) fn unreachable(error: &reqwest::Error) -> Attempt {
    let mut source = error.source();
    let mut causes = std::iter::from_fn(|| {
        let cause = source?;
        source = cause.source();
        Some(cause.to_string())
    });
    let (message, remedy) = if causes.any(|cause| cause.contains("dns error")) {
        ("its host cannot be found", "check the name of the storage account, and this network's name resolution")
    } else if error.is_timeout() {
        TOO_LATE
    } else if error.is_connect() {
        (
            "no connection could be made",
            "check that the storage account can be reached from here (firewall, private endpoint, proxy) and that its certificate is \
             trusted",
        )
    } else {
        ("the connection broke off", "try again")
    };
    Attempt::Again(Unreadable::new(format!("cannot be read: {message}"), remedy))
}

pub(super) fn too_large(largest: usize) -> Attempt {
    Attempt::Failed(Unreadable::new(format!("is larger than {largest} bytes"), "name the settings file, connector.toml"))
}

pub(super) fn text(body: Vec<u8>) -> Attempt {
    let Ok(text) = String::from_utf8(body) else {
        return Attempt::Failed(Unreadable::new("is not UTF-8 text", "upload connector.toml as it was written"));
    };
    // No TOML begins like this; every page does.
    if text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).starts_with('<') {
        return Attempt::Failed(Unreadable::new(
            "is a web page, not settings",
            "a sign-in page or a proxy stands at this address or before it: name the blob itself, and let this app through",
        ));
    }
    Attempt::Read(text)
}

/// An answer other than 200.
pub(super) fn refused(response: &reqwest::Response, way: Way<'_>) -> Attempt {
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    // Azure's own word for it; anything else is not repeated to people.
    let code: String =
        header("x-ms-error-code").unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    let said = if code.is_empty() { status.to_string() } else { format!("{status} {code}") };
    let unreadable = |remedy: String| Unreadable::new(format!("cannot be read: the answer was {said}"), remedy);
    match status {
        300..=399 => {
            let to = header("location").and_then(|location| url::Url::parse(location).ok());
            let to = to.and_then(|to| to.host_str().map(|host| format!(" to {host}"))).unwrap_or_default();
            Attempt::Failed(Unreadable::new(
                format!("cannot be read: it is redirected{to}"),
                "a sign-in page or a proxy stands before it: name the blob itself, and let this app through",
            ))
        }
        404 if code == "ContainerNotFound" => Attempt::Failed(unreadable("check the container's name in the address".to_owned())),
        404 => Attempt::Failed(unreadable(match way {
            Way::Nobody => {
                "upload connector.toml there, or check container and blob in the address; Azure says 404 for a private \
                            container too: add a shared access signature"
                    .to_owned()
            }
            _ => "upload connector.toml there, or check container and blob in the address".to_owned(),
        })),
        401 | 403 | 409 => Attempt::Failed(unreadable(entry(&code, way))),
        408 | 429 | 500..=599 => Attempt::Again(unreadable("the service is busy or down; try again later".to_owned())),
        _ => Attempt::Failed(unreadable("check the address; it names one blob".to_owned())),
    }
}

fn entry(code: &str, way: Way<'_>) -> String {
    let signature = "renew the shared access signature: it must not be over, must allow reading this blob, and must stand in the \
                     address whole";
    match (code, way) {
        ("AuthorizationFailure", Way::Signature) => {
            format!("{signature}; or let this app through the storage account's firewall")
        }
        ("AuthorizationFailure", Way::Nobody) => {
            "add a shared access signature to the address; or let this app through the storage account's firewall".to_owned()
        }
        ("AuthorizationFailure" | "IpAuthorizationError", _) => {
            "let this app through the storage account's firewall: its network, or a private endpoint".to_owned()
        }
        ("KeyBasedAuthenticationNotPermitted", _) => {
            "the account takes no signatures made with its key: write the address without a signature, or sign as a user"
                .to_owned()
        }
        (_, Way::Identity(name)) => {
            format!("give {name} the role Storage Blob Data Reader on the container; a new role may take minutes to hold")
        }
        (_, Way::Signature) => signature.to_owned(),
        (_, Way::Nobody) => "add a shared access signature to the address".to_owned(),
    }
}
