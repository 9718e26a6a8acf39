//! Who may come in.

use serde_json::Value;

use super::{Client, client, client_as, code, draft, gateway, gateway_with};
use crate::{
    Entra,
    desk::{Desk, Edit, Kind, Trouble},
    entra::{Claims, TENANT, TokenVersion},
    service_manager::gateway::{ADMINISTRATOR_SECRET, EntraTrust, Options},
};

#[tokio::test]
async fn a_stranger_learns_nothing_not_even_which_paths_there_are() {
    let gateway = gateway().await;
    for (secret, path) in [("wrong", "/v1/health"), ("wrong", "/v1/nothing"), ("", "/v1/incidents/IR1")] {
        let (status, headers, body) = Client::told(client_as(&gateway, secret).request("GET", path)).await;
        assert_eq!((status, code(&body), headers["www-authenticate"].to_str().unwrap()), (401, "unauthorized", "Bearer"));
    }
    let answer = reqwest::get(format!("{}/v1/health", gateway.url())).await.unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(client(&gateway).get("/v1/health").await.0, 200);
    assert!(gateway.strike(&Trouble::CredentialsRefused));
    assert_eq!(client(&gateway).get("/v1/health").await.0, 401);
    gateway.calm();
    assert_eq!(client(&gateway).get("/scsm/v1/health").await.0, 200, "what stands before /v1/ does not matter");
}

#[tokio::test]
async fn tokens_of_entra_are_checked_for_key_audience_application_and_time() {
    let entra = Entra::start_with(crate::clock::EmulatorClock::manual(super::NOW)).await;
    let keys: Value = {
        let url = format!("{}/{TENANT}/discovery/v2.0/keys", entra.url());
        serde_json::from_slice(&reqwest::get(url).await.unwrap().bytes().await.unwrap()).unwrap()
    };
    let audience = "api://scsm-gateway";
    let claims = |version| Claims { application: "connector-app".to_owned(), ..Claims::action_group(version, audience) };
    let trust = EntraTrust {
        keys,
        audience: audience.to_owned(),
        issuers: [TokenVersion::One, TokenVersion::Two].map(|version| version.issuer(TENANT)).to_vec(),
        applications: vec!["connector-app".to_owned()],
    };
    let gateway = gateway_with(Options { entra: Some(trust), ..Options::default() }).await;
    let status = async |token: String| {
        let request = reqwest::Client::new().get(format!("{}/v1/health", gateway.url())).bearer_auth(token);
        request.send().await.unwrap().status().as_u16()
    };
    let good = claims(TokenVersion::Two);
    assert_eq!(status(entra.mint(&good)).await, 200);
    assert_eq!(status(entra.mint(&claims(TokenVersion::One))).await, 200);
    assert_eq!(status(entra.mint_forged(&good)).await, 401);
    assert_eq!(status(entra.mint_unsigned(&good)).await, 401);
    assert_eq!(status(entra.mint(&Claims { audience: "api://other".to_owned(), ..good.clone() })).await, 401);
    assert_eq!(status(entra.mint(&Claims { application: "stranger".to_owned(), ..good.clone() })).await, 401);
    assert_eq!(status(entra.mint(&Claims { expires_in: -301, ..good.clone() })).await, 401);
    assert_eq!(status(entra.mint(&Claims { expires_in: -200, ..good.clone() })).await, 200, "leeway");
    assert_eq!(status(entra.mint(&Claims { begins_in: 400, ..good })).await, 401);
}

#[tokio::test]
async fn a_closed_incident_is_read_only_but_for_an_administrator() {
    let gateway = gateway().await;
    let client = client(&gateway);
    let id = client.incident("az-1-1").await;
    gateway.edit(Kind::Incident, &id, &Edit::Close);
    let path = format!("/v1/incidents/{id}");
    let (_, body) = client.get(&path).await;
    assert_eq!((&body["readOnly"], &body["status"]["name"]), (&true.into(), &"IncidentStatusEnum.Closed".into()));
    let comment = serde_json::json!({"comment": "late"});
    let (status, body) = client.send("PATCH", &path, &comment).await;
    assert_eq!((status, code(&body), &body["outcome"]), (409, "read_only", &"not_done".into()));
    let text = serde_json::json!({"text": "late"});
    assert_eq!(client.send("POST", &format!("{path}/comments"), &text).await.0, 409);
    let administrator = client_as(&gateway, ADMINISTRATOR_SECRET);
    assert_eq!(administrator.get(&path).await.1["readOnly"], false);
    assert_eq!(administrator.send("PATCH", &path, &comment).await.0, 200);
    assert_eq!(gateway.all(Kind::Incident)[0].notes, ["late"]);
}

#[tokio::test]
async fn neither_secrets_nor_headers_are_in_the_log() {
    let gateway = gateway().await;
    let client = client(&gateway);
    client.create("az-1-1", &draft("x")).await;
    let log = format!("{:?}", gateway.requests());
    assert!(log.contains("/v1/incidents") && !log.contains(super::SECRET), "{log}");
    assert_eq!(Desk::requests(&gateway), 1);
}
