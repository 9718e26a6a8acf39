use super::*;

#[tokio::test]
async fn an_incident_is_made_by_service_managers_own_names_and_carries_our_key() {
    let stage = Stage::new().await;
    let written = stage.created().await;
    let incident = stage.incident();
    assert_eq!((incident.key.as_str(), &incident.id), (key(1).to_string().as_str(), &written.item.id));
    assert_eq!(incident.title, "CPU over 90% on web01");
    for (field, value) in [
        ("Impact", "System.WorkItem.TroubleTicket.ImpactEnum.Medium"),
        ("Urgency", "System.WorkItem.TroubleTicket.UrgencyEnum.Medium"),
        ("Source", "IncidentSourceEnum.System"),
    ] {
        assert_eq!(incident.fields[field], value);
        assert_eq!(written.item.values[field], value);
    }
    assert_eq!((written.item.key.clone(), written.item.state.as_str()), (key(1), "Active"));
    assert_eq!((written.dropped, written.remarks), (Vec::new(), Vec::<String>::new()));
}

#[tokio::test]
async fn texts_are_cut_to_what_a_property_holds_and_values_may_be_given_in_any_way() {
    let stage = Stage::new().await;
    let mut long =
        with_fields([("TierQueue", "Tier 2"), ("Classification", "Networking"), ("Escalated", "true"), ("Impact", "HIGH")]);
    (long.title, long.description) = ("é".repeat(300), "x\n".repeat(4000));
    let written = stage.provider.create(&long).await.unwrap();
    assert_eq!(written.dropped, []);
    let incident = stage.incident();
    assert_eq!(incident.title.chars().count(), 200);
    assert_eq!(incident.description.chars().count(), 4000);
    assert_eq!(incident.fields["TierQueue"], "IncidentTierQueuesEnum.Tier2");
    assert_eq!(incident.fields["Escalated"], "true");
    assert_eq!(incident.fields["Impact"], "System.WorkItem.TroubleTicket.ImpactEnum.High");
}

#[tokio::test]
async fn what_does_not_fit_is_left_out_and_told_and_the_incident_is_made() {
    let stage = Stage::new().await;
    let odd = with_fields([
        ("Impact", "Huge"),
        ("Nonsense", "x"),
        ("Priority", "1"),
        ("Classification", "Nothing"),
        ("ContactMethod", "x"),
    ]);
    let written = stage.provider.create(&odd).await.unwrap();
    let incident = stage.incident();
    assert_eq!(incident.fields["Impact"], "System.WorkItem.TroubleTicket.ImpactEnum.Medium", "the default in place of it");
    assert_eq!(incident.key, key(1).to_string(), "a mapping cannot take the key away");
    let told: Vec<_> = written.dropped.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(told, ["Classification", "Impact", "Nonsense", "Priority"], "{:#?}", written.dropped);
    assert!(written.dropped.iter().all(|(_, why)| why.contains("(invalid_")), "{:#?}", written.dropped);
    assert!(!written.sent.contains_key("Nonsense"));
}

#[tokio::test]
async fn resolving_sets_state_category_description_and_note_and_reopening_takes_it_back() {
    let stage = Stage::new().await;
    let written = stage.created().await;
    stage.advance(60);
    let resolved = stage.provider.update(&written.item, &resolving()).await.unwrap();
    assert_eq!(resolved.item.phase, crate::work_item::Phase::Resolved);
    assert!(resolved.item.resolved_at.is_some());
    let incident = stage.incident();
    assert_eq!(incident.fields["ResolutionCategory"], "IncidentResolutionCategoryEnum.AutoResolved");
    assert!(incident.fields["ResolutionDescription"].contains("the condition is over"));
    assert_eq!(incident.notes, ["It is over.\n[marker 7]"]);
    let reopened = Change { transition: Some(Transition::Reopen), ..noting() };
    let reopened = stage.provider.update(&resolved.item, &reopened).await.unwrap();
    assert_eq!((reopened.item.phase, reopened.item.resolved_at), (crate::work_item::Phase::Open, None));
    assert_eq!(stage.incident().fields["ResolutionCategory"], "");
    assert_eq!(stage.provider.has_note(&reopened.item, "[marker 8]").await, Ok(Some(true)));
    assert_eq!(stage.provider.has_note(&reopened.item, "[marker 9]").await, Ok(Some(false)));
}

#[tokio::test]
async fn the_close_code_of_the_policy_is_known_by_name_or_label_and_a_wrong_one_is_told() {
    for (code, category, remarks) in
        [("user error", "UserError", 0), ("FixedByAnalyst", "FixedByAnalyst", 0), ("Done", "AutoResolved", 1)]
    {
        let stage = Stage::with(Options::default(), &format!("policy = {{ close_code = \"{code}\" }}")).await;
        let written = stage.created().await;
        let resolved = stage.provider.update(&written.item, &resolving()).await.unwrap();
        assert_eq!(stage.incident().fields["ResolutionCategory"], format!("IncidentResolutionCategoryEnum.{category}"));
        assert_eq!(resolved.remarks.len(), remarks, "{:?}", resolved.remarks);
    }
}

#[tokio::test]
async fn a_change_over_somebody_elses_is_not_made() {
    let stage = Stage::new().await;
    let written = stage.created().await;
    stage.once(Effect::WorkflowTouch, "update ");
    let late = stage.provider.update(&written.item, &resolving()).await.unwrap_err();
    assert!(matches!(late, ProviderError::Retry { .. }), "{late:?}");
    assert_eq!(stage.incident().phase, Phase::Open);
    // A comment overwrites nothing, so that nothing can be in its way.
    stage.once(Effect::WorkflowTouch, "update ");
    stage.provider.update(&written.item, &noting()).await.unwrap();
    let again = stage.provider.read(KIND, &written.item.id).await.unwrap().unwrap();
    stage.provider.update(&again, &resolving()).await.unwrap();
    assert_eq!(stage.incident().phase, Phase::Resolved);
}

