//! What every story here stands on.

pub(crate) use tests::stage::{BARE, INCIDENT, begin, connection, dead, did, options, remarks, value};

pub(crate) type Stage = tests::stage::Stage<emulators::ServiceNow, { crate::OVER_AZURITE }>;
