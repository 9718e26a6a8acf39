use std::sync::Arc;

use super::{EnvironmentSecrets, FixedSecrets, MissingSecret, Place, SecretRef, Secrets, Variables, VaultUnread};

fn reference(text: &str) -> SecretRef {
    serde_json::from_value(text.into()).unwrap()
}

fn variables() -> Variables {
    let values = [
        ("PASSWORD", "p"),
        ("EMPTY", ""),
        ("UNRESOLVED", "@Microsoft.KeyVault(SecretUri=https://itsm.vault.azure.net/secrets/hunter2)"),
        ("OLD", " @microsoft.keyvault(VaultName=itsm;SecretName=hunter2)"),
        ("ODD", "@Microsoft is my password"),
    ];
    values.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect()
}

#[test]
fn a_reference_names_a_variable_or_a_secret_of_the_vault_and_nothing_else() {
    let longest = format!("@{}", "a".repeat(127));
    for (text, place) in [
        ("$SNOW_PASSWORD", Some(Place::Variable("SNOW_PASSWORD"))),
        ("$_x9", Some(Place::Variable("_x9"))),
        ("@snow-password", Some(Place::KeyVault("snow-password"))),
        ("@1", Some(Place::KeyVault("1"))),
        (longest.as_str(), Some(Place::KeyVault(&longest[1..]))),
        ("@snow_password", None),
        ("@snow-password/0123", None),
        ("@Microsoft.KeyVault(SecretUri=https://itsm.vault.azure.net/secrets/x)", None),
        ("$snow-password", None),
        ("$9", None),
        ("$", None),
        ("@", None),
        ("", None),
        ("hunter2", None),
        ("é", None),
    ] {
        assert_eq!(reference(text).place(), place, "{text}");
    }
    assert_eq!(reference(&format!("{longest}a")).place(), None, "128 are too many");
}

#[test]
fn what_is_no_reference_is_never_printed() {
    for text in ["hunter2", "$hunter-2", "@hunter_2", "@Microsoft.KeyVault(hunter2)"] {
        assert_eq!(format!("{:?}", reference(text)), "<not a reference>");
    }
    assert_eq!(format!("{:?} {:?}", SecretRef::variable("A"), SecretRef::key_vault("a-b")), "$A @a-b");
    assert!(!format!("{:?}", variables()).contains("hunter2"));
}

#[test]
fn a_key_vault_reference_that_azure_left_standing_is_missing_and_never_the_password() {
    for name in ["UNRESOLVED", "OLD"] {
        let missing = variables().get(&SecretRef::variable(name)).unwrap_err();
        assert_eq!(missing, MissingSecret::unresolved(name));
        let said = missing.to_string();
        assert!(
            said.contains(name) && said.contains("Key Vault Secrets User") && said.contains("keyVaultReferenceIdentity"),
            "{said}"
        );
        assert!(!said.contains("hunter2"), "{said}");
    }
    assert_eq!(variables().get(&SecretRef::variable("ODD")).unwrap().expose(), "@Microsoft is my password");
}

#[test]
fn a_variable_that_is_empty_is_not_set() {
    assert_eq!(variables().get(&SecretRef::variable("PASSWORD")).unwrap().expose(), "p");
    for name in ["EMPTY", "NOWHERE"] {
        assert_eq!(variables().get(&SecretRef::variable(name)), Err(MissingSecret::variable(name)));
    }
    assert_eq!(EnvironmentSecrets.get(&SecretRef::variable("ITSM_NOWHERE")), Err(MissingSecret::variable("ITSM_NOWHERE")));
}

#[test]
fn without_a_vault_a_reference_to_it_names_the_section_that_is_missing() {
    let others: [Arc<dyn Secrets>; 3] =
        [Arc::new(EnvironmentSecrets), Arc::new(variables()), Arc::new(FixedSecrets::default().with("snow-password", "p"))];
    for secrets in others {
        let missing = secrets.get(&SecretRef::key_vault("snow-password")).unwrap_err();
        assert!(missing.cause.contains("snow-password") && missing.remedy.contains("[key_vault]"), "{missing}");
    }
}

#[test]
fn a_vault_that_is_not_read_hides_what_is_missing_elsewhere_from_nobody() {
    let fixed = FixedSecrets::default().with("@in-the-test", "p");
    assert_eq!(fixed.get(&SecretRef::key_vault("in-the-test")).unwrap().expose(), "p");
    let unread = VaultUnread(&fixed);
    assert!(unread.get(&SecretRef::key_vault("any")).is_ok());
    assert_eq!(unread.get(&SecretRef::variable("ANY")), Err(MissingSecret::variable("ANY")));
}

#[test]
fn line_breaks_at_the_end_of_a_secret_are_not_part_of_it() {
    let values = [("FROM_FILE", "p w\r\n"), ("KEY", "-----BEGIN\nx\n-----END\n"), ("BLANK", "\n")];
    let variables: Variables = values.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
    assert_eq!(variables.get(&reference("$FROM_FILE")).unwrap().expose(), "p w");
    assert_eq!(variables.get(&reference("$KEY")).unwrap().expose(), "-----BEGIN\nx\n-----END");
    assert_eq!(variables.get(&reference("$BLANK")), Err(MissingSecret::variable("BLANK")));
}
