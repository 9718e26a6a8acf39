//! TROUBLESHOOTING.md is found by the text that is shown.

use std::io;

use crate::{DecodeError, RunError};

#[test]
fn every_error_has_an_entry_that_begins_with_its_text() {
    let entries: Vec<_> = include_str!("../../TROUBLESHOOTING.md").lines().filter_map(|line| line.strip_prefix("## `")).collect();
    let address = ([127, 0, 0, 1], 1).into();
    let errors = [
        RunError::NoPort.to_string(),
        RunError::Listen { address, source: io::Error::other("taken") }.to_string(),
        DecodeError::Envelope("it is malformed at line 1 column 1".into()).to_string(),
        DecodeError::Body("length limit exceeded".into()).to_string(),
        DecodeError::Unclear(2).to_string(),
        DecodeError::NoBinding("x".into()).to_string(),
        DecodeError::Trigger { binding: "x".into(), expected: "timer trigger" }.to_string(),
        DecodeError::Json("it is malformed at line 1 column 1".into()).to_string(),
        DecodeError::Base64.to_string(),
    ];
    for error in errors {
        let known = entries.iter().any(|entry| {
            let text = entry.split(['`', '.']).next().unwrap();
            error.starts_with(text)
        });
        assert!(known, "no entry for: {error}");
    }
}
