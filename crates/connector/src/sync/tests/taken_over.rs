//! A run that looks dead and is not. Told over memory alone: the leaping clock makes the hanging run tell at every turn that it is alive,
//! so that the other must take over between two turns, which only a store that answers at once lets it.

use super::bench::{bench, minutes};
use crate::sync::Order;

#[tokio::test]
async fn a_run_that_was_taken_for_dead_stops_and_nothing_is_lost() {
    let bench = bench(13);
    bench.fill(60, 30);
    bench.tool.inside().dies_at = Some(4);
    let order = Order::default();
    let (late, ()) = tokio::join!(bench.run(&order), async {
        bench.tool.died.notified().await;
        bench.clock.advance(minutes(5));
        bench.tool.change("r00050");
        bench.good().await;
        bench.tool.revived.notify_one();
    });
    assert!(late.cause.contains("another run took over"), "{}", late.cause);
    assert_eq!(late.busy, None, "it did some work");
    bench.clock.advance(minutes(1));
    bench.good().await;
    bench.assert_exact();
}
