//! A receiver's view: fetch the keys, verify the token.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::Value;

use super::{ACTION_GROUP_APPLICATION, Claims, Entra, TENANT, TokenVersion};

const AUDIENCE: &str = "api://itsm-connector";

async fn keys(entra: &Entra) -> JwkSet {
    let discovery: Value = reqwest::get(format!("{}/{TENANT}/v2.0/.well-known/openid-configuration", entra.url()))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(discovery["issuer"], TokenVersion::Two.issuer(TENANT));
    reqwest::get(discovery["jwks_uri"].as_str().unwrap()).await.unwrap().json().await.unwrap()
}

fn verify(keys: &JwkSet, token: &str) -> Option<Value> {
    let header = decode_header(token).ok()?;
    let key = DecodingKey::from_jwk(keys.find(&header.kid?)?).ok()?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[AUDIENCE]);
    decode::<Value>(token, &key, &validation).ok().map(|token| token.claims)
}

#[tokio::test]
async fn a_minted_token_verifies_with_the_published_keys() {
    let entra = Entra::start().await;
    let keys = keys(&entra).await;
    let one = verify(&keys, &entra.mint(&Claims::action_group(TokenVersion::One, AUDIENCE))).unwrap();
    assert_eq!(
        (one["iss"].as_str().unwrap(), one["appid"].as_str().unwrap()),
        (format!("https://sts.windows.net/{TENANT}/").as_str(), ACTION_GROUP_APPLICATION)
    );
    let two = verify(&keys, &entra.mint(&Claims::action_group(TokenVersion::Two, AUDIENCE))).unwrap();
    assert_eq!(
        (two["azp"].as_str().unwrap(), two["roles"][0].as_str().unwrap()),
        (ACTION_GROUP_APPLICATION, "ActionGroupsSecureWebhook")
    );
}

#[tokio::test]
async fn forged_and_expired_tokens_do_not_verify() {
    let entra = Entra::start().await;
    let keys = keys(&entra).await;
    let good = Claims::action_group(TokenVersion::Two, AUDIENCE);
    assert_eq!(verify(&keys, &entra.mint_forged(&good)), None);
    assert_eq!(verify(&keys, &entra.mint_unsigned(&good)), None);
    assert_eq!(verify(&keys, &entra.mint(&Claims { expires_in: -120, ..good })), None);
}

#[tokio::test]
async fn after_a_rotation_old_keys_do_not_know_the_new_token() {
    let entra = Entra::start().await;
    let old = keys(&entra).await;
    let claims = Claims::action_group(TokenVersion::Two, AUDIENCE);
    let before = entra.mint(&claims);
    entra.rotate();
    assert_eq!(verify(&old, &entra.mint(&claims)), None);
    let new = keys(&entra).await;
    assert!(verify(&new, &entra.mint(&claims)).is_some());
    assert!(verify(&new, &before).is_some(), "the key before is still published");
}

#[tokio::test]
async fn an_outage_answers_503_and_is_counted() {
    let entra = Entra::start().await;
    entra.set_down(true);
    let answer = reqwest::get(format!("{}/{TENANT}/discovery/v2.0/keys", entra.url())).await.unwrap();
    assert_eq!((answer.status().as_u16(), entra.requests()), (503, 1));
}
