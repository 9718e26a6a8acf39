//! `deliveries`: what became of alerts, and a second chance for those that failed. Works on the database or the storage account
//! directly, whether the connector runs or not.

mod poison;

use connector::delivery::DeliveryId;
use connector::settings::Storage;
use connector::store::{DeliveryQueue, Filter, Listed, Redriven, Shown, Status, redrive_all};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::cli::{Deliveries, DeliveriesAction, Place};
use crate::commands;
use crate::ending::{Ending, Failure};
use crate::host::Outside;
use crate::output::Output;
use crate::stores::{DATABASE, Stores};

/// Does what is asked with the deliveries that the arguments name.
pub async fn run(args: &Deliveries, outside: &Outside, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let clock = &*outside.clock;
    let stores = open(&args.place, outside).await?;
    let queue = &stores.queue;
    match &args.action {
        DeliveriesAction::List { connection, status, limit } => {
            let filter = Filter { connection: connection.clone(), status: status.map(Status::from), limit: *limit };
            list(&**queue, &filter, args.json, output).await
        }
        DeliveriesAction::Show { id } => show(&**queue, DeliveryId(*id), args.json, output).await,
        DeliveriesAction::Poison => poison::show(&stores, args.json, output).await,
        DeliveriesAction::Redrive { poison: true, .. } => poison::redrive(&stores, clock, args.json, output).await,
        DeliveriesAction::Redrive { ids, all: false, .. } => {
            let mut changed = Changed::default();
            for id in ids.iter().copied().map(DeliveryId) {
                let done = queue.redrive(id, clock.now()).await?;
                changed.add(id, done);
            }
            changed.print("redriven", "is neither a dead letter nor waiting", args.json, output)
        }
        DeliveriesAction::Redrive { connection, .. } => {
            let Redriven { done, left } = redrive_all(&**queue, connection.as_deref(), clock).await?;
            let changed = Changed { done, left };
            changed.print("redriven", "cannot be read; see `deliveries list`", args.json, output)
        }
        DeliveriesAction::Drop { ids } => drop_each(&**queue, ids, args.json, output).await,
    }
}

async fn open(place: &Place, outside: &Outside) -> Result<Stores, Failure> {
    if let Some(account) = &place.storage {
        let named = match &place.config {
            Some(source) => commands::load(source, &*outside.clock).await?.storage,
            None => None,
        };
        let storage = Storage::of_account(account, named.as_deref(), &*outside.secrets);
        return Ok(Stores::account(&storage, outside)?);
    }
    if let Some(settings) = commands::usual(place.config.as_ref(), &*outside.clock).await?
        && let Some(storage) = &settings.storage
    {
        let (secrets, _) = commands::with_vault(&settings, &outside.secrets, &outside.clock).await?;
        return Ok(Stores::account(storage, &Outside { secrets, ..outside.clone() })?);
    }
    let path = place.data.join(DATABASE);
    // Opening would make an empty one.
    if !path.is_file() {
        return Err(Failure::Wrong(format!(
            "there is no database at {}; name the directory that was given to `local` with --data, or the storage account of a \
             connector on Azure with --storage",
            path.display()
        )));
    }
    Ok(Stores::database(&place.data)?)
}

async fn list(queue: &dyn DeliveryQueue, filter: &Filter, json: bool, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let listed = queue.list(filter).await?;
    if json {
        output.json(&listed)?;
    } else if listed.is_empty() {
        output.line("no deliveries")?;
    } else {
        let header = ["id", "accepted", "connection", "type", "status", "attempts", "due or finished", "result"];
        output.table(header, listed.iter().map(row))?;
    }
    Ok(Ending::Good)
}

fn row(listed: &Listed) -> [String; 8] {
    [
        listed.id.to_string(),
        format!("{:.0}", listed.accepted_at),
        listed.connection.clone(),
        listed.work_item_type.clone(),
        status(listed.status).to_owned(),
        listed.attempts.to_string(),
        format!("{:.0}", listed.due),
        result(listed),
    ]
}

const fn status(status: Status) -> &'static str {
    match status {
        Status::Waiting => "waiting",
        Status::Working => "working",
        Status::Done => "done",
        Status::DeadLetter => "dead letter",
    }
}

fn result(listed: &Listed) -> String {
    match &listed.summary {
        Some(summary) if summary.work_items.is_empty() => format!("no work item: {}", summary.title),
        Some(summary) => format!("{}: {}", summary.work_items.join(", "), summary.title),
        None if listed.remedy.is_empty() => listed.cause.clone(),
        None => format!("{}; {}", listed.cause, listed.remedy),
    }
}

async fn show(queue: &dyn DeliveryQueue, id: DeliveryId, json: bool, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let Some((listed, payload)) = queue.show(id).await? else {
        return Err(Failure::Failed(anyhow::anyhow!("there is no delivery {id}; finished ones are forgotten after a while")));
    };
    let shown = Shown::of(listed, payload.as_deref());
    if json {
        output.json(&shown)?;
        return Ok(Ending::Good);
    }
    let Shown { delivery: listed, payload } = shown;
    let mut lines = vec![
        ("delivery", listed.id.to_string()),
        ("connection", listed.connection.clone()),
        ("type", listed.work_item_type.clone()),
        ("status", status(listed.status).to_owned()),
        ("accepted", listed.accepted_at.to_string()),
        (if listed.status == Status::Waiting { "due" } else { "since" }, listed.due.to_string()),
        ("attempts", listed.attempts.to_string()),
        ("cause", listed.cause.clone()),
        ("remedy", listed.remedy.clone()),
    ];
    if let Some(summary) = &listed.summary {
        lines.push(("alert", summary.title.clone()));
        lines.push(("work items", summary.work_items.join(", ")));
        let (created, updated, duplicates) = (summary.created, summary.updated, summary.duplicates);
        lines.push(("done", format!("{created} created, {updated} updated, {duplicates} duplicates")));
        lines.push(("remarks", summary.remarks.join("\n")));
    }
    lines.retain(|(_, value)| !value.is_empty());
    output.table(["", ""], lines.into_iter().map(|(name, value)| [name.to_owned(), value]))?;
    if let Some(payload) = payload {
        output.json(&payload)?;
    }
    Ok(Ending::Good)
}

async fn drop_each(queue: &dyn DeliveryQueue, ids: &[Uuid], json: bool, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let mut changed = Changed::default();
    for id in ids.iter().copied().map(DeliveryId) {
        let done = queue.drop_delivery(id).await?;
        changed.add(id, done);
    }
    changed.print("dropped", "does not exist or is being worked on", json, output)
}

/// Which deliveries were changed and which could not be.
#[derive(Debug, Default, Serialize)]
struct Changed {
    done: Vec<DeliveryId>,
    left: Vec<DeliveryId>,
}

impl Changed {
    fn add(&mut self, id: DeliveryId, done: bool) {
        if done { self.done.push(id) } else { self.left.push(id) }
    }

    fn print(&self, done: &str, why_left: &str, json: bool, output: &mut Output<'_>) -> Result<Ending, Failure> {
        if json {
            output.json(&json!({ done: self.done, "left": self.left }))?;
        } else {
            output.line(&format!("{} {done}", self.done.len()))?;
            for id in &self.left {
                output.line(&format!("{id} {why_left}"))?;
            }
        }
        Ok(if self.left.is_empty() { Ending::Good } else { Ending::Failed })
    }
}
