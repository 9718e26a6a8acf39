//! Entra bearer tokens: each check fails alone, with its own words; keys rotate and the sign-in service may be away.

use std::time::Duration;

use emulators::clock::EmulatorClock;
use emulators::entra::{Claims, Entra, TokenVersion};
use serde_json::{Value, json};

use super::sign_in::{SignIn, TENANT, sign, sign_as, sign_confused};
use super::{Host, KEY, Setup, answer};

async fn host(sign_in: &SignIn) -> Host {
    let entra = json!({"tenant": TENANT, "audiences": ["our-app", "api://our-app"], "authority": sign_in.url});
    start(&entra).await
}

async fn start(entra: &Value) -> Host {
    Host::start(Setup { intake: json!({"entra": entra, "api_keys": ["$INTAKE_KEY"]}), ..Setup::default() }).await
}

/// Status and detail of a post with `token`. Nothing of the token is in the answer.
async fn post(host: &Host, token: &str) -> (u16, String) {
    let request = host.client.post(host.url("/api/alerts/snow/incident")).bearer_auth(token).body("{}");
    let (status, body) = answer(request).await;
    assert!(!body.to_string().contains("token-content"));
    (status, body["detail"].as_str().unwrap_or_default().to_owned())
}

fn with(claims: &Value, member: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(member);
    } else {
        claims[member] = value;
    }
    claims
}

#[tokio::test]
async fn tokens_of_both_versions_are_accepted_beside_keys() {
    let sign_in = SignIn::start().await;
    let host = host(&sign_in).await;
    let second = sign_in.claims();
    let mut first = with(&second, "azp", Value::Null);
    first["appid"] = json!("461E8683-5575-4561-AC7F-899CC907D62A");
    first["iss"] = json!(format!("https://sts.windows.net/{TENANT}/"));
    first["aud"] = json!(["else", "api://our-app"]);
    assert_eq!(post(&host, &sign(0, &second)).await.0, 202);
    assert_eq!(post(&host, &sign(0, &first)).await.0, 202);
    assert_eq!(answer(host.post("/api/alerts/snow/incident").body("{}")).await.0, 202);
    let wrong_key_good_token = host.post("/api/alerts/snow/incident").header("x-api-key", "x");
    assert_eq!(answer(wrong_key_good_token.body("{}")).await.0, 202);
    let token = sign(0, &second);
    let bad_key = host.client.post(host.url("/api/alerts/snow/incident?code=wrong")).bearer_auth(token);
    assert_eq!(answer(bad_key.body("{}")).await.0, 202);
    assert_eq!(sign_in.asked(), 1, "the keys are fetched once");
}

#[tokio::test]
async fn each_check_fails_alone_and_says_which_it_was() {
    let sign_in = SignIn::start().await;
    let host = host(&sign_in).await;
    let good = sign_in.claims();
    let noon = good["nbf"].as_i64().unwrap();
    for (member, value, status, detail) in [
        ("exp", json!(noon - 301), 401, "the token has expired"),
        ("exp", json!(noon - 299), 202, ""),
        ("exp", Value::Null, 401, "the bearer token is not a JSON Web Token of Entra"),
        ("nbf", json!(noon + 301), 401, "the token is not valid yet"),
        ("nbf", json!(noon + 299), 202, ""),
        ("iss", json!("https://sts.windows.net/other/"), 401, "the token is from another issuer"),
        ("iss", json!(format!("{}/{TENANT}/v2.0/x", sign_in.url)), 401, "the token is from another issuer"),
        ("aud", json!("their-app"), 401, "the token is for another audience"),
        ("aud", json!([]), 401, "the token is for another audience"),
        ("azp", json!("someone"), 403, "the calling application is not one of the accepted callers"),
        ("azp", Value::Null, 403, "the calling application is not one of the accepted callers"),
        ("roles", json!(["Reader"]), 403, "the calling application does not have the role that intake.entra.role names"),
        ("roles", Value::Null, 403, "the calling application does not have the role that intake.entra.role names"),
    ] {
        let claims = with(&good, member, value.clone());
        assert_eq!(post(&host, &sign(0, &claims)).await, (status, detail.to_owned()), "{member} = {value}");
    }
    assert_eq!(host.taken().len(), 2);
}

#[tokio::test]
async fn a_token_that_entra_did_not_sign_is_refused() {
    let sign_in = SignIn::start().await;
    let host = host(&sign_in).await;
    let good = sign_in.claims();
    let malformed = "the bearer token is not a JSON Web Token of Entra";
    let token = sign(0, &good);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let other = sign(0, &with(&good, "azp", json!("x")));
    let mixed = format!("{}.{signature}", other.rsplit_once('.').unwrap().0);
    for (token, detail) in [
        (sign_as(1, "key-0", &good), "the signature of the token is wrong"),
        (mixed, "the signature of the token is wrong"),
        (sign_confused(&good), "the token is not signed with RS256"),
        // {"alg":"none","kid":"key-0"}
        (format!("eyJhbGciOiJub25lIiwia2lkIjoia2V5LTAifQ.{}.", signed.split_once('.').unwrap().1), malformed),
        (format!("{signed}."), "the signature of the token is wrong"),
        ("x.y.z".to_owned(), malformed),
        ("text".to_owned(), malformed),
    ] {
        assert_eq!(post(&host, &token).await, (401, detail.to_owned()));
    }
    let none = host.client.post(host.url("/api/alerts/snow/incident")).body("{}");
    assert_eq!(answer(none).await.1["detail"], "neither a key nor a bearer token came");
    let key = host.client.post(host.url("/api/alerts/snow/incident")).header("x-api-key", format!("{KEY}x")).body("{}");
    assert_eq!(answer(key).await.0, 401);
    assert!(host.taken().is_empty());
}

