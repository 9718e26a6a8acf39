//! App settings, and the texts that refer to them.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;

/// App settings by name: the environment of the handler.
pub type AppSettings = BTreeMap<String, String>;

/// Replaces `%NAME%` by the app setting of this name. One that is not set is an error.
pub(super) fn resolve(text: &str, settings: &AppSettings) -> anyhow::Result<String> {
    replace(text, |name| {
        settings.get(name).cloned().with_context(|| format!("'%{name}%' does not resolve: the app setting {name} is not set"))
    })
}

/// The same for the executable's arguments, where one that is not set is nothing.
pub(super) fn resolve_argument(text: &str, settings: &AppSettings) -> String {
    // Without its second percent sign a text stays as it is.
    replace(text, |name| Ok(settings.get(name).cloned().unwrap_or_default())).unwrap_or_else(|_| text.to_owned())
}

/// Replaces in every string of a document.
pub(super) fn resolve_all(value: &mut Value, settings: &AppSettings) -> anyhow::Result<()> {
    match value {
        Value::String(text) => *text = resolve(text, settings)?,
        Value::Array(items) => items.iter_mut().try_for_each(|item| resolve_all(item, settings))?,
        Value::Object(members) => members.values_mut().try_for_each(|member| resolve_all(member, settings))?,
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

fn replace(text: &str, named: impl Fn(&str) -> anyhow::Result<String>) -> anyhow::Result<String> {
    let mut resolved = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        let Some((name, behind)) = after.split_once('%') else { bail!("'{text}' has a percent sign without its second") };
        resolved.push_str(before);
        resolved.push_str(&named(name)?);
        rest = behind;
    }
    resolved.push_str(rest);
    Ok(resolved)
}

/// A .NET `TimeSpan`: `[days.]hours:minutes:seconds[.fraction]`.
pub(super) fn span(text: &str) -> anyhow::Result<Duration> {
    read_span(text).with_context(|| format!("'{text}' is no time span; write hh:mm:ss"))
}

fn read_span(text: &str) -> Option<Duration> {
    let mut parts = text.split(':');
    let (first, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (days, hours) = first.split_once('.').unwrap_or(("0", first));
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let within = |text: &str, limit: u64| text.parse::<u64>().ok().filter(|number| *number < limit);
    let days: u64 = days.parse().ok()?;
    let whole = ((days * 24 + within(hours, 24)?) * 60 + within(minutes, 60)?) * 60 + within(seconds, 60)?;
    let fraction: f64 = format!("0.{fraction}").parse().ok()?;
    Some(Duration::from_secs(whole) + Duration::from_secs_f64(fraction))
}
