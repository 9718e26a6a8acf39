//! The machine that was measured on. Figures without it say nothing: above all, how long its disk takes to keep a promise.

use std::fmt;
use std::fs::{File, read_to_string};
use std::io::{Seek, SeekFrom, Write};
use std::time::Instant;

use serde::Serialize;

use super::at_permille;
use crate::process::Scratch;

/// Writes that are made to tell how fast the disk is.
const WRITES: usize = 300;

/// What matters about it.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Machine {
    processor: String,
    cores: usize,
    memory_mib: u64,
    system: String,
    /// Milliseconds until 8 KiB are on the disk: median, and what one of a hundred exceeds.
    disk_median_ms: f64,
    disk_p99_ms: f64,
    /// Processes that wanted to run in the last minute. More than a little, and the figures are somebody else's.
    load_at_start: f64,
    pub(super) load_at_end: f64,
}

impl Machine {
    /// Looks at this machine and tries its disk.
    pub(super) fn look() -> anyhow::Result<Self> {
        let load_at_start = load();
        let mut micros = disk()?;
        micros.sort_unstable();
        Ok(Self {
            processor: line("/proc/cpuinfo", "model name"),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_mib: kib("/proc/meminfo", "MemTotal") / 1024,
            system: read_to_string("/proc/sys/kernel/osrelease").map_or_else(
                |_| std::env::consts::OS.to_owned(),
                |release| format!("{} {}", std::env::consts::OS, release.trim()),
            ),
            disk_median_ms: f64::from(at_permille(&micros, 500)) / 1000.0,
            disk_p99_ms: f64::from(at_permille(&micros, 990)) / 1000.0,
            load_at_start,
            load_at_end: load_at_start,
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {} cores, {} MiB, {}; 8 KiB on disk (fdatasync): median {:.2} ms, p99 {:.2} ms; load {:.2} before, {:.2} after",
            self.processor,
            self.cores,
            self.memory_mib,
            self.system,
            self.disk_median_ms,
            self.disk_p99_ms,
            self.load_at_start,
            self.load_at_end
        )
    }
}

/// The load average of the last minute; zero where nobody counts it.
pub(super) fn load() -> f64 {
    let text = read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or_default()
}

/// A number of KiB in one of the system's own files; zero where there is none.
pub(super) fn kib(file: &str, name: &str) -> u64 {
    line(file, name).trim_end_matches("kB").trim().parse().unwrap_or_default()
}

fn line(file: &str, name: &str) -> String {
    let text = read_to_string(file).unwrap_or_default();
    let mut values = text.lines().filter_map(|line| line.split_once(':')).filter(|(key, _)| key.trim() == name);
    values.next().map_or_else(String::new, |(_, value)| value.trim().to_owned())
}

/// Microseconds of each of some writes in the middle of a file, as a database's log makes them.
fn disk() -> anyhow::Result<Vec<u32>> {
    let scratch = Scratch::new("disk")?;
    let mut file = File::create(scratch.path().join("disk"))?;
    let page = [b'x'; 8192];
    for _ in 0..WRITES {
        file.write_all(&page)?;
    }
    file.sync_all()?;
    file.seek(SeekFrom::Start(0))?;
    let mut micros = Vec::with_capacity(WRITES);
    for _ in 0..WRITES {
        let begun = Instant::now();
        file.write_all(&page)?;
        file.sync_data()?;
        micros.push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    Ok(micros)
}
