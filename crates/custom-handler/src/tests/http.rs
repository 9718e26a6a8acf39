//! Parts of the HTTP trigger.

use serde_json::{Value, json};

use crate::{Envelope, HttpTrigger, Invocation};

fn request(members: &Value) -> HttpTrigger {
    let body = json!({ "Data": { "req": members }, "Metadata": {} }).to_string();
    Envelope::decode(body.as_bytes(), Invocation::default()).unwrap().http("req").unwrap()
}

#[test]
fn bodies_of_octets_and_parts_are_base64_and_all_others_are_text() {
    let body = |kind: &str, body: &str| {
        request(&json!({"Method": "POST", "Url": "https://e.org/", "Headers": {"Content-Type": [kind]}, "Body": body})).body
    };
    assert_eq!(body("application/octet-stream", "AP8="), [0u8, 255][..]);
    assert_eq!(body("Multipart/form-data; boundary=x", "LS14"), "--x");
    assert_eq!(body("text/plain", "AP8="), "AP8=");
    // Not what the host writes; kept as it is.
    assert_eq!(body("application/octet-stream", "no base64"), "no base64");
}

#[test]
fn a_body_that_is_itself_quoted_keeps_its_quotes() {
    let members = json!({"Method": "POST", "Url": "https://e.org/", "Body": "\"abc\""});
    assert_eq!(request(&members).body, "\"abc\"");
}

#[test]
fn an_access_level_is_believed_only_from_the_hosts_own_proof() {
    let claim = json!([{"Type": crate::ACCESS_LEVEL_CLAIM, "Value": "Admin"}]);
    let level = |kind: &str, proved: bool| {
        let identity = json!({"AuthenticationType": kind, "IsAuthenticated": proved, "Claims": claim});
        let members = json!({"Method": "GET", "Url": "https://e.org/", "Identities": [identity]});
        request(&members).identities.access_level().map(str::to_owned)
    };
    assert_eq!(level("WebJobsAuthLevel", true).as_deref(), Some("Admin"));
    assert_eq!(level("WebJobsAuthLevel", false), None);
    assert_eq!(level("aad", true), None);
}

#[test]
fn debug_tells_no_secret() {
    let members = json!({
        "Method": "POST", "Url": "https://e.org/api/a?code=KEY", "Headers": {"x-functions-key": ["KEY"]}, "Body": "KEY",
        "Identities": [{"AuthenticationType": "aad", "IsAuthenticated": true, "Claims": [{"Type": "name", "Value": "KEY"}]}],
    });
    let trigger = request(&members);
    let told = format!("{trigger:?} {:?}", trigger.identities);
    assert!(told.contains("/api/a") && !told.contains("KEY"), "{told}");

    let body = json!({"Data": {"m": "KEY"}, "Metadata": {"PopReceipt": "KEY"}}).to_string();
    let mut envelope = Envelope::decode(body.as_bytes(), Invocation::default()).unwrap();
    let told = format!("{envelope:?}");
    let told = format!("{told} {:?}", envelope.queue("m").unwrap());
    assert!(!told.contains("KEY"), "{told}");
}

#[test]
fn errors_tell_no_secret() {
    let body = json!({"Data": {"m": "{\"number\":\"KEY\"}"}}).to_string();
    let mut envelope = Envelope::decode(body.as_bytes(), Invocation::default()).unwrap();
    let message = envelope.queue("m").unwrap();
    let error = message.json::<std::collections::HashMap<String, u32>>().unwrap_err().to_string();
    assert!(error.contains("line 1 column") && !error.contains("KEY"), "{error}");
}
