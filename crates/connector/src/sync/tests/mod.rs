//! Stories of the sync, over each of the stores.

#[path = "."]
mod memory {
    use crate::store::tests::each::memory as store;

    const CASES: u32 = 25;

    mod bench;
    mod failures;
    mod limits;
    mod schedule;
    mod stories;
    mod taken_over;
    mod tool;
    mod torment;
}

/// Without the schedule, which asks no store.
#[path = "."]
#[expect(clippy::duplicate_mod, reason = "the same stories, over another store")]
mod sqlite {
    use crate::store::tests::each::sqlite as store;

    /// Each save is on the disk before it is answered.
    const CASES: u32 = 2;

    mod bench;
    mod failures;
    mod limits;
    mod stories;
    mod tool;
    mod torment;
}

/// Without the schedule, and without the torment: hundreds of runs with a save after each page.
#[path = "."]
#[expect(clippy::duplicate_mod, reason = "the same stories, over another store")]
mod azurite {
    use crate::store::tests::each::azurite as store;

    mod bench;
    mod failures;
    mod limits;
    mod stories;
    mod tool;
}
