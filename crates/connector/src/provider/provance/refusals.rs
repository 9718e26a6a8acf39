//! What Microsoft Entra's refusals mean for an operator: `AADSTS` numbers with causes and remedies. Pure.

/// What a refusal means, and what a person can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) cause: &'static str,
    pub(super) remedy: &'static str,
}

const MEANINGS: [(u32, &str, &str); 19] = [
    (7_000_215, "the client secret is wrong", "set the secret's value (not its id) in its environment variable"),
    (7_000_222, "the client secret has expired", "make a new client secret in the app registration and set it"),
    (
        7_000_218,
        "the app registration wants a secret and none was sent",
        "allow public client flows in the app registration, or set auth.client_secret",
    ),
    (700_016, "the tenant knows no such app registration", "check auth.client_id, and that tenant is the one that holds it"),
    (700_021, "the certificate is not that of this app registration", "check auth.client_id and auth.certificate"),
    (700_023, "the assertion was made for another sign-in service", "check provance.authority and provance.tenant"),
    (700_024, "the assertion is not valid now", "synchronise this machine's clock"),
    (
        700_027,
        "the certificate is not registered",
        "upload the certificate (without key) to the app registration, and wait a minute",
    ),
    (90_002, "there is no such tenant", "check provance.tenant"),
    (900_023, "the tenant's name is none", "check provance.tenant"),
    (
        500_011,
        "the tenant does not know the environment",
        "check url and provance.resource: the environment must belong to the tenant that is signed in to",
    ),
    (50_126, "user name or password is wrong", "check both; a federated user cannot use the password grant"),
    (50_034, "there is no such user in the tenant", "check auth.username and provance.tenant"),
    (50_055, "the user's password has expired", "set a new password, or use client credentials instead"),
    (50_057, "the user's account is disabled", "enable the account in Entra"),
    (50_076, "multi-factor authentication is required", "use client credentials: the password grant cannot give a second factor"),
    (
        50_079,
        "multi-factor authentication must be set up",
        "use client credentials: the password grant cannot give a second factor",
    ),
    (
        65_001,
        "nobody consented to the app registration",
        "grant admin consent for the permission Dynamics CRM user_impersonation",
    ),
    (
        53_003,
        "a conditional access policy blocks the sign-in",
        "let the connector through in conditional access, or use client credentials",
    ),
];

/// The meaning of a refusal in Entra's words.
pub(super) fn meaning(told: &str) -> Option<Meaning> {
    let number: u32 = told.split("AADSTS").nth(1)?.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()?;
    let (_, cause, remedy) = MEANINGS.iter().find(|(known, ..)| *known == number)?;
    Some(Meaning { cause, remedy })
}

/// Entra's words without what only its support reads.
pub(super) fn short(told: &str) -> &str {
    told.split(" Trace ID:").next().unwrap_or(told).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_known_by_all_their_digits() {
        let told = "AADSTS7000215: Invalid client secret provided. Trace ID: 1 Correlation ID: 2 (invalid_client)";
        assert_eq!(meaning(told).unwrap().cause, "the client secret is wrong");
        assert_eq!(short(told), "AADSTS7000215: Invalid client secret provided.");
        assert_eq!(meaning("AADSTS70002: x"), None);
        assert_eq!(meaning("no number"), None);
        assert!(MEANINGS.iter().all(|(_, cause, remedy)| !cause.is_empty() && remedy.len() > 15));
    }
}
