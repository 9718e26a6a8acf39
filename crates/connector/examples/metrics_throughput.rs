//! What it costs to count and measure: time for what one alert records, by one thread and by two at once, and for a reading.
//!
//! `cargo run --release -p connector --example metrics_throughput`

use std::error::Error;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use connector::metrics::Metrics;
use connector::metrics::label::{Answer, Attempt, Done, Ending, Function, Operation, Origin, Outcome, Problem};
use connector::work_item::WorkItemType;

const ALERTS: u32 = 500_000;

/// As the intake does.
fn taken_in(metrics: &Metrics) {
    let connection = metrics.connection(black_box("snow"));
    metrics.accepted(1, connection.clone(), Origin::Alert);
    metrics.accepted_bytes(2000, connection);
    metrics.requests(1, Function::AlertIntake, Answer::Good, Problem(""));
    metrics.request_duration(Duration::from_micros(900), Function::AlertIntake);
}

/// As a delivery does that creates a work item.
fn delivered(metrics: &Metrics) {
    let connection = metrics.connection(black_box("snow"));
    for operation in [Operation::Newest, Operation::FindConfigurationItem, Operation::Create] {
        metrics.provider_operations(1, connection.clone(), operation, Outcome::Ok);
        metrics.provider_duration(Duration::from_millis(30), connection.clone(), operation);
    }
    metrics.attempts(1, connection.clone(), Attempt::Done);
    metrics.deliveries(1, connection.clone(), Ending::Done);
    metrics.work_items(1, connection.clone(), WorkItemType::Incident, Done::Created);
    metrics.delivery_duration(Duration::from_millis(120), connection);
}

fn each(threads: usize, work: impl Fn() + Sync) -> Duration {
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..ALERTS).for_each(|_| work()));
        }
    });
    begun.elapsed() / ALERTS
}

fn main() -> Result<(), Box<dyn Error>> {
    let (kept, reader) = Metrics::with_text(["snow", "snow-test"]);
    for (name, metrics) in [("kept", &kept), ("not kept", &Metrics::default())] {
        for threads in [1, 2] {
            let (intake, delivery) = (each(threads, || taken_in(metrics)), each(threads, || delivered(metrics)));
            println!("{name}, {threads} at once: {intake:?} for an alert taken in, {delivery:?} for a delivery");
        }
    }
    let begun = Instant::now();
    let text = (0..1000).try_fold(0, |_, _| reader.text().map(|text| text.len()))?;
    println!("a reading of {text} bytes: {:?}", begun.elapsed() / 1000);
    Ok(())
}
