//! Cost budgets, in the common schema and in the older one. A budget is no resource and nobody says when it is over.

use crate::alert::lenient::Node;
use crate::alert::reading::Reading;

/// Reads `alertContext` of the common schema.
pub(in crate::alert) fn read(context: Node<'_>, reading: &mut Reading) {
    let data = if context.at("AlertData").is_object() { context.at("AlertData") } else { context };
    read_data(data, reading);
}

/// Reads the budget's own data, which both schemas share but for a few names.
pub(in crate::alert) fn read_data(data: Node<'_>, reading: &mut Reading) {
    let text = |name: &str| data.at(name).text();
    let name = text("BudgetName");
    let forecast = text("ThresholdType").to_lowercase().starts_with("forecast");
    let spent = money(&data.first(&["SpentAmount", "SpendingAmount"]), &text("Unit"));
    let forecast_total = money(&text("ForecastedTotalForPeriod"), &text("Unit"));
    let threshold = money(&text("NotificationThresholdAmount"), &text("Unit"));
    let what = match (forecast && !forecast_total.is_empty(), spent.is_empty()) {
        (true, _) => format!("forecast {forecast_total}"),
        (false, false) => format!("spent {spent}"),
        (false, true) => String::new(),
    };
    let what = if threshold.is_empty() { what } else { format!("{what}, threshold {threshold}") };
    let what = what.trim_start_matches([',', ' ']);
    let label = format!("Budget {name}");
    reading.title = if what.is_empty() { label.trim().to_owned() } else { format!("{}: {what}", label.trim()) };
    // Essentials call every budget "budgets", which is no configuration item.
    reading.items.clear();
    reading.fact("Budget", money(&data.first(&["BudgetThreshold", "Budget"]), &text("Unit")));
    reading.fact("Spent", spent);
    reading.fact("Forecast for the period", forecast_total);
    reading.fact("Notification threshold", threshold);
    reading.fact("Threshold type", text("ThresholdType"));
    reading.fact("Budget type", text("BudgetType"));
    let start = text("BudgetStartDate");
    reading.fact("Budget starts", start.split('T').next().unwrap_or_default());
    reading.fact("Subscription", data.first(&["SubscriptionName", "SubscriptionId"]));
    reading.fact("Resource group", text("ResourceGroup"));
    reading.fact("Scope", text("Scope"));
    reading.fact("Created by", text("BudgetCreator"));

    let id = match text("BudgetId") {
        id if id.is_empty() && name.is_empty() => return,
        id if id.is_empty() => [text("SubscriptionId"), text("ResourceGroup"), name].join("/"),
        id => {
            reading.targets.push(id.clone());
            id
        }
    };
    let id = id.to_lowercase();
    let month = reading.fired_at.map(crate::alert::dates::month).unwrap_or_default();
    reading.subject = vec!["budget".to_owned(), id.clone()];
    let amount = text("NotificationThresholdAmount");
    reading.identity = vec!["budget".to_owned(), id, amount, text("ThresholdType").to_lowercase(), month];
    if reading.alert_id.ends_with("Test_Alert") {
        reading.identity.push(reading.fired_at.map(|at| at.to_string()).unwrap_or_default());
    }
}

/// An amount with its currency; common payloads have a sign before it, older ones only digits.
fn money(amount: &str, unit: &str) -> String {
    let bare = !amount.is_empty() && amount.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-'));
    if bare && !unit.is_empty() { format!("{amount} {unit}") } else { amount.to_owned() }
}