#[tokio::test]
async fn a_new_signing_key_is_fetched_and_an_unknown_one_asks_at_most_once_in_30_seconds() {
    let sign_in = SignIn::start().await;
    let host = host(&sign_in).await;
    let claims = sign_in.claims();
    assert_eq!(post(&host, &sign(0, &claims)).await.0, 202);
    host.clock.advance(Duration::from_secs(31));
    sign_in.publish(&[0, 1]);
    assert_eq!(post(&host, &sign(1, &claims)).await.0, 202, "rotated");
    assert_eq!(sign_in.asked(), 2);
    for kid in ["a", "b", "c"] {
        host.clock.advance(Duration::from_secs(9));
        assert_eq!(post(&host, &sign_as(0, kid, &claims)).await, (401, "the tenant has no such signing key".to_owned()));
    }
    assert_eq!(sign_in.asked(), 2, "names made up by a caller do not reach Entra");
    host.clock.advance(Duration::from_secs(4));
    assert_eq!(post(&host, &sign_as(0, "d", &claims)).await.0, 401);
    assert_eq!(sign_in.asked(), 3);
}

#[tokio::test]
async fn a_key_that_entra_withdrew_is_refused_after_a_day_at_the_latest() {
    let sign_in = SignIn::start().await;
    let host = host(&sign_in).await;
    let lasting = with(&sign_in.claims(), "exp", json!(1_900_000_000));
    assert_eq!(post(&host, &sign(0, &lasting)).await.0, 202);
    sign_in.publish(&[1]);
    assert_eq!(post(&host, &sign(0, &lasting)).await.0, 202);
    host.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(post(&host, &sign(0, &lasting)).await, (401, "the tenant has no such signing key".to_owned()));
}

#[tokio::test]
async fn while_entra_is_away_known_keys_stay_good_and_unknown_ones_are_503() {
    let sign_in = SignIn::start().await;
    let host = host(&sign_in).await;
    let lasting = with(&sign_in.claims(), "exp", json!(1_900_000_000));
    sign_in.set_down(true);
    assert_eq!(post(&host, &sign(0, &lasting)).await.0, 503, "no key was ever fetched");
    assert_eq!(post(&host, &sign(0, &lasting)).await.0, 503);
    assert_eq!(sign_in.asked(), 1, "not asked again at once");
    sign_in.set_down(false);
    host.clock.advance(Duration::from_secs(6));
    assert_eq!(post(&host, &sign(0, &lasting)).await.0, 202);
    sign_in.set_down(true);
    host.clock.advance(Duration::from_secs(48 * 3600));
    assert_eq!(post(&host, &sign(0, &lasting)).await.0, 202, "stale, and still good");
    assert_eq!(post(&host, &sign(1, &lasting)).await.0, 503, "may be new");
}

#[tokio::test]
async fn many_first_tokens_at_once_make_one_fetch() {
    let sign_in = SignIn::start().await;
    let host = host(&sign_in).await;
    let token = sign(0, &sign_in.claims());
    let posts = (0..20).map(|_| host.client.post(host.url("/api/alerts/snow/incident")).bearer_auth(&token).body("{}").send());
    let posts = posts.map(tokio::spawn).collect::<Vec<_>>();
    for post in posts {
        assert_eq!(post.await.unwrap().unwrap().status(), 202);
    }
    assert_eq!(sign_in.asked(), 1);
}

#[tokio::test]
async fn what_an_action_group_sends_is_accepted_through_rotation_and_outage_and_forgeries_are_not() {
    let entra = Entra::start_with(EmulatorClock::manual(1_795_435_200)).await;
    let settings = json!({"tenant": emulators::entra::TENANT, "audiences": ["our-app"], "authority": entra.url()});
    let host = start(&settings).await;
    let [first, second] = [TokenVersion::One, TokenVersion::Two].map(|version| Claims::action_group(version, "our-app"));
    for claims in [&first, &second] {
        assert_eq!(post(&host, &entra.mint(claims)).await.0, 202);
    }
    let before = entra.mint(&second);
    entra.rotate();
    assert_eq!(post(&host, &entra.mint(&second)).await.0, 401, "a new key within 30 seconds of a fetch");
    host.clock.advance(Duration::from_secs(31));
    entra.advance(Duration::from_secs(31));
    assert_eq!(post(&host, &entra.mint(&second)).await.0, 202);
    assert_eq!(post(&host, &before).await.0, 202);
    entra.set_down(true);
    assert_eq!(post(&host, &entra.mint(&first)).await.0, 202);
    for forged in [entra.mint_forged(&second), entra.mint_unsigned(&second)] {
        assert_eq!(post(&host, &forged).await.0, 401);
    }
    let expired = Claims { expires_in: -301, ..second.clone() };
    assert_eq!(post(&host, &entra.mint(&expired)).await, (401, "the token has expired".to_owned()));
    let stranger = Claims { application: "someone".to_owned(), ..second.clone() };
    assert_eq!(post(&host, &entra.mint(&stranger)).await.0, 403);
    assert_eq!(entra.requests(), 2);
}
