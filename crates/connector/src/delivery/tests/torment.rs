//! Any order, any repetition, any failure, any death: the same end.

use proptest::prelude::*;

use super::bench::{alert, bench, minute};
use crate::delivery::Verdict;
use crate::work_item::Phase;

proptest! {
    #![proptest_config(ProptestConfig { cases: super::CASES, failure_persistence: None, ..ProptestConfig::default() })]

    /// Notifications of one episode or several, shuffled and repeated, through a tool that fails, loses answers and kills the
    /// process at every second call: one work item, in the right phase, nothing noted twice.
    #[test]
    fn one_work_item_in_the_right_phase_whatever_happens(
        seed in any::<u64>(),
        trouble in 0_u32..50,
        told in proptest::collection::vec((0_i64..4, any::<bool>()), 1..14),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let result: Result<(), TestCaseError> = runtime.block_on(async {
            let bench = bench(seed, "policy = { reopen_window = \"30d\" }");
            *bench.tool.trouble.lock().unwrap() = trouble;
            for (episode, resolved) in &told {
                let verdict = bench.settle(&bench.delivery(&alert("cpu", *resolved, minute(*episode)))).await;
                prop_assert!(matches!(verdict, Verdict::Done(_)), "{:?}", verdict);
            }
            let last = |wanted| told.iter().filter(|(_, resolved)| *resolved == wanted).map(|(episode, _)| *episode).max();
            let (fired, resolved) = (last(false), last(true));
            prop_assert_eq!(bench.count(), usize::from(fired.is_some()));
            if fired.is_some() {
                let record = bench.tool.record(0);
                let expected = if fired > resolved { Phase::Open } else { Phase::Resolved };
                prop_assert_eq!(record.item.phase, expected);
                let mut markers: Vec<_> = record.notes.iter().filter_map(|note| note.lines().last()).collect();
                let all = markers.len();
                markers.sort_unstable();
                markers.dedup();
                prop_assert_eq!(markers.len(), all, "a note stands twice: {:?}", record.notes);
            }
            Ok(())
        });
        result?;
    }
}
