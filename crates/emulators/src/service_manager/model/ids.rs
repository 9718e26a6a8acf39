//! GUIDs of Microsoft's sealed management packs, which are the same on every installation, and how the emulator makes the ones that
//! nobody has written down.

use uuid::{Uuid, uuid};

/// Class `System.WorkItem.Incident`.
pub const INCIDENT: Uuid = uuid!("a604b942-4c7b-2fb2-28dc-61dc6f465c68");
/// Class `System.WorkItem.ChangeRequest`.
pub const CHANGE_REQUEST: Uuid = uuid!("e6c9cf6e-d7fe-1b5d-216c-c3f5d2c7670c");
/// Class `System.WorkItem.ServiceRequest`; the emulators hold none.
pub const SERVICE_REQUEST: Uuid = uuid!("04b69835-6343-4de2-4b19-6be08c612989");
/// Class `System.ConfigItem`.
pub const CONFIG_ITEM: Uuid = uuid!("62f0be9f-ecea-e73c-f00d-3dd78a7422fc");
/// Class `System.Domain.User`.
pub const DOMAIN_USER: Uuid = uuid!("eca3c52a-f273-5cdc-f165-3eb95a2b26cf");
/// Class `Microsoft.AD.User`.
pub const AD_USER: Uuid = uuid!("10a7f898-e672-ccf3-8881-360bfb6a8f9a");

/// `System.WorkItem.Incident.ProjectionType`
pub const INCIDENT_PROJECTION: Uuid = uuid!("285cb0a2-f276-bccb-563e-bb721df7cdec");
/// `System.WorkItem.ChangeRequestProjection`
pub const CHANGE_REQUEST_PROJECTION: Uuid = uuid!("674194d8-0246-7b90-d871-e1ea015b2ea7");
/// `Microsoft.Windows.Computer.ProjectionType`
pub const COMPUTER_PROJECTION: Uuid = uuid!("c95d4106-3f24-d3cc-232e-9f51198b295c");
/// `System.User.Projection`
pub const USER_PROJECTION: Uuid = uuid!("0e1313ab-dc5c-cf9d-d6b0-e2e9835a132a");

/// Relationship `System.WorkItemAboutConfigItem`: the affected CI.
pub const ABOUT_CONFIG_ITEM: Uuid = uuid!("b73a6094-c64c-b0ff-9706-1822df5c2e82");
/// Relationship `System.WorkItemRelatesToConfigItem`: a related CI.
pub const RELATES_TO_CONFIG_ITEM: Uuid = uuid!("d96c8b59-8554-6e77-0aa7-f51448868b43");

/// Class `Microsoft.Windows.Computer`.
pub const COMPUTER: Uuid = uuid!("ea99500d-8d52-fc52-b5a5-10dcd1e9d2bd");
/// List `IncidentResolutionCategoryEnum`.
pub const RESOLUTION_CATEGORY: Uuid = uuid!("72674491-02cb-1d90-a48f-1b269eb83602");

/// Template from which Cireson's portal makes incidents.
pub const DEFAULT_INCIDENT_TEMPLATE: Uuid = uuid!("a77bb0c9-e201-dd93-230c-799a66d9e8fa");

/// List `IncidentStatusEnum`.
pub const INCIDENT_STATUS: Uuid = uuid!("89b34802-671e-e422-5e38-7dae9a413ef8");
/// `IncidentStatusEnum.Active`
pub const ACTIVE: Uuid = uuid!("5e2d3932-ca6d-1515-7310-6f58584df73e");
/// `IncidentStatusEnum.Active.Pending`, a child of Active.
pub const PENDING: Uuid = uuid!("b6679968-e84e-96fa-1fec-8cd4ab39c3de");
/// `IncidentStatusEnum.Resolved`
pub const RESOLVED: Uuid = uuid!("2b8830b6-59f0-f574-9c2a-f4b4682f1681");
/// `IncidentStatusEnum.Closed`
pub const CLOSED: Uuid = uuid!("bd0ae7c4-3315-2eb3-7933-82dfc482dbaf");

