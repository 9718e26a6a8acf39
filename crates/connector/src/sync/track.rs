//! A way through records in the order of their last change, which every increment goes a little way back. How far back is decided
//! here, so that a change that becomes visible late is met whatever the tool's clock says and however long reading takes.
//!
//! A change may become visible an overlap after the time that it bears. Whatever was read long enough after that time is settled.
//! Of the rest only this is sure: what was missing on a page was not committed when the page was asked for, so it bears a time of
//! at most an overlap before what the tool's clock said then. What that was nobody tells; but it cannot have been less than the
//! newest change that was met, less the time that passed between the question and meeting it. The next increment begins an
//! overlap before that.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::{between, earlier, later};
use crate::provider::records::Position;
use crate::rows::{RecordState, ServiceDeskRow};

/// Versions remembered for one track, of which the document has two. With ids of 32 and versions of a few characters a track stays
/// below 1.5 MB and the document below 3 MB; with the longest that are remembered it is twice that. Past the bound those changed
/// longest ago are forgotten: they are written once more by each increment that reads them again in the overlap, which ends when
/// they are settled. Nothing is lost by it.
pub const SEEN_MOST: usize = 20_000;
/// An id and version longer than this together are not remembered, so that the document's size has a bound.
const LONGEST_REMEMBERED: usize = 128;
/// The tool's clock may be behind ours by so much; beyond that, a change that becomes visible late could be overlooked.
pub(super) const CLOCKS_APART: Duration = Duration::from_secs(15 * 60);

/// A way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    /// The furthest that was read, less the time that reading took. An empty id: no record was.
    pub position: Position,
    /// Up to here nothing can become visible any more, so that it need not be read again.
    #[serde(default)]
    pub settled: Option<Position>,
    /// Versions written of records in the overlap, by id.
    #[serde(default)]
    seen: BTreeMap<String, Seen>,
}

/// Second of the last change, and version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen(i64, String);

impl Track {
    /// Nothing was read; records changed after `now` are of interest.
    #[must_use]
    pub(super) const fn new(now: Timestamp) -> Self {
        Self { position: Position::before(now), settled: None, seen: BTreeMap::new() }
    }

    /// Where the next increment begins: an overlap before the position, but nothing that is settled is read again.
    #[must_use]
    pub fn begin(&self, overlap: Duration) -> Position {
        if self.position.token().is_some() {
            return self.position.clone();
        }
        let back = Position::before(earlier(self.position.at, overlap));
        self.settled.clone().map_or(back.clone(), |settled| settled.max(back))
    }

    /// Whether this version of the record was written. One without a version never is known, and one of another time is another:
    /// a record that was deleted and made anew counts from the beginning.
    #[must_use]
    pub fn knows(&self, row: &ServiceDeskRow) -> bool {
        let same_time = |seen: &Seen| row.last_modified.is_none_or(|at| at.as_second() == seen.0);
        self.seen.get(&row.source_id).is_some_and(|seen| same_time(seen) && version(row).as_ref() == Some(&seen.1))
    }

    /// Everything up to `next` was read: the first page with changes that were not settled was asked for when it was `open`, the
    /// last page `came` then. A record that is dated later than the question does not carry the position there, since others may
    /// still be changed before it; nor does one that was made while pages were read.
    pub fn advance(&mut self, next: &Position, open: Timestamp, came: Timestamp, overlap: Duration) {
        if next.token().is_some() {
            // The tool's own mark says what comes next, whatever clocks say.
            self.position.clone_from(next);
            return;
        }
        let met = met(next, Some(open), came);
        // What no clock can have said tells nothing about the tool's.
        let at = if met > later(open, CLOCKS_APART) { earlier(open, CLOCKS_APART) } else { met.min(open) };
        let reached = Position { at, id: next.id.clone() };
        if reached > self.position {
            self.position = reached;
        }
        let sure = Position::before(settled_before(open, overlap)).min(next.clone());
        if self.settled.as_ref().is_none_or(|settled| *settled < sure) {
            self.settled = Some(sure);
        }
    }

