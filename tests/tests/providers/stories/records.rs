use connector::store::RecordTable;
use emulators::desk::{Edit, Kind, Seen, Trouble};
use serde_json::Value;

use crate::stage::{Stage, text};
use crate::subject::Subject;

const SMALL_PAGES: &str = "sync = { page_size = 10 }";

/// Files incidents and change requests, minutes apart.
fn fill(stage: &Stage, incidents: usize, changes: usize) {
    for index in 0..incidents {
        stage.tool.file(Kind::Incident, &format!("incident {index}"));
        // Some in the same instant as the one before.
        if index % 3 != 0 {
            stage.advance(std::time::Duration::from_secs(37));
        }
    }
    for index in 0..changes {
        stage.tool.file(Kind::ChangeRequest, &format!("change {index}"));
        stage.advance(std::time::Duration::from_secs(61));
    }
}

/// The newest row of each record that is there says what the tool says, and no row speaks of a record that never was.
async fn assert_exact(stage: &Stage) {
    for (kind, name, state) in
        [(Kind::Incident, "Incident", "IncidentState_s"), (Kind::ChangeRequest, "ChangeRequest", "CRState_s")]
    {
        let newest = stage.newest(name).await;
        let all = stage.tool.all(kind);
        assert!(!all.is_empty());
        for seen in all {
            let row = newest.get(&seen.number).unwrap_or_else(|| panic!("{} is missing", seen.number));
            assert_eq!((text(row, "Title_s"), text(row, state)), (seen.title.clone(), seen.state.clone()), "{}", seen.number);
            assert_eq!(text(row, "RecordState_s"), "Present", "{}", seen.number);
        }
    }
}

/// What came of pressing the Sync button.
async fn sync(stage: &Stage) {
    let answer = stage.sync_now().await;
    assert!(answer["sync"].as_array().is_none_or(|all| all.iter().all(|one| one["cause"] == "")), "{answer:#}");
}

pub(super) async fn churn(subject: &'static Subject) {
    let stage = Stage::with(subject, SMALL_PAGES).await;
    fill(&stage, 35, 12);
    stage.minutes(10);
    sync(&stage).await;
    assert_exact(&stage).await;
    let all = stage.tool.all(Kind::Incident);
    for (index, incident) in all.iter().enumerate() {
        match index % 7 {
            0 => stage.edit(incident, Edit::Title(format!("incident {index}, looked at"))),
            1 => stage.edit(incident, Edit::Resolve),
            2 => stage.edit(incident, Edit::Assign(subject.words.person.to_owned())),
            3 if index > 20 => stage.tool.remove(Kind::Incident, &incident.id),
            _ => {}
        }
        if index % 2 == 0 {
            stage.advance(std::time::Duration::from_secs(13));
        }
    }
    // While it is being read, records change and come.
    let edited = &all[4];
    let changes = stage.tool.all(Kind::ChangeRequest);
    let during = async {
        for round in 0..20 {
            stage.edit(edited, Edit::Title(format!("changed while read, {round}")));
            stage.tool.edit(Kind::ChangeRequest, &changes[round % 12].id, &Edit::Title(format!("change in round {round}")));
            stage.tool.file(Kind::Incident, &format!("filed while read, {round}"));
            stage.quiet().await;
        }
    };
    tokio::join!(sync(&stage), during);
    stage.minutes(10);
    sync(&stage).await;
    assert_exact(&stage).await;
    // Nothing changed: nothing is written again.
    let before = stage.newest("Incident").await;
    stage.minutes(10);
    sync(&stage).await;
    assert_eq!(stage.newest("Incident").await, before);
}

pub(super) async fn half_page(subject: &'static Subject) {
    let stage = Stage::with(subject, SMALL_PAGES).await;
    fill(&stage, 35, 3);
    stage.minutes(10);
    stage.strike(Trouble::HalfPage);
    stage.sync_now().await;
    stage.minutes(10);
    sync(&stage).await;
    assert_exact(&stage).await;
}

pub(super) async fn outage(subject: &'static Subject) {
    let stage = Stage::with(subject, SMALL_PAGES).await;
    fill(&stage, 25, 5);
    stage.minutes(10);
    sync(&stage).await;
    let incident = stage.tool.all(Kind::Incident).remove(3);
    stage.edit(&incident, Edit::Title("changed before the outage".to_owned()));
    stage.strike(Trouble::Down);
    let failed = stage.sync_now().await;
    assert!(failed.to_string().contains("remedy"), "{failed:#}");
    let before = stage.newest("Incident").await;
    assert_ne!(text(&before[&incident.number], "Title_s"), "changed before the outage");
    let stage = stage.restarted().await;
    stage.minutes(120);
    stage.tool.calm();
    sync(&stage).await;
    assert_exact(&stage).await;
}

/// Deleted in the tool, and told by it: one row more, which says so.
pub(super) async fn deleted(subject: &'static Subject) {
    let stage = Stage::with(subject, SMALL_PAGES).await;
    fill(&stage, 14, 3);
    stage.minutes(10);
    sync(&stage).await;
    let all = stage.tool.all(Kind::Incident);
    // Several runs, the last two in the same instant.
    let mut gone = Vec::new();
    for (incident, minutes) in [(&all[2], 10), (&all[9], 10), (&all[11], 0)] {
        stage.minutes(minutes);
        stage.tool.remove(Kind::Incident, &incident.id);
        gone.push(incident.number.clone());
        sync(&stage).await;
        assert_eq!(deletions(&stage, &all).await, gone);
    }
    // Told once, and nothing is told of those that stayed.
    stage.minutes(10);
    sync(&stage).await;
    assert_eq!(deletions(&stage, &all).await, gone);
    assert_exact(&stage).await;
}

/// Numbers of the incidents of which a row says that they were deleted, in the order of the rows. Some tools tell no more than an id.
async fn deletions(stage: &Stage, all: &[Seen]) -> Vec<String> {
    let mut rows = stage.rows(RecordTable::ServiceDesk).await;
    rows.retain(|row| text(row, "RecordState_s") == "Deleted");
    rows.sort_by_key(|row| text(row, "TimeGenerated"));
    let of = |row: &Value| {
        let (id, number) = (text(row, "SourceId_s"), text(row, "ServiceDeskId_s"));
        all.iter().find(|seen| seen.id == id || seen.number == number).map_or(id, |seen| seen.number.clone())
    };
    rows.iter().map(of).collect()
}
