//! The encoded query: `active=true^stateIN1,2^ORpriority=1^NQnumber=INC1^ORDERBYDESCsys_updated_on`. Any text parses; what makes no sense
//! becomes a term that the evaluator treats as invalid, as the instance does.

/// A parsed query: it matches where one of its alternatives does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Parted by `^NQ`.
    pub alternatives: Vec<Vec<Group>>,
    /// In the order written.
    pub order: Vec<Order>,
}

/// Terms joined by `^OR`; one of them has to match.
pub type Group = Vec<Term>;

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Column, perhaps through references: `cmdb_ci.name`.
    pub field: String,
    /// `None` for an operator that does not exist.
    pub operator: Option<Operator>,
    /// Everything behind the operator.
    pub value: String,
}

/// A sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Column, perhaps through references.
    pub field: String,
    /// `ORDERBYDESC`
    pub descending: bool,
}

/// Conditions the emulator evaluates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the operator it is named after")]
pub enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    Contains,
    NotContains,
    StartsWith,
    EndsWith,
    IsEmpty,
    IsNotEmpty,
    EmptyString,
    Anything,
    Between,
    SameAs,
    NotSameAs,
    GreaterThanField,
    LessThanField,
    InstanceOf,
    RelativeGreater,
    RelativeLess,
    Text,
}

/// Longer spellings stand before those they begin with.
const OPERATORS: [(&str, Operator); 31] = [
    ("DOES NOT CONTAIN", Operator::NotContains),
    ("RELATIVEGE", Operator::RelativeGreater),
    ("RELATIVEGT", Operator::RelativeGreater),
    ("RELATIVELE", Operator::RelativeLess),
    ("RELATIVELT", Operator::RelativeLess),
    ("EMPTYSTRING", Operator::EmptyString),
    ("ISNOTEMPTY", Operator::IsNotEmpty),
    ("INSTANCEOF", Operator::InstanceOf),
    ("STARTSWITH", Operator::StartsWith),
    ("NOT LIKE", Operator::NotContains),
    ("NOTLIKE", Operator::NotContains),
    ("GT_FIELD", Operator::GreaterThanField),
    ("LT_FIELD", Operator::LessThanField),
    ("ENDSWITH", Operator::EndsWith),
    ("CONTAINS", Operator::Contains),
    ("ANYTHING", Operator::Anything),
    ("ISEMPTY", Operator::IsEmpty),
    ("BETWEEN", Operator::Between),
    ("NSAMEAS", Operator::NotSameAs),
    ("SAMEAS", Operator::SameAs),
    ("NOT IN", Operator::NotIn),
    ("NOTIN", Operator::NotIn),
    ("LIKE", Operator::Contains),
    ("IN", Operator::In),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("==", Operator::Equal),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

/// The free text search's field and operator.
const TEXT_SEARCH: &str = "123TEXTQUERY321=";

/// Reads any text as a query.
#[must_use]
pub fn parse(text: &str) -> Query {
    let mut query = Query { alternatives: vec![Vec::new()], order: Vec::new() };
    for part in text.split('^') {
        let (part, starts_new) = part.strip_prefix("NQ").map_or((part, false), |rest| (rest, true));
        if starts_new {
            query.alternatives.push(Vec::new());
        }
        if part.is_empty() || part == "EQ" {
            continue;
        }
        if let Some(field) = part.strip_prefix("ORDERBYDESC") {
            query.order.push(Order { field: field.to_owned(), descending: true });
        } else if let Some(field) = part.strip_prefix("ORDERBY") {
            query.order.push(Order { field: field.to_owned(), descending: false });
        } else if let Some(current) = query.alternatives.last_mut() {
            match (part.strip_prefix("OR"), current.last_mut()) {
                (Some(rest), Some(group)) if !starts_new => group.push(term(rest)),
                _ => current.push(vec![term(part)]),
            }
        }
    }
    if query.alternatives.len() > 1 {
        query.alternatives.retain(|alternative| !alternative.is_empty());
    }
    query
}

fn term(text: &str) -> Term {
    if let Some(words) = text.strip_prefix(TEXT_SEARCH) {
        return Term { field: String::new(), operator: Some(Operator::Text), value: words.to_owned() };
    }
    let end = text
        .find(|letter: char| !(letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_.".contains(letter)))
        .unwrap_or(text.len());
    let (field, rest) = text.split_at(end);
    let found = OPERATORS.iter().find_map(|(spelling, operator)| rest.strip_prefix(spelling).map(|value| (*operator, value)));
    let (operator, value) = found.map_or((None, rest), |(operator, value)| (Some(operator), value));
    Term { field: field.to_owned(), operator: if field.is_empty() { None } else { operator }, value: value.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(text: &str) -> Term {
        parse(text).alternatives[0][0][0].clone()
    }

    #[test]
    fn every_documented_operator_is_read() {
        for (text, operator, value) in [
            ("state=1", Operator::Equal, "1"),
            ("state!=1", Operator::NotEqual, "1"),
            ("sys_updated_on>=2026-09-01 00:00:00", Operator::GreaterOrEqual, "2026-09-01 00:00:00"),
            ("stateIN1,2,3", Operator::In, "1,2,3"),
            ("stateNOT IN6,7", Operator::NotIn, "6,7"),
            ("short_descriptionLIKEdisk", Operator::Contains, "disk"),
            ("short_descriptionDOES NOT CONTAINdisk", Operator::NotContains, "disk"),
            ("numberSTARTSWITHINC", Operator::StartsWith, "INC"),
            ("cmdb_ciISEMPTY", Operator::IsEmpty, ""),
            ("cmdb_ciISNOTEMPTY", Operator::IsNotEmpty, ""),
            ("impactBETWEEN1@2", Operator::Between, "1@2"),
            ("sys_class_nameINSTANCEOFcmdb_ci_server", Operator::InstanceOf, "cmdb_ci_server"),
            ("cmdb_ci.name=WEB01", Operator::Equal, "WEB01"),
        ] {
            let term = one(text);
            assert_eq!((term.operator, term.value.as_str()), (Some(operator), value), "{text}");
        }
    }

    #[test]
    fn or_binds_to_the_term_just_before() {
        let query = parse("active=true^state=1^ORstate=2^impact=1");
        assert_eq!(query.alternatives[0].iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 1]);
    }

    #[test]
    fn a_new_query_and_the_order_are_told_apart_from_terms() {
        let query = parse("state=1^NQstate=2^ORDERBYDESCsys_updated_on^ORDERBYsys_id^EQ");
        assert_eq!(query.alternatives.len(), 2);
        assert_eq!(
            query.order.iter().map(|order| (order.field.as_str(), order.descending)).collect::<Vec<_>>(),
            [("sys_updated_on", true), ("sys_id", false)]
        );
    }

    #[test]
    fn an_operator_in_the_wrong_case_is_no_operator() {
        assert_eq!(one("short_descriptionlikedisk").operator, None);
    }

    proptest! {
        #[test]
        fn any_text_parses(text in ".{0,200}") {
            prop_assert!(!parse(&text).alternatives.is_empty() || !text.is_empty());
        }

        #[test]
        fn terms_come_back_in_the_order_written(values in proptest::collection::vec("[a-z0-9 ]{1,10}", 1..8)) {
            let text = values.iter().map(|value| format!("name={value}")).collect::<Vec<_>>().join("^");
            let read: Vec<String> = parse(&text).alternatives[0].iter().map(|group| group[0].value.clone()).collect();
            prop_assert_eq!(read, values);
        }
    }
}
