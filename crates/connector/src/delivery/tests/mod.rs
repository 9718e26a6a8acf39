//! Stories of deliveries: one tool in memory, a clock that moves when told to, and each of the stores. Every one of them is told over
//! memory, SQLite and Azurite; the torment, which has hundreds of cases, has fewer where a call takes longer.

#[path = "."]
mod memory {
    use crate::store::tests::each::memory as store;

    const CASES: u32 = 400;

    mod bench;
    mod deaf;
    mod lanes;
    mod on_call;
    mod stories;
    mod told;
    mod tool;
    mod torment;
}

#[path = "."]
#[expect(clippy::duplicate_mod, reason = "the same stories, over another store")]
mod sqlite {
    use crate::store::tests::each::sqlite as store;

    /// Each write is on the disk before it is answered.
    const CASES: u32 = 20;

    mod bench;
    mod deaf;
    mod on_call;
    mod stories;
    mod told;
    mod tool;
    mod torment;
}

#[path = "."]
#[expect(clippy::duplicate_mod, reason = "the same stories, over another store")]
mod azurite {
    use crate::store::tests::each::azurite as store;

    /// Each call is HTTP, and all tests share one Azurite.
    const CASES: u32 = 4;

    mod bench;
    mod deaf;
    mod on_call;
    mod stories;
    mod told;
    mod tool;
    mod torment;
}
