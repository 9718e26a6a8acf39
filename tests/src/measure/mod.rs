//! What the connector costs and how fast it is, measured from outside on one machine in one run: real processes, a real disk,
//! loopback only. Nothing is decided here by hand: every figure that has a goal is judged by it.

mod deliveries;
pub mod floor;
mod intake;
mod intake_azure;
mod load;
mod machine;
mod memory;
mod report;
mod start;
pub mod sync;
mod template;

use std::path::PathBuf;

use clap::ValueEnum;
pub use report::Report;

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Subject {
    /// Durable answers beside the floor.
    Intake,
    /// Durable answers behind the Functions host, over Azurite, beside those over the embedded database.
    IntakeAzure,
    /// Work items made.
    Deliveries,
    /// Process start to first good answer, on one machine and behind the Functions host.
    Start,
    /// Resident memory.
    Memory,
    /// Records a second into a workspace.
    Sync,
    /// Resident memory of a sync.
    SyncMemory,
}

/// What is measured with, and how much of it.
#[derive(Debug, Clone)]
pub struct Extent {
    /// What is measured; everything when empty.
    pub only: Vec<Subject>,
    /// The connector's executable.
    pub connector: PathBuf,
    /// The executable that is started as the Functions host does.
    pub handler: PathBuf,
    /// This executable: run with `--floor` it is the bare server that the connector is compared with.
    pub floor: PathBuf,
    /// Connections of the load generator.
    pub connections: usize,
    /// Rounds of floor and connector in turns; the figures are medians of them.
    pub rounds: usize,
    /// Seconds of load in each round, after a second to warm up.
    pub seconds: u64,
    /// Distinct alerts that are delivered against the clock.
    pub deliveries: u64,
    /// Starts of the process.
    pub starts: usize,
    /// Alerts between two readings of memory.
    pub alerts: u64,
    /// Incidents that are synced against the clock.
    pub records: usize,
    /// Incidents of the long sync whose memory is held against that of a short one.
    pub many: usize,
    /// A Python with the requirements of `tests/clients`, for comparison.
    pub python: Option<PathBuf>,
}

/// Measures what is wanted, one thing after the other.
pub async fn run(extent: &Extent) -> anyhow::Result<Report> {
    let mut report = Report::new(machine::Machine::look()?);
    let wanted = |subject| extent.only.is_empty() || extent.only.contains(&subject);
    if wanted(Subject::Intake) {
        intake::measure(extent, &mut report).await?;
    }
    if wanted(Subject::IntakeAzure) {
        intake_azure::measure(extent, &mut report).await?;
    }
    if wanted(Subject::Deliveries) {
        deliveries::measure(extent, &mut report).await?;
    }
    if wanted(Subject::Start) {
        start::measure(extent, &mut report).await?;
    }
    if wanted(Subject::Memory) {
        memory::measure(extent, &mut report).await?;
    }
    if wanted(Subject::Sync) {
        sync::speed(extent, &mut report).await?;
    }
    if wanted(Subject::SyncMemory) {
        sync::memory(extent, &mut report).await?;
    }
    report.machine.load_at_end = machine::load();
    Ok(report)
}

/// The middle value; zero of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// The value that so many of a thousand do not exceed. `sorted` is in ascending order.
fn at_permille<T: Copy + Default>(sorted: &[T], permille: usize) -> T {
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * permille / 1000).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{at_permille, median};

    #[test]
    fn figures_come_from_the_middle_and_the_end_of_what_was_seen() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!(median(Vec::new()).abs() < f64::EPSILON);
        let hundred: Vec<u32> = (1..=101).collect();
        assert_eq!((at_permille(&hundred, 500), at_permille(&hundred, 990), at_permille(&hundred, 1000)), (51, 100, 101));
    }
}
