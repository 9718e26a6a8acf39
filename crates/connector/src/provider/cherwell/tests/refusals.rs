//! Each refusal names the thing and the remedy.

use emulators::cherwell::User;

use super::*;

#[tokio::test]
async fn a_required_field_that_nothing_fills_is_named() {
    let stage = Stage::own("[cherwell.defaults]\nService = \"Server Management\"\nCategory = \"Server\"\n").await;
    let (cause, remedy) = refused(stage.provider.create(&draft()).await.unwrap_err());
    assert_eq!(cause, "creating incident: not saved: Subcategory is required [Subcategory]");
    assert!(remedy.contains("incident.fields") && remedy.contains("cherwell.defaults"), "{remedy}");
    // Whatever the status of the answer.
    let options = Options { validation_status: 500, ..Options::default() };
    let stage = Stage::with(options, "incident = { fields = { Category = \"Cloud\" } }", "").await;
    let fields = map([("Category", "Cloud")]);
    let (cause, _) = refused(stage.provider.create(&Draft { fields, ..draft() }).await.unwrap_err());
    assert!(cause.contains("Category: value 'Cloud' is not valid [Category]"), "{cause}");
    assert!(stage.incidents().is_empty());
}

#[tokio::test]
async fn a_customer_that_is_not_there_or_there_twice_is_named() {
    let stage = Stage::own("customer = \"Nobody\"\n").await;
    let (cause, remedy) = refused(stage.provider.create(&draft()).await.unwrap_err());
    assert!(
        cause.contains("no Customer whose FullName is \"Nobody\"") && remedy.contains("cherwell.customer"),
        "{cause}: {remedy}"
    );
    let stage = Stage::own("customer = \"Twin\"\n").await;
    for _ in 0..2 {
        stage.server.insert("Customer", &[("FullName", "Twin")]);
    }
    let (cause, remedy) = refused(stage.provider.create(&draft()).await.unwrap_err());
    assert!(cause.contains("2 records") && remedy.contains("RecID"), "{cause}: {remedy}");
    // By id it is there; and once it was made, it is found without a restart.
    let id = stage.server.insert("Customer", &[("FullName", "Third")]);
    Stage::own(&format!("customer = \"{id}\"\n")).await;
    let stage = Stage::own("customer = \"Late\"\n").await;
    refused(stage.provider.create(&draft()).await.unwrap_err());
    stage.server.insert("Customer", &[("FullName", "Late")]);
    stage.created().await;
}

#[tokio::test]
async fn rights_are_named_by_the_object_and_the_call() {
    let users = vec![User::new("itsm", "p", "Reader", &[("Incident", "v"), ("Customer", "v")])];
    let stage = Stage::with(Options { users, ..Options::default() }, "", "").await;
    let (cause, remedy) = refused(stage.provider.create(&draft()).await.unwrap_err());
    assert!(cause.contains("creating incident") && cause.contains("INSUFFICIENTRIGHTS"), "{cause}");
    assert!(remedy.contains("security group") && remedy.contains("creating incident"), "{remedy}");
}

#[tokio::test]
async fn an_object_that_is_called_otherwise_is_named_with_its_setting() {
    let stage = Stage::own("incident_object = \"Ticket\"\n").await;
    let (cause, remedy) = refused(stage.provider.create(&draft()).await.unwrap_err());
    assert!(cause.contains("no business object \"Ticket\"") && remedy.contains("cherwell.incident_object"), "{cause}: {remedy}");
}

#[tokio::test]
async fn an_error_inside_a_success_is_not_believed() {
    let stage = Stage::new().await;
    stage.fault("savebusinessobject", Effect::HasError { code: "BUSY".to_owned(), message: "The record is locked".to_owned() });
    let (cause, _) = refused(stage.provider.create(&draft()).await.unwrap_err());
    assert_eq!(cause, "creating incident: The record is locked (BUSY)");
    stage.fault("getsearchresults", Effect::HasError { code: String::new(), message: "odd".to_owned() });
    let error = stage.provider.find(WorkItemType::Incident, &draft().key).await.unwrap_err();
    assert!(matches!(error, ProviderError::Retry { .. }), "{error:?}");
    // A save that only says that all is well has saved nothing that is known.
    let good = r#"{"busObRecId":null,"cacheKey":"k","hasError":false,"errorCode":null,"httpStatusCode":"OK"}"#;
    stage.fault("savebusinessobject", Effect::Status { code: 200, body: good.to_owned() });
    let error = stage.provider.create(&draft()).await.unwrap_err();
    assert!(matches!(error, ProviderError::Ambiguous { .. }), "{error:?}");
}

#[tokio::test]
async fn a_record_that_is_gone_is_nothing_though_its_status_is_500() {
    let stage = Stage::new().await;
    assert_eq!(stage.provider.read(WorkItemType::Incident, "94ffffffffffffffffffffffffffffffff").await.unwrap(), None);
}

#[tokio::test]
async fn no_message_holds_a_secret_or_a_query() {
    let stage = Stage::new().await;
    for effect in [
        Effect::DropBefore,
        Effect::Unavailable,
        Effect::LoginPage,
        Effect::Unauthorized,
        Effect::Status { code: 418, body: "{}".to_owned() },
    ] {
        stage.fault("savebusinessobject", effect.clone());
        let told = match stage.provider.create(&draft()).await {
            Ok(_) => continue,
            Err(error) => format!("{error:?}"),
        };
        assert!(!told.contains("locale=") && !told.contains("Bearer") && !told.contains("127.0.0.1:"), "{effect:?}: {told}");
    }
}
