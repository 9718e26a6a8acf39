//! The sample with everything taken in that stands behind a comment sign: every section of every product, and of what can be said in
//! several ways each way in its turn.

use std::collections::BTreeSet;

use super::SAMPLE;
use crate::secret::FixedSecrets;
use crate::settings::Settings;

/// What a line sets, without its comment sign; nothing for sentences. Each product's part has its own way to show settings.
fn taken<'a>(line: &'a str, sign: &str) -> Option<&'a str> {
    let line = if line.starts_with('#') { line.strip_prefix(sign)? } else { line };
    let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let sets = line.split_once(" = ").is_some_and(|(key, _)| word(key));
    (sets || line.starts_with('[')).then_some(line)
}

/// Sections, each with its keys in order and the lines that set each.
type Sections<'a> = Vec<(&'a str, Vec<(&'a str, Vec<&'a str>)>)>;

fn sections() -> Sections<'static> {
    let mut sign = "# ";
    let mut sections: Sections<'_> = Vec::new();
    for line in SAMPLE.lines() {
        match line {
            _ if line.starts_with("# ---- A connection to Provance") => sign = "#   ",
            _ if line.starts_with("# ---- Cherwell") => sign = "#",
            _ if line.starts_with("# ---- Named routes") => sign = "# ",
            _ => {}
        }
        let Some(line) = taken(line, sign) else { continue };
        if line.starts_with('[') {
            sections.push((line, Vec::new()));
        } else if let (Some((key, _)), Some((_, keys))) = (line.split_once(" = "), sections.last_mut()) {
            match keys.iter_mut().find(|(known, _)| *known == key) {
                Some((_, lines)) => lines.push(line),
                None => keys.push((key, vec![line])),
            }
        }
    }
    sections
}

/// The settings that are made of the sample, with the variant of everything.
fn variant(sections: &Sections<'_>, variant: usize) -> String {
    let mut text = String::new();
    for (section, keys) in sections {
        let lines = keys.iter().filter_map(|(_, lines)| lines.get(variant).or(lines.last()));
        text.extend([*section].into_iter().chain(lines.copied()).flat_map(|line| [line, "\n"]));
    }
    text
}

#[test]
fn every_section_is_good_when_it_is_taken_in_in_each_way() {
    let sections = sections();
    let ways = sections.iter().flat_map(|(_, keys)| keys).map(|(_, lines)| lines.len()).max().unwrap();
    assert!(ways >= 4, "snow alone has four ways to authenticate");
    let names: BTreeSet<&str> = SAMPLE.split("\"$").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let secrets = names.iter().fold(FixedSecrets::default(), |secrets, name| secrets.with(name, "value"));
    // The files that the sample names, and the key that belongs to one of them.
    let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["itsm".to_owned()]).unwrap().self_signed(&pair).unwrap();
    let secrets = secrets.with("PROVANCE_KEY", &pair.serialize_pem());
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("itsm.pem");
    std::fs::write(&file, certificate.pem()).unwrap();
    for way in 0..ways {
        let text = variant(&sections, way);
        let file = file.display().to_string();
        let text = text.replace("/etc/ssl/private-ca.pem", &file).replace("/etc/ssl/itsm.pem", &file);
        let settings = Settings::from_toml(&text, "").unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
        assert_eq!(settings.connections.len(), 4, "{text}");
        let problems: Vec<String> = settings.validate(&secrets).iter().map(ToString::to_string).collect();
        assert_eq!(problems, Vec::<String>::new(), "way {way}: {text}");
    }
}

#[test]
fn a_wrong_line_of_any_section_would_be_noticed() {
    let sections = sections();
    let text = variant(&sections, 0);
    for (section, keys) in &sections {
        let open = section.contains("fields") || section.contains("defaults") || section.contains("templates");
        if keys.is_empty() || open {
            continue;
        }
        let wrong = text.replacen(section, &format!("{section}\nno_such_setting = 1"), 1);
        assert!(Settings::from_toml(&wrong, "").is_err(), "{section} is not read");
    }
}
