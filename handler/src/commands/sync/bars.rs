//! How far a sync is, on a terminal: a bar for each connection and kind of record, on standard error. Elsewhere nothing is drawn.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use connector::rows::RecordKind;
use connector::sync::Progress;
use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use crate::output::length;

/// While it is known how many records follow.
const MEASURED: &str = "{prefix:30} {bar:20} {human_pos} of {human_len}  {rate}  ETA {eta}  {msg}";
/// While it is not.
const OPEN: &str = "{prefix:30} {spinner} {human_pos} records  {rate}  {msg}";

/// The bars.
#[derive(Debug, Default)]
pub(super) struct Bars {
    together: MultiProgress,
    each: Mutex<BTreeMap<(String, RecordKind), ProgressBar>>,
}

impl Bars {
    /// Takes them off the terminal.
    pub(super) fn clear(&self) {
        for bar in self.each.lock().unwrap_or_else(PoisonError::into_inner).values() {
            bar.finish_and_clear();
        }
    }

    fn begin(&self, connection: &str, kind: RecordKind) -> ProgressBar {
        let bar = self.together.add(ProgressBar::no_length());
        bar.set_style(style(OPEN));
        bar.set_prefix(format!("{connection} {}", kind.key()));
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }
}

/// A template that a test covers; indicatif's own if it should ever be wrong.
fn style(template: &str) -> ProgressStyle {
    let rate = |state: &ProgressState, to: &mut dyn Write| {
        // A line that cannot be drawn is drawn again.
        let _ = write!(to, "{:.0}/s", state.per_sec());
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).with_key("rate", rate)
}

impl Progress for Bars {
    fn step(&self, connection: &str, kind: RecordKind, records: u64, remaining: Option<u64>, lag: Option<Duration>) {
        let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = each.entry((connection.to_owned(), kind)).or_insert_with(|| self.begin(connection, kind));
        bar.inc(records);
        if let Some(remaining) = remaining.filter(|remaining| *remaining > 0 || bar.length().is_some()) {
            if bar.length().is_none() {
                bar.set_style(style(MEASURED));
            }
            bar.set_length(bar.position().saturating_add(remaining));
        }
        if let Some(lag) = lag {
            bar.set_message(format!("lag {}", length(lag.as_secs())));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use connector::rows::RecordKind;
    use connector::sync::Progress;
    use indicatif::{MultiProgress, ProgressDrawTarget, ProgressStyle};

    use super::{Bars, MEASURED, OPEN};

    #[test]
    fn the_templates_are_sound() {
        for template in [MEASURED, OPEN] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }

    #[test]
    fn a_bar_tells_records_what_is_to_come_and_lag_for_each_kind() {
        let bars = Bars { together: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()), ..Bars::default() };
        bars.step("snow", RecordKind::Incident, 1500, None, None);
        bars.step("snow", RecordKind::Incident, 500, Some(48_000), None);
        bars.step("snow", RecordKind::ChangeRequest, 20, None, Some(Duration::from_millis(90_400)));
        let told: Vec<_> = bars.each.lock().unwrap().values().map(|bar| (bar.position(), bar.length(), bar.message())).collect();
        assert_eq!(told, [(2000, Some(50_000), String::new()), (20, None, "lag 1m 30s".to_owned())]);
        assert_eq!(bars.each.lock().unwrap().values().next().unwrap().prefix(), "snow incident");
        bars.clear();
    }
}
