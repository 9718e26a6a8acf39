//! GUIDs as the wire writes them: 36 characters, lower case on the way out, any case on the way in.

use uuid::Uuid;

/// The GUID of this text, which has to have the plain form.
pub(crate) fn parse(text: &str) -> Option<u128> {
    if text.len() == 36 { Uuid::try_parse(text).ok().map(|guid| guid.as_u128()) } else { None }
}

/// The plain form.
pub(crate) fn show(id: u128) -> String {
    Uuid::from_u128(id).to_string()
}

/// A GUID that stands for a name, for ids of metadata.
pub(crate) fn of_name(name: &str) -> u128 {
    // Two rounds of FNV-1a: only has to differ between a few hundred names and be the same in every run.
    let round = |start: u64| name.bytes().fold(start, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (u128::from(round(0xcbf2_9ce4_8422_2325)) << 64) | u128::from(round(0x8422_2325_cbf2_9ce4))
}
