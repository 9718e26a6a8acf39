use clap::{CommandFactory, Parser};

use super::values::{Since, Target};
use super::{Cli, Command, DeliveriesAction};

fn parse(arguments: &str) -> Result<Command, clap::Error> {
    Cli::try_parse_from(std::iter::once("itsm-connector").chain(arguments.split_whitespace())).map(|cli| cli.command)
}

#[test]
fn the_definition_of_the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn wrong_usage_ends_with_2() {
    let wrong = [
        "",
        "sned alert.json --to snow",
        "send alert.json",
        "send alert.json --to snow --field priority",
        "send alert.json --to snow/incident/more",
        "send alert.json --to snow --per host",
        "create snow",
        "create snow --title t --one-per-row",
        "deliveries show 17",
        "deliveries redrive",
        "deliveries redrive --connection snow 01234567-89ab-7def-8123-456789abcdef",
        "local --listen 7071",
        "sync --days 0",
        "sync --days 121",
        "sync snow other",
        "refresh --days 3",
        "records",
        "records query --kind event",
        "records query --since yesterday",
        "records query --limit 0",
        "schema columns",
    ];
    for arguments in wrong {
        assert_eq!(parse(arguments).unwrap_err().exit_code(), 2, "{arguments}");
    }
}

#[test]
fn a_target_is_a_name_with_or_without_a_work_item_type() {
    let target = |text: &str| text.parse::<Target>().map(|target| (target.name, target.kind));
    assert_eq!(target("snow"), Ok(("snow".to_owned(), None)));
    assert_eq!(target("snow/event"), Ok(("snow".to_owned(), Some("event".to_owned()))));
    for bad in ["", "/incident", "snow/", "../status", "snow?code=k"] {
        assert!(target(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_field_keeps_every_equals_sign_after_the_first() {
    let Ok(Command::Send(send)) = parse("send - --to snow --field u_query=a=b") else { panic!("not a send") };
    assert_eq!((send.choices.fields[0].name.as_str(), send.choices.fields[0].value.as_str()), ("u_query", "a=b"));
}

#[test]
fn the_data_directory_may_stand_after_the_action() {
    let Ok(Command::Deliveries(deliveries)) = parse("deliveries list --data /var/lib/itsm --json --status dead-letter") else {
        panic!("not deliveries")
    };
    assert_eq!(deliveries.place.data.to_str(), Some("/var/lib/itsm"));
    assert!(deliveries.json);
    assert!(matches!(deliveries.action, DeliveriesAction::List { limit: 50, .. }));
}

#[test]
fn since_is_a_length_of_time_a_day_or_an_instant() {
    let now = "2026-03-10T12:00:00Z".parse().unwrap();
    let since = |text: &str| text.parse::<Since>().map(|since| since.instant(now).to_string());
    assert_eq!(since("7d").as_deref(), Ok("2026-03-03T12:00:00Z"));
    assert_eq!(since("90m").as_deref(), Ok("2026-03-10T10:30:00Z"));
    assert_eq!(since("2026-03-02").as_deref(), Ok("2026-03-02T00:00:00Z"));
    assert_eq!(since("2026-03-02T04:30:00+02:00").as_deref(), Ok("2026-03-02T02:30:00Z"));
    for bad in ["", "tomorrow", "7 moons", "2026-13-02"] {
        assert!(since(bad).unwrap_err().contains("2026-03-02T04:30:00Z"), "{bad}");
    }
}

#[test]
fn a_value_of_another_form_is_told_how_to_be_written() {
    for (arguments, example) in [
        ("local --listen localhost:7071", "for example 127.0.0.1:7071"),
        ("demo --listen :0", "for example 127.0.0.1:7071"),
        ("send alert.json --to snow --url 127.0.0.1:7071", "for example http://127.0.0.1:7071"),
        ("create snow --title x --url localhost:7071", "for example http://127.0.0.1:7071"),
        ("deliveries show 17", "`itsm-connector deliveries list`"),
        ("deliveries drop 17", "`itsm-connector deliveries list`"),
        ("deliveries redrive 17", "`itsm-connector deliveries list`"),
    ] {
        let told = parse(arguments).unwrap_err().to_string();
        assert!(told.contains(example), "{arguments}: {told}");
    }
}
