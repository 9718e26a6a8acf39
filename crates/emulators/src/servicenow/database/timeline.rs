//! Rows in the order of their last change: a list of short sorted runs, so that a page and the count of what lies
//! behind it cost little even with a million rows.

/// When a row was last changed, the number its `sys_id` stands for, and where it is kept.
pub type Moment = (i64, u128, u32);

/// Longest run before it is split in two.
const RUN: usize = 1024;

/// Moments in ascending order.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    runs: Vec<Vec<Moment>>,
}

impl Timeline {
    /// Adds a moment.
    pub fn insert(&mut self, moment: Moment) {
        let at = self.run_of(&moment);
        let Some(run) = self.runs.get_mut(at) else {
            self.runs.push(vec![moment]);
            return;
        };
        let place = run.partition_point(|other| *other < moment);
        run.insert(place, moment);
        if run.len() > RUN {
            // Rows arrive mostly in order: leave the older run nearly full when the newest moment split it.
            let cut = if place + 1 == run.len() { RUN } else { RUN / 2 };
            let upper = run.split_off(cut);
            self.runs.insert(at + 1, upper);
        }
    }

    /// Takes a moment out, if it is there.
    pub fn remove(&mut self, moment: &Moment) {
        let at = self.run_of(moment);
        if let Some(run) = self.runs.get_mut(at) {
            if let Ok(place) = run.binary_search(moment) {
                run.remove(place);
            }
            if run.is_empty() {
                self.runs.remove(at);
            }
        }
    }

    /// How many moments come before this one.
    #[must_use]
    pub fn rank(&self, moment: &Moment) -> usize {
        let full = self.runs.partition_point(|run| run.last().is_some_and(|last| last < moment));
        let before: usize = self.runs.iter().take(full).map(Vec::len).sum();
        before + self.runs.get(full).map_or(0, |run| run.partition_point(|other| other < moment))
    }

    /// Moments from the one of this rank on, ascending; reversible.
    #[must_use]
    pub fn between(&self, first: usize, end: usize) -> Box<dyn DoubleEndedIterator<Item = Moment> + '_> {
        let mut skip = first;
        let mut start = 0;
        while let Some(run) = self.runs.get(start)
            && skip >= run.len()
        {
            skip -= run.len();
            start += 1;
        }
        let mut left = end.saturating_sub(first);
        let mut slices: Vec<&[Moment]> = Vec::new();
        for run in self.runs.iter().skip(start) {
            if left == 0 {
                break;
            }
            let part = run.get(skip..).unwrap_or_default();
            let part = part.get(..left.min(part.len())).unwrap_or_default();
            left -= part.len();
            skip = 0;
            slices.push(part);
        }
        Box::new(slices.into_iter().flat_map(|part| part.iter().copied()))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.runs.iter().map(Vec::len).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The run where the moment is or belongs.
    fn run_of(&self, moment: &Moment) -> usize {
        let at = self.runs.partition_point(|run| run.last().is_some_and(|last| last < moment));
        at.min(self.runs.len().saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_agrees_with_a_sorted_set(moments in proptest::collection::vec((0_i64..50, 0_u128..50), 0..3000), gone in 0_usize..100) {
            let mut timeline = Timeline::default();
            let mut set = std::collections::BTreeSet::new();
            for (when, id) in moments {
                if set.insert((when, id, 0)) {
                    timeline.insert((when, id, 0));
                }
            }
            for moment in set.iter().copied().take(gone).collect::<Vec<_>>() {
                set.remove(&moment);
                timeline.remove(&moment);
            }
            prop_assert_eq!(timeline.len(), set.len());
            let all: Vec<_> = timeline.between(0, usize::MAX).collect();
            prop_assert_eq!(&all, &set.iter().copied().collect::<Vec<_>>());
            let probe = (25, 0, 0);
            prop_assert_eq!(timeline.rank(&probe), set.range(..probe).count());
            let first = timeline.rank(&probe);
            let tail: Vec<_> = timeline.between(first, usize::MAX).rev().collect();
            prop_assert_eq!(tail, set.range(probe..).rev().copied().collect::<Vec<_>>());
        }
    }
}
