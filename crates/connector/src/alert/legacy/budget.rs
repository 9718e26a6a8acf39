//! Budget notifications before the common schema. They say neither when they were sent nor which threshold type they are
//! for, so that the amount spent tells one from the next.

use crate::alert::AlertKind;
use crate::alert::context::budget;
use crate::alert::lenient::Node;
use crate::alert::reading::Reading;

pub(in crate::alert) fn read(data: Node<'_>) -> Reading {
    let mut reading = Reading::new(AlertKind::Budget);
    budget::read_data(data, &mut reading);
    if !reading.identity.is_empty() {
        reading.identity.push(data.at("SpendingAmount").text());
        reading.identity.push(data.at("BudgetStartDate").text());
    }
    reading
}
