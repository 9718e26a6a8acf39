//! `sync`: brings what changed in the ITSM tools into the table of records, now. Works on the database directly, whether the
//! connector runs or not; the lease on each kind of record keeps two runs apart.

mod bars;

use std::sync::Arc;

use connector::sync::{Order, Summary};
use tokio::sync::watch;

use crate::cli::Sync;
use crate::commands;
use crate::ending::{Ending, Failure};
use crate::host::Outside;
use crate::output::{Output, length};
use crate::record_flow::RecordFlow;
use bars::Bars;

/// Syncs one connection, or all side by side; fails when a run ended early, which it also does when another run is at work on
/// the same records. Ctrl-c ends it where nothing is lost.
pub async fn run(args: &Sync, outside: &Outside, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let loaded = commands::load_hosted(&args.machine.config.config, &outside.secrets, &outside.clock).await?;
    let (settings, secrets, _kept) = loaded.keep();
    let outside = &Outside { secrets, ..outside.clone() };
    if let Some(name) = &args.connection {
        commands::connection(&settings, name)?;
    }
    let bars = Arc::new(Bars::default());
    let (stop, stopped) = watch::channel(false);
    let flow = RecordFlow::open(settings, &args.machine.data, outside, bars.clone(), stopped.clone())?;
    let Some(sink) = flow.sink() else {
        return Err(Failure::Wrong(
            "there is no place for rows of records; add the section [workspace] to the settings".to_owned(),
        ));
    };
    let journal = tokio::spawn(flow.clone().keep_journal(stopped));
    let order = Order { days: args.days, full: args.full, ..Order::default() };
    let mut syncing = std::pin::pin!(flow.sync(args.connection.as_deref(), &order));
    let summaries = tokio::select! {
        summaries = &mut syncing => summaries,
        _ = tokio::signal::ctrl_c() => {
            stop.send_replace(true);
            syncing.await
        }
    };
    bars.clear();
    stop.send_replace(true);
    // A journal that ended badly has said so in the log.
    let _ = journal.await;
    flow.close().await;
    if args.machine.json {
        output.json(&summaries)?;
    } else {
        output.line(&format!("rows go to {sink}\n"))?;
        print(&summaries, output)?;
    }
    let good = summaries.iter().all(|summary| summary.cause.is_empty());
    Ok(if good { Ending::Good } else { Ending::Failed })
}

fn print(summaries: &[Summary], output: &mut Output<'_>) -> Result<(), Failure> {
    let header = ["connection", "records", "read", "written", "unchanged", "gone", "lag", "result"];
    output.table(
        header,
        summaries.iter().map(|summary| {
            [
                summary.connection.clone(),
                summary.kind.key().to_owned(),
                summary.read.to_string(),
                summary.written.to_string(),
                summary.unchanged.to_string(),
                summary.gone.to_string(),
                summary.lag_seconds.map_or_else(|| "unknown".to_owned(), length),
                result(summary),
            ]
        }),
    )?;
    Ok(())
}

fn result(summary: &Summary) -> String {
    let mut parts = Vec::new();
    match (&*summary.cause, &*summary.remedy) {
        ("", _) if summary.more => parts.push("good so far; the next run goes on".to_owned()),
        ("", _) => parts.push("good".to_owned()),
        (cause, "") => parts.push(format!("FAILED: {cause}")),
        (cause, remedy) => parts.push(format!("FAILED: {cause}; {remedy}")),
    }
    if let Some(load) = &summary.first_load {
        let (from, until, reached) = (load.from, load.until, load.reached);
        parts.push(format!("first load from {from:.0} to {until:.0} has reached {reached:.0}"));
    }
    for (count, what) in [
        (summary.maybe_twice, "rows may be there twice"),
        (summary.cut_fields, "texts were cut at the limit of a column"),
        (summary.refused, "rows cannot be taken"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    parts.join("\n")
}
