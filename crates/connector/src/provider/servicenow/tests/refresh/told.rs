//! What a refresh keeps, finds and tells.

use super::*;

#[tokio::test]
async fn the_next_refresh_sees_what_was_edited_and_says_it_once() {
    let story = Refreshing::new("").await;
    let first = story.refresh().await;
    assert!(first.failure.is_none() && first.changes.is_empty() && first.age_seconds == Some(0));
    let template = story.stage.instance.records("sys_template").into_iter().find(|row| row["name"] == "Azure alert").unwrap();
    story.stage.instance.update("sys_template", &template["sys_id"], &[("template", "impact=1^EQ")]);
    story.stage.instance.insert("sys_template", &[("name", "New one"), ("table", "incident"), ("template", "impact=3^EQ")]);
    story.stage.instance.insert(
        "sys_choice",
        &[("name", "incident"), ("element", "category"), ("value", "cloud"), ("label", "Cloud"), ("sequence", "9")],
    );
    story.stage.advance(24 * 3600);
    let second = story.refresh().await;
    assert_eq!(
        second.changes,
        [
            "template of incident \"New one\" added",
            "template of incident \"Azure alert\" edited",
            "choice of incident.category cloud added"
        ]
    );
    assert_eq!(story.refresh().await.changes, Vec::<String>::new());
    assert_eq!(story.refresher.last("snow").await.unwrap().templates, second.configuration.unwrap().templates);
}