/// List `System.WorkItem.TroubleTicket.ImpactEnum`.
pub const IMPACT: Uuid = uuid!("11756265-f18e-e090-eed2-3aa923a4c872");
/// High impact.
pub const IMPACT_HIGH: Uuid = uuid!("d2b5e816-2d24-8e7d-a61f-2cceaeac2664");
/// Medium impact.
pub const IMPACT_MEDIUM: Uuid = uuid!("80cc222b-2653-2f68-8cee-3a7dd3b723c1");
/// Low impact.
pub const IMPACT_LOW: Uuid = uuid!("8f1a713e-53aa-9d8a-31b9-a9540074f305");

/// List `System.WorkItem.TroubleTicket.UrgencyEnum`.
pub const URGENCY: Uuid = uuid!("04b28bfb-8898-9af3-009b-979e58837852");
/// High urgency.
pub const URGENCY_HIGH: Uuid = uuid!("2f8f0747-b6cb-7996-fd4a-84d09743f218");
/// Medium urgency.
pub const URGENCY_MEDIUM: Uuid = uuid!("02625c30-08c6-4181-b2ed-222fa473280e");
/// Low urgency.
pub const URGENCY_LOW: Uuid = uuid!("725a4cad-088c-4f55-a845-000db8872e01");

/// List `IncidentSourceEnum`.
pub const SOURCE: Uuid = uuid!("5d59071e-69b3-7ef4-6dee-aacc5b36d898");
/// `IncidentSourceEnum.SCOM`
pub const SOURCE_SCOM: Uuid = uuid!("564c1afc-6453-4b25-5564-b46d84155545");
/// `IncidentSourceEnum.System`
pub const SOURCE_SYSTEM: Uuid = uuid!("615778d5-485a-752f-3c5d-f412f806e624");
/// `IncidentSourceEnum.Portal`
pub const SOURCE_PORTAL: Uuid = uuid!("6ef191ce-3124-2974-94fb-020c677f4017");
/// `IncidentSourceEnum.Email`
pub const SOURCE_EMAIL: Uuid = uuid!("92b68e4f-c5bf-52ec-9bda-f55b43a9f4b5");
/// `IncidentSourceEnum.Phone`
pub const SOURCE_PHONE: Uuid = uuid!("7b417fee-0516-a75a-c62c-426905fda768");
/// `IncidentSourceEnum.Console`
pub const SOURCE_CONSOLE: Uuid = uuid!("76480d55-a19d-7cef-4446-0f1ccaef11ce");
/// `IncidentSourceEnum.DCM`
pub const SOURCE_DCM: Uuid = uuid!("551ed1e6-0a12-9f2b-a057-528b115e17e3");

/// List `IncidentClassificationEnum`.
pub const CLASSIFICATION: Uuid = uuid!("1f77f0ce-9e43-340f-1fd5-b11cc36c9cba");
/// List `IncidentTierQueuesEnum`: the support groups.
pub const TIER_QUEUE: Uuid = uuid!("c3264527-a501-029f-6872-31300080b3bf");

/// Object status of a living object.
pub const OBJECT_ACTIVE: Uuid = uuid!("acdcedb7-100c-8c91-d664-4629a218bd94");
/// Object status of a deleted object that is still in the database.
pub const OBJECT_PENDING_DELETE: Uuid = uuid!("47101e64-237f-12c8-e3f5-ec5a665412fb");
/// Object status of a deleted object.
pub const OBJECT_DELETED: Uuid = uuid!("eec83e3c-0106-d4c0-99ea-93b75fd23020");

/// A GUID for something whose real GUID is not published (or is the customer's own): the same for the same name, and no more than that.
/// A client must find these by name. Two that public clients know after all are theirs.
#[must_use]
pub fn unpublished(name: &str) -> Uuid {
    match name {
        "Microsoft.Windows.Computer" => return COMPUTER,
        "IncidentResolutionCategoryEnum" => return RESOLUTION_CATEGORY,
        _ => {}
    }
    // FNV-1a; a collision between two names would show at once in the catalogue's test.
    let hash = |start: u64| name.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    Uuid::from_u64_pair(hash(0xcbf2_9ce4_8422_2325), hash(0x9ae1_6a3b_2f90_404f))
}
