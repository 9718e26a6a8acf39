//! Classes of work items and their properties.

use std::borrow::Cow;

use uuid::Uuid;

use super::ids;

/// A class of work items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// `System.WorkItem.Incident`
    Incident,
    /// `System.WorkItem.ChangeRequest`
    ChangeRequest,
}

impl Class {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Incident, Self::ChangeRequest];

    /// Its GUID.
    #[must_use]
    pub fn id(self) -> Uuid {
        match self {
            Self::Incident => ids::INCIDENT,
            Self::ChangeRequest => ids::CHANGE_REQUEST,
        }
    }

    /// The projection that clients read it through.
    #[must_use]
    pub fn projection(self) -> Uuid {
        match self {
            Self::Incident => ids::INCIDENT_PROJECTION,
            Self::ChangeRequest => ids::CHANGE_REQUEST_PROJECTION,
        }
    }

    /// Name in its management pack.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Incident => "System.WorkItem.Incident",
            Self::ChangeRequest => "System.WorkItem.ChangeRequest",
        }
    }

    /// What its settings class says in `PrefixForId`.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Incident => "IR",
            Self::ChangeRequest => "CR",
        }
    }

    /// The list of its `Status`.
    #[must_use]
    pub fn status_list(self) -> Uuid {
        match self {
            Self::Incident => ids::INCIDENT_STATUS,
            Self::ChangeRequest => ids::unpublished("ChangeStatusEnum"),
        }
    }

    /// The status in which its items cannot be changed any more.
    #[must_use]
    pub fn closed(self) -> Uuid {
        match self {
            Self::Incident => ids::CLOSED,
            Self::ChangeRequest => ids::unpublished("ChangeStatusEnum.Closed"),
        }
    }

    /// What a new item has.
    #[must_use]
    pub fn first_status(self) -> Uuid {
        match self {
            Self::Incident => ids::ACTIVE,
            Self::ChangeRequest => ids::unpublished("ChangeStatusEnum.New"),
        }
    }
}

/// What a property holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text of at most so many UTF-16 units.
    Text(usize),
    /// A value of this list.
    Enumeration(Uuid),
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// An instant, UTC.
    Date,
}

/// A property of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its name in the management pack.
    pub name: Cow<'static, str>,
    /// What it holds.
    pub kind: Kind,
    /// Set by the server alone.
    pub read_only: bool,
}

impl Property {
    /// A property that clients may set, such as one of a customer's class extension.
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>, kind: Kind) -> Self {
        Self { name: name.into(), kind, read_only: false }
    }

    fn computed(name: &'static str, kind: Kind) -> Self {
        Self { name: name.into(), kind, read_only: true }
    }
}

/// Longest text of the long text properties; that of `Title` is documented by clients, that of the others is inferred from
/// `Description`.
const LONG: usize = 4000;

pub(super) fn properties(class: Class) -> Vec<Property> {
    let list = |name: &'static str, list: Uuid| Property::new(name, Kind::Enumeration(list));
    let text = |name: &'static str, length: usize| Property::new(name, Kind::Text(length));
    let date = |name: &'static str| Property::new(name, Kind::Date);
    let mut found = vec![
        Property::computed("Id", Kind::Text(256)),
        Property::computed("DisplayName", Kind::Text(LONG)),
        text("Title", 200),
        text("Description", LONG),
        text("ContactMethod", 255),
        list("Status", class.status_list()),
        date("CreatedDate"),
        date("ScheduledStartDate"),
        date("ScheduledEndDate"),
        date("ActualStartDate"),
        date("ActualEndDate"),
    ];
    match class {
        Class::Incident => found.extend([
            list("Impact", ids::IMPACT),
            list("Urgency", ids::URGENCY),
            list("Source", ids::SOURCE),
            list("Classification", ids::CLASSIFICATION),
            list("TierQueue", ids::TIER_QUEUE),
            list("ResolutionCategory", ids::unpublished("IncidentResolutionCategoryEnum")),
            text("ResolutionDescription", LONG),
            Property::new("Escalated", Kind::Boolean),
            Property::computed("Priority", Kind::Integer),
            date("FirstAssignedDate"),
            date("FirstResponseDate"),
            date("ResolvedDate"),
            date("ClosedDate"),
            date("TargetResolutionTime"),
        ]),
        Class::ChangeRequest => {
            for (name, root) in [
                ("Priority", "ChangePriorityEnum"),
                ("Impact", "ChangeImpactEnum"),
                ("Risk", "ChangeRiskEnum"),
                ("Category", "ChangeCategoryEnum"),
                ("Area", "ChangeAreaEnum"),
                ("ImplementationResults", "ChangeImplementationResultsEnum"),
            ] {
                found.push(list(name, ids::unpublished(root)));
            }
            found.extend(
                [
                    "Reason",
                    "Notes",
                    "ImplementationPlan",
                    "RiskAssessmentPlan",
                    "BackoutPlan",
                    "TestPlan",
                    "PostImplementationReview",
                ]
                .map(|name| text(name, LONG)),
            );
            found.extend([date("RequiredBy"), date("ScheduledDowntimeStartDate"), date("ScheduledDowntimeEndDate")]);
            found.push(Property::new("IsDowntime", Kind::Boolean));
        }
    }
    found
}