#[tokio::test]
async fn a_refresh_that_fails_says_why_in_the_old_words_and_keeps_the_last_copy() {
    let story = Refreshing::new("").await;
    let good = story.refresh().await.configuration.unwrap();
    story.told.taken();
    story.stage.advance(26 * 3600);
    story.stage.fault(Fault::new(Effect::Hibernating));
    let failed = story.refresh().await;
    let failure = failed.failure.unwrap();
    assert!(failure.cause.contains("hibernating") && failure.needs_a_person, "{failure:?}");
    assert_eq!((failed.configuration, failed.age_seconds), (Some(good), Some(26 * 3600)));
    let told = story.told.taken();
    assert_eq!(told.len(), 1, "{told:#?}");
    let entry = &told[0];
    assert_eq!(
        (entry.log_type, entry.operation, entry.correlation_id.as_str()),
        (LogType::Error, "refresh", failed.run_id.as_str())
    );
    assert_eq!(entry.message, "could not sync templates configuration for Event, Alert, Incident");
    for word in ["hibernating", "can't retrieve the template configuration", "as read 26 h ago"] {
        assert!(entry.cause.contains(word), "{entry:?}");
    }
    assert!(entry.remedy.contains("developer.servicenow.com"));

    // An outage passes by itself.
    story.stage.instance.faults().clear();
    story.stage.fault(Fault::new(status(503, "<html>maintenance</html>")));
    story.refresh().await;
    assert_eq!(story.told.taken()[0].log_type, LogType::Warning);

    // The end of it is told once.
    story.stage.instance.faults().clear();
    for expected in [vec![LogType::Info], vec![]] {
        assert!(story.refresh().await.failure.is_none());
        let mut told = story.told.taken();
        told.retain(|entry| entry.message == "the configuration could be read again");
        assert_eq!(told.iter().map(|entry| entry.log_type).collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn without_any_copy_a_refresh_that_fails_is_an_error() {
    let story = Refreshing::new("auth = { type = \"basic\", username = \"itsm\", password = \"$WRONG\" }").await;
    let failed = story.refresh().await;
    assert!(failed.configuration.is_none() && failed.age_seconds.is_none());
    let told = story.told.taken();
    assert_eq!(told[0].log_type, LogType::Error);
    assert!(told[0].cause.contains("no earlier copy") && !told[0].remedy.is_empty(), "{told:#?}");
    assert!(story.refresher.last("snow").await.is_none());
}

#[tokio::test]
async fn a_part_lost_between_refreshes_stays_in_use_as_it_was_read_last() {
    let story = Refreshing::new("incident = { template = \"Network trouble\" }").await;
    story.refresh().await;
    story.told.taken();
    for table in ["sys_choice", "sys_template"] {
        story.stage.fault(Fault::new(Effect::ReadDenied { table: table.to_owned(), field: None }));
    }
    story.stage.advance(26 * 3600);
    let second = story.refresh().await;
    assert!(second.failure.is_none() && second.findings.is_empty(), "{second:?}");
    let told = story.told.taken();
    for (message, role) in [
        ("can't retrieve the template configuration", "template_editor"),
        ("no values found for the following fields: impact, urgency, close_code", "personalize_choices"),
    ] {
        let entry = told.iter().find(|entry| entry.message == message).unwrap_or_else(|| panic!("no {message} in {told:#?}"));
        assert_eq!(entry.log_type, LogType::Warning);
        assert!(entry.cause.contains("as read 26 h ago") && entry.remedy.contains(role), "{entry:?}");
    }
    // Also after a further day, a further refresh and a restart.
    story.stage.advance(24 * 3600);
    story.refresh().await;
    let kept: Vec<Gap> = story.refresher.last("snow").await.unwrap().gaps;
    assert!(kept.iter().any(|gap| gap.part == "templates" && gap.kept_from.is_some()), "{kept:?}");
    let written = story.restarted().await.create(&templated()).await.unwrap();
    assert!(written.remarks.iter().any(|remark| remark.contains("as read 50 h ago")), "{:?}", written.remarks);
}

#[tokio::test]
async fn each_broken_reference_is_told_as_a_warning_with_its_key() {
    let more = "incident = { template = \"Network troubel\", fields = { category = \"netwerk\" } }";
    let story = Refreshing::new(more).await;
    let refreshed = story.refresh().await;
    let told = story.told.taken();
    assert_eq!(refreshed.findings.len(), 2, "{:?}", refreshed.findings);
    for (key, help) in
        [("connections.snow.incident.template", "Network trouble"), ("connections.snow.incident.fields.category", "network")]
    {
        let entry = told.iter().find(|entry| entry.cause.starts_with(&format!("{key}: "))).unwrap();
        assert!(entry.log_type == LogType::Warning && entry.remedy.contains(help), "{entry:?}");
    }
}

/// The failures that the old connector's documentation lists for its configuration, and what this one says of each.
#[tokio::test]
async fn each_known_failure_is_told_with_its_cause_and_a_remedy() {
    const OLD: &str = "could not sync templates configuration for Event, Alert, Incident";
    let acl = r#"{"error":{"message":"Operation Failed","detail":"ACL Exception Query Failed due to security constraints"},"status":"failure"}"#;
    let denied = |table: &str| Fault::new(Effect::ReadDenied { table: table.to_owned(), field: None });
    for (fault, message, cause, remedy) in [
        // Rights are missing (row 2): refused with words, or silently.
        (
            Fault::new(status(403, acl)).path("sys_template"),
            "can't retrieve the template configuration",
            "ACL Exception",
            "right",
        ),
        (denied("sys_template"), "can't retrieve the template configuration", "no template is visible", "template_editor"),
        (denied("sys_choice"), "no values found for the following fields: impact", "no choice is visible", "personalize_choices"),
        // Tokens and credentials (rows 5, 6, 11, 28).
        (Fault::new(Effect::Unauthorized), OLD, "User Not Authenticated", "user name"),
        (Fault::new(status(403, "<html><title>Forbidden</title></html>")), OLD, "IP address", "IP"),
        // The instance (rows 3, 4, 19).
        (Fault::new(Effect::RateLimit { retry_after: 60 }), OLD, "Rate limit exceeded", "rate limit"),
        (Fault::new(Effect::Hibernating), OLD, "hibernating", "developer.servicenow.com"),
        (Fault::new(Effect::LoginPage), OLD, "page", ""),
        (Fault::new(Effect::BrokenJson), OLD, "reading", ""),
        (Fault::new(status(503, "<html>maintenance</html>")), OLD, "503", ""),
    ] {
        let story = Refreshing::new("incident = { template = \"Azure alert\" }").await;
        story.stage.fault(fault.clone());
        story.refresh().await;
        let told = story.told.taken();
        let entry =
            told.iter().find(|entry| entry.message.starts_with(message)).unwrap_or_else(|| panic!("{fault:?}: {told:#?}"));
        assert!(entry.cause.contains(cause) && entry.remedy.contains(remedy), "{fault:?}: {entry:#?}");
        assert!(entry.log_type != LogType::Info && entry.operation == "refresh" && entry.connection == "snow");
    }
}

#[tokio::test]
async fn an_instance_without_english_is_read_in_its_own_languages_each_value_once() {
    let stage = Stage::new().await;
    for row in stage.instance.records("sys_choice") {
        stage.instance.update("sys_choice", &row["sys_id"], &[("language", "de")]);
        if row["name"] == "incident" && row["element"] == "category" {
            let french =
                [("name", "incident"), ("element", "category"), ("value", &row["value"]), ("label", "fr"), ("language", "fr")];
            stage.instance.insert("sys_choice", &french);
        }
    }
    let found = stage.provider.configuration(&[WorkItemType::Incident]).await.unwrap();
    let categories: Vec<&str> = found.choices["incident"]["category"].iter().map(|choice| choice.value.as_str()).collect();
    assert_eq!(categories, ["inquiry", "software", "hardware", "network", "database"]);
}

#[tokio::test]
async fn a_refresh_writes_nothing() {
    let story = Refreshing::new("").await;
    story.refresh().await;
    assert!(story.stage.instance.requests().iter().all(|request| request.method == "GET"));
}
