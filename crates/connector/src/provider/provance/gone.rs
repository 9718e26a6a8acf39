//! Deleted records, by change tracking: an environment tells what changed and what was deleted since a link that it gave. That link
//! is the place where the next question begins; it is good for some days, then tracking begins anew.

use super::Provance;
use super::client::LARGEST;
use super::identity::guid;
use super::row::Listed;
use crate::provider::ProviderError;
use crate::provider::records::{Gone, Position};
use crate::provider::wire::Effect;
use crate::rows::{RecordKind, RecordState, ServiceDeskRow};

/// Pages read in one go before the caller may do something else.
const PAGES: u32 = 20;
/// Code of a link that is too old.
const EXPIRED: &str = "0x80044352";

/// The table and its key; nothing when the profile has none.
fn table(tool: &Provance, kind: RecordKind) -> Option<(&str, &str)> {
    let profile = tool.profile();
    let (set, id) = match kind {
        RecordKind::Incident => (&profile.incident.entity_set, &profile.incident.id),
        RecordKind::ChangeRequest => (&profile.change.entity_set, &profile.change.id),
    };
    (!set.is_empty()).then_some((set, id))
}

pub(super) async fn gone(tool: &Provance, kind: RecordKind, after: &Position, limit: u32) -> Result<Option<Gone>, ProviderError> {
    let Some((set, id)) = table(tool, kind).filter(|_| tool.connection.own.provance.change_tracking) else { return Ok(None) };
    let page = limit.clamp(500, LARGEST);
    let prefer = format!("odata.maxpagesize={page}");
    let tracked = format!("odata.track-changes,{prefer}");
    let what = format!("asking for deleted records of {set}");
    let mut link = after.token().map(str::to_owned);
    let mut rows = Vec::new();
    for _ in 0..PAGES {
        let listed = match &link {
            Some(link) => tool.client.follow(link, &prefer, &what).await,
            // The first reading tells nothing but where the next one begins.
            None => tool.client.tracked(set, id, &tracked, &what).await,
        };
        let listed: Listed = match listed.map_err(ProviderError::from) {
            Ok(listed) => listed.map_err(|cause| Effect::Read.unknown(cause))?,
            Err(ProviderError::Refused { cause, .. }) if link.is_some() && cause.contains(EXPIRED) => {
                tracing::warn!(
                    connection = tool.name,
                    cause,
                    "change tracking begins anew; what was deleted meanwhile is not known"
                );
                link = None;
                continue;
            }
            Err(ProviderError::Refused { cause, remedy }) => {
                tracing::warn!(connection = tool.name, cause, remedy, "deleted records cannot be asked for");
                return Ok(None);
            }
            Err(other) => return Err(other),
        };
        for row in &listed.rows {
            let deleted = row.text("reason") == "deleted" || row.text("@odata.context").ends_with("/$deletedEntity");
            if let Some(id) = guid(&row.text("id")).filter(|_| deleted) {
                rows.push(ServiceDeskRow {
                    work_item_type: kind,
                    last_modified: Some(tool.clock.now()),
                    source_id: id,
                    record_state: RecordState::Deleted,
                    ..ServiceDeskRow::default()
                });
            }
        }
        if let Some(next) = listed.next {
            link = Some(next);
            continue;
        }
        let Some(delta) = listed.delta else { return Ok(None) };
        let next = Position::marked(tool.clock.now().max(after.at), &delta);
        return Ok(Some(Gone { rows, next, more: false }));
    }
    let next = link.map_or_else(|| after.clone(), |link| Position::marked(tool.clock.now().max(after.at), &link));
    Ok(Some(Gone { rows, next, more: true }))
}
