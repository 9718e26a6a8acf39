//! Azure Function `sync_now` (HTTP): the old connector's "Sync" button. Reads the configuration of one ITSM tool again, then the
//! records that changed, and answers what came of it.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use connector::sync::Order;

use crate::auth::Verified;
use crate::edge::Edge;
use crate::problem::Problem;
use crate::records::SyncNow;
use crate::traced::Traced;
use crate::{query, same_origin, target};

/// A call is answered after about this long, before HTTP clients and load balancers give up on it.
pub const BUDGET: Duration = Duration::from_secs(60);

/// `POST /api/connections/{connection}/sync?days=..&full=..`: refresh, then sync. What the ITSM tool or the workspace refused is
/// told in the answer, which is 200 all the same: the order was carried out as far as it goes. Records that another run is
/// reading at this moment are no error either: that run goes on and is named in `under_way`.
pub async fn sync(State(edge): State<Arc<Edge>>, request: Verified) -> Result<Json<SyncNow>, Problem> {
    let traced = Traced::new(&edge, &request, "/api/connections/{connection}/sync");
    traced.answer(200, synced(&edge, request)).await
}

async fn synced(edge: &Edge, mut request: Verified) -> Result<Json<SyncNow>, Problem> {
    if edge.workbench.is_some() {
        // Behind the Functions host there are pages of others that may: the portal's "Test/Run".
        same_origin::check(&request)?;
    }
    let connection = request.path::<String>().await?;
    target::connection(&edge.settings, &connection)?;
    let order = Order { budget: Some(BUDGET), ..query::order(request.query())? };
    edge.records.sync_now(&connection, order).await.map(Json).map_err(|error| {
        tracing::error!(connection, %error, "a sync by hand could not be begun");
        Problem::unavailable("store-unavailable", "The sync could not be begun")
            .detail("the store that remembers how far a sync has come is not available")
            .remedy("try again; the operator finds the cause in the connector's log")
    })
}
