use proptest::prelude::*;
use serde_json::{Value, json};

use crate::migration::expression::Scope;

fn scope() -> Scope {
    let object = |value: Value| value.as_object().unwrap().clone();
    Scope {
        parameters: object(json!({"name": "ops", "list": ["a", "b"], "nested": "[concat(parameters('NAME'), '!')]"})),
        variables: object(json!({"o": {"Inner": {"x": 7}}, "self": "[variables('self')]", "one": "[variables('o').inner]"})),
    }
}

fn known(text: &str) -> Option<Value> {
    scope().known(&json!(text))
}

#[test]
fn what_is_written_in_the_template_is_known() {
    for (text, value) in [
        ("plain", json!("plain")),
        ("[[not an expression]", json!("[not an expression]")),
        ("[parameters('name')]", json!("ops")),
        ("[ concat( 'a', parameters('name') , 1 ) ]", json!("aops1")),
        ("[parameters('nested')]", json!("ops!")),
        ("[variables('one')['x']]", json!(7)),
        ("[parameters('list')[1]]", json!("b")),
        ("[format('{{{0}}} {1}', 'it''s', true())]", json!("{it's} true")),
        ("[string(createObject('a', createArray(1, null())))]", json!("{\"a\":[1,null]}")),
        ("[json('{\"a\":false}').a]", json!(false)),
        ("[toLower('ABC')]", json!("abc")),
        ("[concat(createArray(1), createArray(2))]", json!([1, 2])),
    ] {
        assert_eq!(known(text), Some(value), "{text}");
    }
}

#[test]
fn what_only_azure_knows_is_not_known() {
    for text in [
        "[reference('x').y]",
        "[parameters('missing')]",
        "[variables('self')]",
        "[parameters('list')[9]]",
        "[concat('a']",
        "[concat('a' 'b')]",
        "[format('{7}', 'x')]",
        "[parameters('name')] and more]",
        "[]",
        "['open]",
    ] {
        assert_eq!(known(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in "\\[[a-z(){}',.\\[\\]0-9 ]{0,60}\\]") {
        let _ = known(&text);
    }

    #[test]
    fn a_text_in_quotes_comes_back(text in "[^']{0,20}('[^']{0,20}){0,3}") {
        prop_assert_eq!(known(&format!("[string('{}')]", text.replace('\'', "''"))), Some(json!(text)));
    }
}

#[test]
fn a_deep_expression_ends() {
    assert_eq!(known(&format!("[{}1{}]", "string(".repeat(100_000), ")".repeat(100_000))), None);
    assert_eq!(known(&format!("[{}1{}]", "string(".repeat(20), ")".repeat(20))), Some(json!("1")));
}
