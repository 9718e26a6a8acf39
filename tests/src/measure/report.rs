//! Figures, their goals and whether they are met: for people as a table, for programs as JSON.

use std::io;

use itsm_connector::output::Output;
use serde::Serialize;

use super::machine::Machine;

/// What a figure should be.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Goal {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Goal {
    fn met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Figure {
    /// What was measured, for people.
    pub(super) what: String,
    /// The figure.
    pub(super) value: f64,
    /// Its unit, as it is written behind the figure.
    pub(super) unit: &'static str,
    /// What it should be, if anything was said about it.
    pub(super) goal: Option<Goal>,
    /// Whether it is that.
    pub(super) met: Option<bool>,
}

/// All figures of one run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The machine.
    pub(super) machine: Machine,
    figures: Vec<Figure>,
}

impl Report {
    pub(super) const fn new(machine: Machine) -> Self {
        Self { machine, figures: Vec::new() }
    }

    /// A figure to know.
    pub(super) fn tell(&mut self, what: impl Into<String>, value: f64, unit: &'static str) {
        self.figures.push(Figure { what: what.into(), value, unit, goal: None, met: None });
    }

    /// A figure to judge.
    pub(super) fn judge(&mut self, what: impl Into<String>, value: f64, unit: &'static str, goal: Goal) {
        self.figures.push(Figure { what: what.into(), value, unit, goal: Some(goal), met: Some(goal.met(value)) });
    }

    /// Whether every goal is met.
    #[must_use]
    pub fn good(&self) -> bool {
        self.figures.iter().all(|figure| figure.met != Some(false))
    }

    /// Prints the machine and the table.
    pub fn print(&self, output: &mut Output<'_>) -> io::Result<()> {
        output.line(&self.machine.to_string())?;
        output.line("")?;
        let rows = self.figures.iter().map(|figure| {
            let shown = |value: f64| format!("{} {}", rounded(value), figure.unit).trim_end().to_owned();
            let goal = figure.goal.map_or_else(String::new, |goal| match goal {
                Goal::AtLeast(least) => format!("at least {}", shown(least)),
                Goal::AtMost(most) => format!("at most {}", shown(most)),
            });
            let verdict = figure.met.map_or("", |met| if met { "met" } else { "MISSED" });
            [figure.what.clone(), shown(figure.value), goal, verdict.to_owned()]
        });
        output.table(["what", "figure", "goal", "verdict"], rows)
    }
}

/// With as many digits as mean something.
fn rounded(value: f64) -> String {
    let places = match value.abs() {
        large if large >= 100.0 => 0,
        middle if middle >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.places$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_missed_goal_is_enough_for_a_bad_report() {
        let mut report = Report::new(Machine::default());
        report.tell("anything", 1.0, "/s");
        report.judge("fast", 20_000.0, "/s", Goal::AtLeast(20_000.0));
        assert!(report.good());
        report.judge("late", 15.01, "ms", Goal::AtMost(15.0));
        assert!(!report.good());
        let mut bytes = Vec::new();
        report.print(&mut Output::new(&mut bytes)).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("at least 20000 /s") && text.contains("MISSED"), "{text}");
    }
}
