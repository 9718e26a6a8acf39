//! Every step of a connection check, in the order in which one needs the other. Nothing is written: what can only be known by
//! writing (the right to add and edit) is said to be so.

use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::classify::NOUN;
use super::dates::Told;
use super::shapes::ServiceInfo;
use super::{Cherwell, refresh};
use crate::probe::{Report, network};
use crate::provider::{ProviderError, checking};
use crate::work_item::WorkItemType;

mod content;
mod items;

/// So long before the product's end people are told.
const NOTICE: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Goes through all steps for `kinds`.
pub(super) async fn run(tool: &Cherwell, kinds: &[WorkItemType], report: &mut Report) {
    if !network::run(tool.client.wire(), tool.client.base(), report).await {
        return skip(tool, report, &["awake", "token"], "the server cannot be reached");
    }
    let found = tool.client.service().await;
    let (info, found) = match found {
        Ok((info, headers)) => (info, Ok(headers)),
        Err(trouble) => (ServiceInfo::default(), Err(trouble)),
    };
    if !checking::awake(report, found, NOUN) {
        return skip(tool, report, &["token"], "the server does not answer as one");
    }
    let hello = tool.client.hello(&tool.settings().incident_object).await;
    let Some(headers) = checking::accepted(report, "token", tool.client.username(), hello, NOUN) else {
        return skip(tool, report, &[], "there is no session");
    };
    checking::clock(report, &headers, tool.clock.now(), NOUN);
    zone(tool, &info, report).await;
    life(tool.clock.now(), &info, report);
    for kind in kinds.iter().filter(|kind| **kind != WorkItemType::Incident) {
        let remedy = "use the work item type incident";
        report.failed(format!("work item type {kind}"), format!("there is no {kind}"), format!("Cherwell has no {kind}"), remedy);
    }
    content::incidents(tool, report).await;
    content::changes(tool, report).await;
    items::run(tool, report).await;
}

fn skip(tool: &Cherwell, report: &mut Report, steps: &[&str], why: &str) {
    let objects =
        [&tool.settings().incident_object, &tool.settings().change_object].map(|name| format!("business object {name}"));
    let rest = ["zone", "fields, lists, customer, notes", "configuration items"].map(str::to_owned);
    checking::skipped(report, steps.iter().map(|&step| step.to_owned()).chain(objects).chain(rest), why);
}

/// The clock on the server's wall: a wrong zone shifts every date, and a fixed one is wrong after the next change of clocks.
async fn zone(tool: &Cherwell, info: &ServiceInfo, report: &mut Report) {
    let wall = match tool.wall().await {
        Ok(wall) => wall,
        Err(error) => return failed(report, "zone", "the dates of the server cannot be understood", &error),
    };
    let now = tool.clock.now();
    match &wall.told {
        Told::Settings(name) => {
            let theirs = refresh::zone(info).filter(|theirs| theirs.zone.to_offset(now) != wall.zone.to_offset(now));
            match theirs {
                None => report.passed("zone", format!("dates are those of {name}")),
                Some(theirs) => report.warning(
                    "zone",
                    format!("dates are read as those of {name}"),
                    format!("the server says that it is at UTC{} now", theirs.zone.to_offset(now)),
                    "right only if the integration user has a zone of its own in Cherwell; else correct cherwell.zone",
                ),
            }
        }
        Told::Server(theirs, name) => report.passed("zone", format!("the server says \"{theirs}\": dates are those of {name}")),
        Told::Offset(offset) => report.warning(
            "zone",
            format!("dates are read as those of {offset}, where the server is now"),
            "the server does not name its zone, and this is wrong for dates from before the last change of clocks",
            "set cherwell.zone to the IANA name of the server's zone, as \"America/Denver\"",
        ),
    }
}

/// Ivanti ends the product on 2026-12-31.
fn life(now: Timestamp, info: &ServiceInfo, report: &mut Report) {
    let version = if info.api_version.is_empty() { "of an unknown release".to_owned() } else { info.api_version.clone() };
    let end = date(2026, 12, 31).at(23, 59, 59, 0).to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |end| end.timestamp());
    let remedy = "plan the move to another ITSM tool; the connector can serve both at the same time, a connection for each";
    if now > end {
        let finding = "the product's life has ended";
        return report.warning("product life", finding, "Ivanti ended Cherwell Service Management on 2026-12-31", remedy);
    }
    if end.duration_since(now) < NOTICE {
        let finding = format!("the product's life ends in {} days", end.duration_since(now).as_hours() / 24);
        return report.warning("product life", finding, "Ivanti ends Cherwell Service Management on 2026-12-31", remedy);
    }
    report.passed("product life", format!("API {version}; Ivanti ends Cherwell Service Management on 2026-12-31"));
}

fn failed(report: &mut Report, name: &str, finding: &str, error: &ProviderError) {
    checking::failed(report, name, finding, error, NOUN);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Verdict;

    #[test]
    fn the_end_of_the_product_is_told_in_time() {
        for (now, verdict) in [
            ("2026-10-02T00:00:00Z", Verdict::Passed),
            ("2026-10-03T00:00:00Z", Verdict::Warning),
            ("2026-12-31T23:00:00Z", Verdict::Warning),
            ("2027-01-01T00:00:00Z", Verdict::Warning),
        ] {
            let mut report = Report::new("x");
            life(now.parse().unwrap(), &ServiceInfo::default(), &mut report);
            let probe = &report.probes[0];
            assert_eq!(probe.verdict, verdict, "{now}");
            assert!(format!("{} {}", probe.finding, probe.cause).contains("2026-12-31"), "{probe:?}");
        }
    }
}
