use emulators::dataverse::Description;

use super::*;
use crate::provider::product::Proposal;

async fn proposed(options: Options) -> Proposal {
    let stage = Stage::with(options, CUSTOMER).await;
    let connection = settings(&stage.tool.url(), CUSTOMER);
    let surroundings = Surroundings { secrets: Arc::new(secrets()), clock: Arc::clone(&stage.clock) as Arc<dyn Clock> };
    let explorer = connection.product.explorer("prov", &connection, &surroundings).unwrap().unwrap();
    explorer.propose().await.unwrap()
}

#[tokio::test]
async fn a_solution_with_any_prefix_is_found_and_its_tables_matched_by_label() {
    let proposal = proposed(Options { itsm: Some("pvx".to_owned()), ..options() }).await;
    assert!(proposal.finding.contains("Provance ITSM 9.2.2.0 (prefix pvx)"), "{}", proposal.finding);
    insta::assert_snapshot!(proposal.toml);
}

#[tokio::test]
async fn without_a_solution_the_stock_table_is_proposed_with_a_doubt() {
    let proposal = proposed(options()).await;
    assert!(proposal.doubts.len() == 1 && proposal.doubts[0].contains("stock table"), "{:?}", proposal.doubts);
    assert!(proposal.toml.contains("entity_set = \"incidents\""));
}

#[tokio::test]
async fn other_labels_are_guessed_as_far_as_can_be_and_doubted_aloud() {
    let strange = r#"
        [solution]
        unique_name = "ProvanceOther"
        friendly_name = "Service management"
        version = "1.0"
        publisher = "provance"
        publisher_name = "P"
        prefix = "zz"
        [[tables]]
        logical_name = "zz_ticket"
        label = "Ticket"
        primary_name = "zz_name"
        custom = true
        states = [{ value = 0, label = "Active", statuses = [{ value = 1, label = "Begun" }] }, { value = 1, label = "Inactive", statuses = [{ value = 2, label = "Over" }] }]
        columns = [
          { name = "zz_name", label = "Name" },
          { name = "zz_impact", label = "Impact", type = "choice", options = [{ value = 5, label = "Site" }, { value = 6, label = "Person" }] },
          { name = "zz_site", label = "Site", type = "lookup", targets = ["account"], required = "application" },
        ]
    "#;
    let proposal = proposed(Options { descriptions: vec![Description::from_toml(strange).unwrap()], ..options() }).await;
    assert!(
        proposal.toml.contains("logical_name = \"zz_ticket\"") && proposal.toml.contains("number = \"zz_name\""),
        "{}",
        proposal.toml
    );
    let doubts = proposal.doubts.join("\n");
    for named in ["number", "zz_impact", "zz_site", "resolved"] {
        assert!(doubts.contains(named), "{named}: {doubts}");
    }
}