    /// Changes since `from` may be met again: the next increment begins there at the latest.
    pub(super) fn go_back(&mut self, from: Timestamp, overlap: Duration) {
        if from < self.begin(overlap).at {
            self.position = Position::before(later(from, overlap));
            self.settled = None;
        }
    }

    /// These rows were written; those changed since `floor` are remembered, older ones forgotten. A row that does not say when
    /// its record was changed was changed at `otherwise`.
    pub fn remember(&mut self, rows: &[ServiceDeskRow], otherwise: Timestamp, floor: Timestamp) {
        let floor = floor.as_second();
        self.seen.retain(|_, seen| seen.0 >= floor);
        for row in rows {
            let at = row.last_modified.unwrap_or(otherwise).as_second();
            match version(row) {
                Some(version) if at >= floor && row.source_id.len() + version.len() <= LONGEST_REMEMBERED => {
                    self.seen.insert(row.source_id.clone(), Seen(at, version));
                }
                _ => {
                    self.seen.remove(&row.source_id);
                }
            }
        }
        let over = self.seen.len().saturating_sub(SEEN_MOST);
        if over > 0 {
            let mut oldest: Vec<_> = self.seen.iter().map(|(id, seen)| (seen.0, id.clone())).collect();
            oldest.sort_unstable();
            for (_, id) in oldest.into_iter().take(over) {
                self.seen.remove(&id);
            }
        }
    }

    /// Every version is written again.
    pub(super) fn forget_all(&mut self) {
        self.seen.clear();
    }

    /// Another row was written of these records since: should one come as it was before, it is written again.
    pub fn forget(&mut self, rows: &[ServiceDeskRow]) {
        for row in rows {
            self.seen.remove(&row.source_id);
        }
    }
}

/// Changes before this were visible when a page was asked for at `asked`, whatever the tool's clock says.
#[must_use]
pub(super) fn settled_before(asked: Timestamp, overlap: Duration) -> Timestamp {
    earlier(earlier(asked, overlap), CLOCKS_APART)
}

/// What the tool's clock said at least when it was `open`, as far as a record tells that was read before a page `came`.
#[must_use]
pub(super) fn met(next: &Position, open: Option<Timestamp>, came: Timestamp) -> Timestamp {
    open.map_or(next.at, |open| earlier(next.at, between(open, came)))
}

/// What tells versions of a record apart, beside the time of its last change; nothing when the record does not say.
fn version(row: &ServiceDeskRow) -> Option<String> {
    match row.record_state {
        RecordState::Present => (!row.source_version.is_empty()).then(|| row.source_version.clone()),
        state => Some(format!("{state:?} {}", row.source_version)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVERLAP: Duration = Duration::from_secs(300);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_788_256_800 + second).unwrap()
    }

    #[test]
    fn an_increment_begins_an_overlap_back_but_never_before_what_is_settled() {
        let mut track = Track::new(at(1000));
        assert_eq!(track.begin(OVERLAP), Position::before(at(700)));
        track.settled = Some(Position { at: at(800), id: "r7".to_owned() });
        assert_eq!(track.begin(OVERLAP), Position { at: at(800), id: "r7".to_owned() });
        track.settled = Some(Position { at: at(600), id: "r7".to_owned() });
        assert_eq!(track.begin(OVERLAP), Position::before(at(700)));
    }

    #[test]
    fn a_mark_is_handed_back_as_it_is_whatever_clocks_say() {
        let mut track = Track::new(at(1000));
        track.advance(&Position::before(at(1000)), at(1000), at(1001), OVERLAP);
        let settled = track.settled.clone();
        assert!(settled.is_some());
        // Dated far behind what was read: the tool's own mark, not its time, says what comes next.
        let mark = Position::marked(at(10), "token");
        track.advance(&mark, at(2000), at(2001), OVERLAP);
        assert_eq!((track.begin(OVERLAP), &track.settled), (mark.clone(), &settled));
        // A later one replaces it, and so does one dated earlier.
        let earlier = Position::marked(at(5), "anew");
        track.advance(&earlier, at(3000), at(3001), OVERLAP);
        assert_eq!(track.begin(OVERLAP), earlier);
    }
}