#[tokio::test]
async fn one_that_a_person_closes_meanwhile_is_not_touched_whoever_the_gateway_is() {
    for auth in ["SECRET", "ADMIN"] {
        let auth = format!("auth = {{ type = \"shared_secret\", secret = \"${auth}\" }}");
        let stage = Stage::with(Options::default(), &auth).await;
        let written = stage.created().await;
        stage.tool.edit(Kind::Incident, &written.item.id, &Edit::Close);
        let before = stage.incident();
        let late = stage.provider.update(&written.item, &resolving()).await.unwrap_err();
        assert!(matches!(late, ProviderError::Retry { .. }), "{late:?}");
        assert_eq!(stage.incident(), before);
        let read = stage.provider.read(KIND, &written.item.id).await.unwrap().unwrap();
        assert_eq!(read.phase, crate::work_item::Phase::Closed);
    }
}

#[tokio::test]
async fn the_highest_generation_is_found_and_others_keys_are_not_ours() {
    let stage = Stage::new().await;
    for generation in [1, 2, 10] {
        stage.provider.create(&Draft { key: key(generation), ..draft() }).await.unwrap();
    }
    assert_eq!(stage.provider.newest(KIND, CORRELATION).await.unwrap().unwrap().key, key(10));
    assert_eq!(stage.provider.find(KIND, &key(2)).await.unwrap().unwrap().key, key(2));
    assert_eq!(stage.provider.find(KIND, &key(3)).await.unwrap(), None);
    assert_eq!(stage.provider.newest(KIND, &"f".repeat(32)).await.unwrap(), None);
    assert_eq!(stage.provider.find(WorkItemType::Alert, &key(2)).await.unwrap(), None);
    let stranger = stage.tool.file(Kind::Incident, "somebody else's");
    let read = stage.provider.read(KIND, &stranger).await.unwrap().unwrap();
    assert_eq!(read.key.correlation, "");
    assert_eq!(stage.provider.read(KIND, "IR999999").await.unwrap(), None);
}

#[tokio::test]
async fn a_remembered_answer_about_a_deleted_incident_is_not_believed() {
    let stage = Stage::new().await;
    let first = stage.created().await;
    stage.tool.remove(Kind::Incident, &first.item.id);
    let second = stage.created().await;
    assert_ne!(first.item.id, second.item.id);
    assert_eq!(stage.incident().id, second.item.id);
}

#[tokio::test]
async fn the_computer_that_was_chosen_is_linked_even_if_another_has_its_name() {
    let stage = Stage::new().await;
    let ids = [stage.tool.add_computer("app07.contoso.com"), stage.tool.add_computer("app07.contoso.com")];
    let item = ConfigurationItem { id: ids[1].clone(), name: "app07.contoso.com".to_owned(), class: String::new() };
    let written = stage.provider.create(&Draft { configuration_item: Some(item.clone()), ..draft() }).await.unwrap();
    assert_eq!((written.remarks, stage.incident().computers), (Vec::new(), vec!["app07.contoso.com".to_owned()]));
    // That it cannot be linked costs a remark and no incident.
    let other = Stage::new().await;
    other.once(Effect::LinksFail, "create ");
    let written = other.provider.create(&Draft { configuration_item: Some(item), ..draft() }).await.unwrap();
    assert!(written.remarks[0].contains("app07.contoso.com was not linked"), "{:?}", written.remarks);
    other.incident();
}

#[tokio::test]
async fn a_template_fills_what_nothing_else_fills_and_may_be_missing() {
    let stage = Stage::new().await;
    let template = |name: &str, generation| Draft { template: Some(name.to_owned()), key: key(generation), ..draft() };
    for (generation, name) in [(1, "networking issue incident template"), (2, "NetworkingIssueIncidentTemplate")] {
        let written = stage.provider.create(&template(name, generation)).await.unwrap();
        assert_eq!(written.remarks, Vec::<String>::new());
        assert_eq!(written.item.values["Classification"], "IncidentClassificationEnum.Networking");
        assert_eq!(written.item.values["Title"], "CPU over 90% on web01");
    }
    let written = stage.provider.create(&template("Nobody made this", 3)).await.unwrap();
    assert!(written.remarks[0].contains("Nobody made this"), "{:?}", written.remarks);
    // Impact and urgency can be left to a template; one that is not there leaves the defaults.
    let left = with_fields([("Impact", ""), ("Urgency", "")]);
    let written = stage.provider.create(&Draft { key: key(4), ..left }).await.unwrap();
    assert_eq!(written.item.values["Impact"], "System.WorkItem.TroubleTicket.ImpactEnum.Medium");
    assert_eq!(written.remarks.len(), 2, "{:?}", written.remarks);
}

#[tokio::test]
async fn a_transition_that_does_not_arrive_where_the_settings_say_is_told() {
    let stage = Stage::with(Options::default(), "service_manager = { resolved_states = [\"IncidentStatusEnum.Own\"] }").await;
    let written = stage.created().await;
    let resolved = stage.provider.update(&written.item, &resolving()).await.unwrap();
    assert!(resolved.remarks.iter().any(|remark| remark.contains("check resolved_states")), "{:?}", resolved.remarks);
}
