//! Who may come in, and what they may do.

use std::time::Duration;

use serde_json::json;

use super::{administrator, client, client_of, environment, options, read};
use crate::dataverse::{
    Dataverse, Privileges, User,
    options::{APPLICATION, STRANGER_APPLICATION},
};

#[tokio::test]
async fn without_a_good_token_the_answer_names_the_tenant() {
    let environment = environment().await;
    let url = format!("{}/api/data/v9.2/WhoAmI", environment.url());
    let challenge = format!(
        "Bearer authorization_uri={}/{}/oauth2/authorize, resource_id={}/",
        environment.authority_url(),
        environment.tenant(),
        environment.url()
    );
    for token in ["", "made-up"] {
        let answer = read(reqwest::Client::new().get(&url).bearer_auth(token)).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, challenge.as_str()));
    }
    let silent = Dataverse::start_with(crate::dataverse::Options { challenge: false, ..options() }).await;
    let answer = read(reqwest::Client::new().get(format!("{}/api/data/v9.2/WhoAmI", silent.url()))).await;
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, ""));
}

#[tokio::test]
async fn tokens_expire_and_can_be_revoked() {
    let environment = environment().await;
    let first = client(&environment).await;
    assert_eq!(first.get("WhoAmI").await.status, 200);
    environment.advance(Duration::from_secs(3600));
    assert_eq!(first.get("WhoAmI").await.status, 401);
    let second = client(&environment).await;
    assert_eq!(second.get("WhoAmI").await.status, 200);
    environment.forget_tokens();
    assert_eq!(second.get("WhoAmI").await.status, 401);
    assert_eq!(client(&environment).await.get("WhoAmI").await.status, 200);
}

#[tokio::test]
async fn an_application_that_is_no_user_is_not_a_member() {
    let environment = environment().await;
    let answer = client_of(&environment, STRANGER_APPLICATION).await.get("WhoAmI").await;
    assert_eq!(answer.error(), (403, "0x80072560", "The user is not a member of the organization."));
}

#[tokio::test]
async fn a_disabled_user_is_refused() {
    let mut options = options();
    options.users = vec![User { disabled: true, ..User::application("Off", APPLICATION, Privileges::Administrator) }];
    let environment = Dataverse::start_with(options).await;
    let answer = client(&environment).await.get("WhoAmI").await;
    assert_eq!((answer.error().0, answer.error().1), (403, "0x80040225"));
}

#[tokio::test]
async fn a_missing_privilege_is_named() {
    let environment = environment().await;
    let client = client(&environment).await;
    let id = client.create("x").await;
    let answer = client.send("DELETE", &format!("incidents({id})"), json!({})).await;
    assert_eq!((answer.error().0, answer.error().1), (403, "0x80040220"));
    assert!(answer.error().2.contains("is missing prvDeleteIncident privilege"), "{answer:?}");
    environment.set_privileges(APPLICATION, &Privileges::Only(vec!["prvReadUser".into()]));
    let answer = client.get("incidents").await;
    assert!(answer.error().2.contains("is missing prvReadIncident privilege"), "{answer:?}");
    assert_eq!(client.get("systemusers").await.status, 200);
    assert_eq!(client.get("WhoAmI").await.status, 200);
}

#[tokio::test]
async fn whoami_says_who_is_asking() {
    let environment = environment().await;
    let client = client(&environment).await;
    let me = client.get("WhoAmI").await;
    let user = client.get(&format!("systemusers({})?$select=fullname", me.body["UserId"].as_str().unwrap())).await;
    assert_eq!(user.body["fullname"], "# Azure ITSM Connector");
    assert_eq!(me.header("odata-version"), "4.0");
    let other = administrator(&environment).await.get("WhoAmI").await;
    assert_ne!(me.body["UserId"], other.body["UserId"]);
    assert_eq!(me.body["OrganizationId"], other.body["OrganizationId"]);
}
