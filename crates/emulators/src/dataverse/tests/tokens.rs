//! The token endpoint.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

use super::{NOW, ask_token, environment, options, read};
use crate::{
    dataverse::{
        Dataverse,
        options::{APPLICATION, PASSWORD, PUBLIC_APPLICATION, SECRET, USER},
    },
    entra::{Application, Certificate, Person, Secret},
};

fn numbers(read: &super::Read) -> (u16, &str, i64) {
    (read.status, read.body["error"].as_str().unwrap_or_default(), read.body["error_codes"][0].as_i64().unwrap_or_default())
}

#[tokio::test]
async fn client_credentials_get_a_token_and_no_refresh_token() {
    let environment = environment().await;
    let scope = format!("{}/.default", environment.url());
    let form = [("grant_type", "client_credentials"), ("client_id", APPLICATION), ("client_secret", SECRET), ("scope", &scope)];
    let token = ask_token(&environment, &form).await;
    assert_eq!(
        (token.status, token.body["token_type"].as_str(), token.body["expires_in"].as_i64()),
        (200, Some("Bearer"), Some(3599))
    );
    assert_eq!(token.body.get("refresh_token"), None);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a list of refusals")]
async fn every_wrong_request_has_its_own_number() {
    let mut options = options();
    options.people.push(Person { name: "mfa@contoso.com".into(), password: "p".into(), multifactor: true });
    let old = Secret { value: "old".into(), expires: Some(NOW - 1) };
    options.applications.push(Application {
        id: "expired".into(),
        secrets: vec![old],
        consented: true,
        ..Application::default()
    });
    options.applications.push(Application { id: "strange".into(), public_client: true, ..Application::default() });
    let environment = Dataverse::start_with(options).await;
    let scope = format!("{}/.default", environment.url());
    let scope = scope.as_str();
    let credentials = "client_credentials";
    for (form, wanted) in [
        (vec![("client_id", APPLICATION)], (400, "invalid_request", 900_144)),
        (vec![("grant_type", "device"), ("client_id", APPLICATION)], (400, "unsupported_grant_type", 70_003)),
        (
            vec![("grant_type", credentials), ("client_id", "nobody"), ("client_secret", "x"), ("scope", scope)],
            (400, "unauthorized_client", 700_016),
        ),
        (
            vec![("grant_type", credentials), ("client_id", APPLICATION), ("client_secret", "x"), ("scope", scope)],
            (401, "invalid_client", 7_000_215),
        ),
        (
            vec![("grant_type", credentials), ("client_id", "expired"), ("client_secret", "old"), ("scope", scope)],
            (401, "invalid_client", 7_000_222),
        ),
        (
            vec![
                ("grant_type", credentials),
                ("client_id", APPLICATION),
                ("client_secret", SECRET),
                ("scope", "https://other.crm.dynamics.com/.default"),
            ],
            (400, "invalid_resource", 500_011),
        ),
        (
            vec![
                ("grant_type", credentials),
                ("client_id", APPLICATION),
                ("client_secret", SECRET),
                ("scope", "user_impersonation"),
            ],
            (400, "invalid_scope", 1_002_012),
        ),
        (
            vec![
                ("grant_type", "password"),
                ("client_id", PUBLIC_APPLICATION),
                ("username", USER),
                ("password", "x"),
                ("scope", scope),
            ],
            (400, "invalid_grant", 50_126),
        ),
        (
            vec![
                ("grant_type", "password"),
                ("client_id", PUBLIC_APPLICATION),
                ("username", "who@contoso.com"),
                ("password", "x"),
                ("scope", scope),
            ],
            (400, "invalid_grant", 50_034),
        ),
        (
            vec![
                ("grant_type", "password"),
                ("client_id", PUBLIC_APPLICATION),
                ("username", "mfa@contoso.com"),
                ("password", "p"),
                ("scope", scope),
            ],
            (400, "invalid_grant", 50_076),
        ),
        (
            vec![
                ("grant_type", "password"),
                ("client_id", "strange"),
                ("username", USER),
                ("password", PASSWORD),
                ("scope", scope),
            ],
            (400, "invalid_grant", 65_001),
        ),
        (
            vec![
                ("grant_type", "password"),
                ("client_id", APPLICATION),
                ("username", USER),
                ("password", PASSWORD),
                ("scope", scope),
            ],
            (401, "invalid_client", 7_000_218),
        ),
    ] {
        let answer = ask_token(&environment, &form).await;
        assert_eq!(numbers(&answer), wanted, "{form:?}");
        let beginning = format!("AADSTS{}: ", wanted.2);
        assert!(answer.body["error_description"].as_str().unwrap().starts_with(&beginning), "{answer:?}");
    }
    let elsewhere = format!("{}/00000000-0000-0000-0000-000000000000/oauth2/v2.0/token", environment.authority_url());
    assert_eq!(numbers(&read(reqwest::Client::new().post(elsewhere)).await).2, 90_002);
}

#[tokio::test]
async fn a_person_gets_a_token_at_the_old_endpoint_and_can_refresh_it() {
    let environment = environment().await;
    let url = format!("{}/common/oauth2/token", environment.authority_url());
    let resource = environment.url();
    let form = [
        ("grant_type", "password"),
        ("client_id", PUBLIC_APPLICATION),
        ("username", USER),
        ("password", PASSWORD),
        ("resource", &resource),
    ];
    let token = read(reqwest::Client::new().post(&url).form(&form)).await;
    assert_eq!(
        (token.status, token.body["expires_in"].as_str(), token.body["resource"].as_str()),
        (200, Some("3599"), Some(resource.as_str()))
    );
    let refresh = token.body["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("client_id", PUBLIC_APPLICATION), ("refresh_token", refresh)];
    let again = read(reqwest::Client::new().post(&url).form(&form)).await;
    let who = format!("{resource}/api/data/v9.2/WhoAmI");
    let answer = read(reqwest::Client::new().get(who).bearer_auth(again.body["access_token"].as_str().unwrap())).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn an_assertion_signed_with_the_registered_certificate_is_as_good_as_a_secret() {
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let certificate = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap().self_signed(&key).unwrap();
    let mut options = options();
    let registered = Certificate { pem: certificate.pem(), x5t: "thumb".into() };
    options.applications[0].certificates.push(registered);
    let environment = Dataverse::start_with(options).await;
    let endpoint = format!("{}/{}/oauth2/v2.0/token", environment.authority_url(), environment.tenant());
    let scope = format!("{}/.default", environment.url());
    let sign = |x5t: &str, audience: &str, expires: i64| {
        let header = Header { x5t: Some(x5t.to_owned()), ..Header::new(Algorithm::RS256) };
        let claims = json!({"aud": audience, "iss": APPLICATION, "sub": APPLICATION, "jti": "1", "nbf": NOW, "exp": expires});
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_rsa_pem(key.serialize_pem().as_bytes()).unwrap()).unwrap()
    };
    for (jwt, wanted) in [
        (sign("thumb", &endpoint, NOW + 600), 0),
        (sign("other", &endpoint, NOW + 600), 700_027),
        (sign("thumb", "https://example.com", NOW + 600), 700_023),
        (sign("thumb", &endpoint, NOW - 600), 700_024),
        ("no token".to_owned(), 50_027),
    ] {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", APPLICATION),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &jwt),
            ("scope", &scope),
        ];
        assert_eq!(numbers(&ask_token(&environment, &form).await).2, wanted);
    }
}
