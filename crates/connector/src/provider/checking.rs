//! Steps of a connection check that come out of the same answers for every tool. Which calls are made is the product's business.

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;

use super::trouble::Trouble;
use super::{ProviderError, WaitReason, retry_after};
use crate::probe::Report;

/// A failed step, from what a call said. `noun` is what one of the tool is called: `instance`.
pub fn failed(report: &mut Report, name: &str, finding: &str, error: &ProviderError, noun: &str) {
    let remedy = match error {
        ProviderError::Wait { remedy, .. } | ProviderError::Refused { remedy, .. } if !remedy.is_empty() => remedy.clone(),
        ProviderError::Wait { reason: WaitReason::Outage, .. } => format!("wait, and check the {noun}'s status page"),
        _ => format!("try again; if it stays, ask the {noun}'s administrator with what the cause names"),
    };
    report.failed(name, finding, error.to_string(), remedy);
}

/// Steps that were not tried, all for the same reason.
pub fn skipped<S: Into<String>>(report: &mut Report, steps: impl IntoIterator<Item = S>, why: &str) {
    for step in steps {
        report.skipped(step, why);
    }
}

/// The step `awake`, from a call without credentials: a healthy tool refuses it in its own error shape; a sleeping one, a proxy or
/// a wrong host does not. Whether to go on.
pub fn awake<T>(report: &mut Report, found: Result<T, Trouble>, noun: &str) -> bool {
    let error = match found {
        Ok(_) | Err(Trouble::Unauthorised(_)) => None,
        Err(trouble) => Some(ProviderError::from(trouble)).filter(|error| !matches!(error, ProviderError::Refused { .. })),
    };
    match &error {
        None => report.passed("awake", format!("the {noun} answers as one")),
        Some(error) => failed(report, "awake", &format!("the {noun} does not answer as one"), error, noun),
    }
    error.is_none()
}

/// The step `name` (`credentials`, `token`), from a call with them; `who` they stand for. The call's headers when they are
/// accepted: one who is refused only this call is known to the tool, and the steps that follow tell what is missing.
pub fn accepted(report: &mut Report, name: &str, who: &str, found: Result<HeaderMap, Trouble>, noun: &str) -> Option<HeaderMap> {
    let headers = match found.map_err(ProviderError::from) {
        Ok(headers) => headers,
        Err(ProviderError::Refused { .. }) => HeaderMap::new(),
        Err(error) => {
            failed(report, name, "the credentials are not accepted", &error, noun);
            return None;
        }
    };
    report.passed(name, format!("accepted: {who}"));
    Some(headers)
}

/// The step `clock`; none when the tool does not tell its time.
pub fn clock(report: &mut Report, headers: &HeaderMap, now: Timestamp, noun: &str) {
    if let Some(theirs) = retry_after::server_time(headers) {
        clocks(report, theirs, now, noun);
    }
}

/// The step `clock`, of a tool that tells its time in its own way.
pub fn clocks(report: &mut Report, theirs: Timestamp, now: Timestamp, noun: &str) {
    let skew = theirs.duration_since(now);
    if skew.abs() > SignedDuration::from_secs(60) {
        return report.warning(
            "clock",
            format!("the {noun}'s clock differs by {} s from this machine's", skew.as_secs()),
            "one of the two is wrong; tokens and reopen windows are measured with this machine's",
            "synchronise this machine's clock",
        );
    }
    report.passed("clock", format!("differs by {} s", skew.as_secs()));
}

/// The step `rate limit`; none when the tool does not tell its budget.
pub fn rate_limit(report: &mut Report, headers: &HeaderMap) {
    if let Some(budget) = retry_after::budget(headers) {
        let finding = format!("{} requests per window, which ends at {}", budget.limit, budget.resets_at);
        report.passed("rate limit", finding);
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{DATE, HeaderValue};

    use super::*;
    use crate::probe::Verdict;

    fn last(report: &Report) -> (&str, Verdict, &str, &str) {
        let probe = report.probes.last().unwrap();
        (&probe.name, probe.verdict, &probe.finding, &probe.remedy)
    }

    #[test]
    fn a_tool_that_refuses_is_awake_and_one_that_is_out_of_order_is_not() {
        let mut report = Report::new("x");
        for found in [Ok(()), Err(Trouble::Unauthorised(String::new())), Err(Trouble::NotFound(String::new()))] {
            assert!(awake(&mut report, found, "server"));
            assert_eq!(last(&report), ("awake", Verdict::Passed, "the server answers as one", ""));
        }
        let down = Trouble::wait(WaitReason::Outage, "down".to_owned(), "");
        assert!(!awake::<()>(&mut report, Err(down), "server"));
        let told = ("awake", Verdict::Failed, "the server does not answer as one", "wait, and check the server's status page");
        assert_eq!(last(&report), told);
    }

    #[test]
    fn who_is_refused_a_table_is_accepted_all_the_same() {
        let mut report = Report::new("x");
        assert!(accepted(&mut report, "token", "app", Err(Trouble::refused("no".to_owned(), "ask")), "server").is_some());
        assert_eq!(last(&report), ("token", Verdict::Passed, "accepted: app", ""));
        let wrong = Trouble::wait(WaitReason::Credentials, "wrong".to_owned(), "mend them");
        assert!(accepted(&mut report, "token", "app", Err(wrong), "server").is_none());
        assert_eq!(last(&report), ("token", Verdict::Failed, "the credentials are not accepted", "mend them"));
        skipped(&mut report, ["a", "b"], "no token");
        assert_eq!(last(&report), ("b", Verdict::Skipped, "no token", ""));
    }

    #[test]
    fn a_clock_may_differ_by_a_minute() {
        let headers = HeaderMap::from_iter([(DATE, HeaderValue::from_static("Tue, 01 Sep 2026 12:00:00 GMT"))]);
        let mut report = Report::new("x");
        clock(&mut report, &HeaderMap::new(), Timestamp::UNIX_EPOCH, "server");
        assert!(report.probes.is_empty());
        clock(&mut report, &headers, "2026-09-01T11:59:00Z".parse().unwrap(), "server");
        assert_eq!(last(&report), ("clock", Verdict::Passed, "differs by 60 s", ""));
        clock(&mut report, &headers, "2026-09-01T12:01:01Z".parse().unwrap(), "server");
        assert_eq!(last(&report).1, Verdict::Warning);
    }
}
