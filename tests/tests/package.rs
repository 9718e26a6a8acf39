//! `infra/package` without the compiler's part: what is in the package for Azure, that its bytes depend on nothing else, and what is
//! refused. Executables are stand-ins of a few bytes.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::Context;
use serde_json::{Value, json};
use tests::process::Scratch;

/// 2026-11-23T12:00:00Z.
const EPOCH: &str = "1795435200";
const FILES: [&str; 9] = [
    "alert_intake/function.json",
    "configuration_refresh/function.json",
    "host.json",
    "itsm-connector",
    "status/function.json",
    "sync_now/function.json",
    "work_item_create/function.json",
    "work_item_delivery/function.json",
    "work_item_sync/function.json",
];
/// Processors, and kinds of segments, by their numbers in ELF.
const X64: u16 = 62;
const ARM64: u16 = 183;
const LOADED: u32 = 1;
const INTERPRETER: u32 = 3;
/// Prints what a zip says of its files.
const LIST: &str = "import json, sys, zipfile\n\
    print(json.dumps([[f.filename, oct(f.external_attr >> 16), list(f.date_time), f.create_system, f.compress_type]\n\
    \x20   for f in zipfile.ZipFile(sys.argv[1]).infolist()]))";

/// Whether there is a Python; where the tests must be complete, there has to be.
fn python() -> bool {
    let there = Command::new("python3").arg("--version").output().is_ok_and(|done| done.status.success());
    assert!(there || std::env::var_os("CI").is_none(), "python3 is missing");
    if !there {
        eprintln!("SKIPPED: python3 is missing, so nothing was packed");
    }
    there
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn said(done: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr))
}

/// An executable that is the connector, in a few bytes.
fn stand_in(scratch: &Scratch) -> anyhow::Result<PathBuf> {
    let path = scratch.path().join("stand-in");
    fs::write(&path, format!("#!/bin/sh\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_connector")))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

/// `infra/package` of the repository at `root`, from an empty folder.
fn package(root: &Path, scratch: &Scratch, out: &str, arguments: &[&str]) -> anyhow::Result<Output> {
    let here = scratch.path().join("empty");
    fs::create_dir_all(&here)?;
    let mut command = Command::new(root.join("infra/package"));
    command.current_dir(here).env("SOURCE_DATE_EPOCH", EPOCH).env("SNOW_PASSWORD", "set here, not on Azure");
    command.arg("--out").arg(scratch.path().join(out)).args(arguments).output().context("infra/package")
}

/// The part of it that stands behind the compiler's, as strict as for Azure.
fn pack(scratch: &Scratch, binary: &Path, more: &[&str]) -> anyhow::Result<Output> {
    let mut command = Command::new("python3");
    command.arg(root().join("infra/package.d/pack.py")).arg("--root").arg(root()).arg("--for-azure");
    command.arg("--out").arg(scratch.path().join("out")).arg("--binary").arg(binary).args(more);
    command.env("SOURCE_DATE_EPOCH", EPOCH).output().context("pack.py")
}

fn zip(scratch: &Scratch, out: &str) -> PathBuf {
    scratch.path().join(out).join("itsm-connector.zip")
}

fn list(zip: &Path) -> anyhow::Result<Value> {
    let done = Command::new("python3").args(["-c", LIST]).arg(zip).output()?;
    serde_json::from_slice(&done.stdout).with_context(|| said(&done))
}

/// Names of all files below a folder, in order.
fn files(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder)?.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The head of an executable for 64-bit Linux with one segment, as far as it is looked at: the processor, and where the segments are
/// described, in how many bytes each, and how many.
fn elf(processor: u16, segment: u32) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01".to_vec();
    bytes.resize(18, 0);
    bytes.extend(processor.to_le_bytes());
    bytes.resize(32, 0);
    bytes.extend(64_u64.to_le_bytes());
    bytes.resize(54, 0);
    bytes.extend(56_u16.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.resize(64, 0);
    bytes.extend(segment.to_le_bytes());
    bytes.resize(64 + 56, 0);
    bytes
}

#[test]
fn the_package_holds_what_the_host_reads_in_a_fixed_order_and_nothing_else() -> anyhow::Result<()> {
    if !python() {
        return Ok(());
    }
    let scratch = Scratch::new("package")?;
    let binary = stand_in(&scratch)?;
    // Left over from an earlier version.
    let stray = scratch.path().join("out/app/gone_function");
    fs::create_dir_all(&stray)?;
    fs::write(stray.join("function.json"), "{}")?;

    let done = package(&root(), &scratch, "out", &["--binary", &binary.to_string_lossy()])?;
    assert!(done.status.success(), "{}", said(&done));
    assert!(said(&done).contains("ITSM_CONNECTOR_CONFIG=https://"), "{}", said(&done));
    let app = scratch.path().join("out/app");
    assert_eq!(files(&app)?, FILES);
    for name in FILES {
        let mode = fs::metadata(app.join(name))?.permissions().mode() & 0o777;
        assert_eq!(mode, if name == "itsm-connector" { 0o755 } else { 0o644 }, "{name}");
    }
    assert_eq!(fs::read(app.join("host.json"))?, fs::read(root().join("host.json"))?);
    let expected = FILES.map(|name| {
        let mode = if name == "itsm-connector" { "0o100755" } else { "0o100644" };
        json!([name, mode, [2026, 11, 23, 12, 0, 0], 3, 8])
    });
    assert_eq!(list(&zip(&scratch, "out"))?, Value::from(expected.to_vec()));
    Ok(())
}

#[test]
fn every_folder_of_a_function_in_the_repository_is_packed() -> anyhow::Result<()> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(root().join("functions"))? {
        let path = entry?.path().join("function.json");
        if path.is_file() {
            folders.push(path.strip_prefix(root().join("functions"))?.to_string_lossy().into_owned());
        }
    }
    folders.sort();
    assert_eq!(folders, FILES.into_iter().filter(|name| name.contains('/')).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn the_same_content_is_the_same_zip_wherever_and_whenever_it_was_checked_out() -> anyhow::Result<()> {
    if !python() {
        return Ok(());
    }
    let scratch = Scratch::new("package")?;
    let binary = stand_in(&scratch)?;
    let elsewhere = scratch.path().join("elsewhere");
    let mut names: Vec<String> = FILES.iter().filter(|name| name.contains('/')).map(|name| format!("functions/{name}")).collect();
    names.extend(["host.json", "infra/package", "infra/package.d/pack.py"].map(str::to_owned));
    // Another order, another time, other rights.
    for name in names.iter().rev() {
        let copy = elsewhere.join(name);
        fs::create_dir_all(copy.parent().context("a folder")?)?;
        fs::copy(root().join(name), &copy)?;
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o700))?;
    }
    for (root, out) in [(root(), "here"), (elsewhere, "there")] {
        let done = package(&root, &scratch, out, &["--binary", &binary.to_string_lossy()])?;
        assert!(done.status.success(), "{}", said(&done));
    }
    let (here, there) = (fs::read(zip(&scratch, "here"))?, fs::read(zip(&scratch, "there"))?);
    assert!(here == there, "{} and {} bytes", here.len(), there.len());
    Ok(())
}

#[test]
fn settings_are_packed_when_they_are_good_and_secrets_need_not_be_here() -> anyhow::Result<()> {
    if !python() {
        return Ok(());
    }
    let scratch = Scratch::new("package")?;
    let binary = stand_in(&scratch)?;
    let settings = scratch.path().join("mine.toml");
    fs::copy(root().join("connector.toml.sample"), &settings)?;
    let arguments = ["--binary", &binary.to_string_lossy(), "--config", &settings.to_string_lossy()];
    let done = package(&root(), &scratch, "out", &arguments)?;
    assert!(done.status.success(), "{}", said(&done));
    let needed = "must have the app settings AzureWebJobsStorage, INTAKE_KEY, ITSM_QUEUE, ITSM_REFRESH_SCHEDULE, ITSM_SYNC_SCHEDULE, \
                  SNOW_CLIENT_SECRET, SNOW_PASSWORD;";
    assert!(said(&done).contains(needed), "{}", said(&done));
    let packed = fs::read(scratch.path().join("out/app/connector.toml"))?;
    assert_eq!(packed, fs::read(&settings)?);
    assert_eq!(list(&zip(&scratch, "out"))?[2][0], "connector.toml");

    // Behind the Functions host nobody else need ask for a key.
    let text = String::from_utf8(packed)?;
    fs::write(&settings, text.replace("api_keys = [\"$INTAKE_KEY\"]", ""))?;
    let done = package(&root(), &scratch, "out", &arguments)?;
    assert!(done.status.success() && !said(&done).contains("INTAKE_KEY"), "{}", said(&done));

    // The good package of before must not be taken for that of the bad settings.
    fs::write(&settings, text.replace("provider = \"servicenow\"", "provder = \"servicenow\""))?;
    let done = package(&root(), &scratch, "out", &arguments)?;
    assert_eq!(done.status.code(), Some(1), "{}", said(&done));
    assert!(said(&done).contains("provder") && said(&done).contains("mine.toml"), "{}", said(&done));
    assert!(!zip(&scratch, "out").exists());
    Ok(())
}

#[test]
fn an_executable_that_azure_might_not_run_is_refused() -> anyhow::Result<()> {
    if !python() {
        return Ok(());
    }
    let scratch = Scratch::new("package")?;
    let binary = scratch.path().join("binary");
    let refused = |bytes: &[u8], more: &[&str], why: &str| -> anyhow::Result<()> {
        fs::write(&binary, bytes)?;
        let done = pack(&scratch, &binary, more)?;
        assert_eq!(done.status.code(), Some(1), "{}", said(&done));
        assert!(said(&done).contains(why), "{}", said(&done));
        assert!(!zip(&scratch, "out").exists());
        Ok(())
    };
    refused(b"#!/bin/sh\n", &[], "not a 64-bit ELF executable")?;
    refused(&elf(X64, INTERPRETER), &[], "needs the interpreter")?;
    refused(&elf(ARM64, LOADED), &[], "not for x64")?;
    let mut built_here = elf(X64, LOADED);
    built_here.extend(b"panicked at /home/somebody/checkout/handler/src/main.rs");
    refused(&built_here, &["--foreign", "/home/somebody/checkout"], "/home/somebody/checkout stands in it")?;
    let mut with_emulators = elf(X64, LOADED);
    with_emulators.extend(b"crates/emulators/src/lib.rs");
    refused(&with_emulators, &[], "crates/emulators stands in it")?;
    // What a linker would really have made: this test.
    refused(&fs::read(std::env::current_exe()?)?, &[], "needs the interpreter")?;

    fs::write(&binary, elf(X64, LOADED))?;
    let done = pack(&scratch, &binary, &[])?;
    assert!(done.status.success() && said(&done).contains("static"), "{}", said(&done));
    Ok(())
}

#[test]
fn an_older_executable_is_not_taken_for_one_of_this_commit() -> anyhow::Result<()> {
    if !python() {
        return Ok(());
    }
    let scratch = Scratch::new("package")?;
    let binary = scratch.path().join("binary");
    fs::write(&binary, elf(X64, LOADED))?;
    let changed = "abc and changes that are not committed";
    for (built_from, commit, older) in
        [("abc", "abc", false), ("abc", "def", true), ("unknown", "def", true), (changed, changed, true), (changed, "abc", true)]
    {
        let done = pack(&scratch, &binary, &["--again", "--built-from", built_from, "--commit", commit])?;
        let told = said(&done);
        assert!(done.status.success() && told.contains(&format!("built from {built_from}, sha256")), "{told}");
        assert_eq!(told.contains("WARNING: the executable is an older one"), older, "{built_from} {commit}: {told}");
    }
    let fresh = pack(&scratch, &binary, &["--built-from", changed, "--commit", changed])?;
    assert!(!said(&fresh).contains("an older one"), "{}", said(&fresh));
    Ok(())
}

#[test]
fn a_zip_of_more_than_six_megabytes_is_refused() -> anyhow::Result<()> {
    if !python() {
        return Ok(());
    }
    let scratch = Scratch::new("package")?;
    let binary = scratch.path().join("binary");
    let mut bytes = elf(X64, LOADED);
    // What cannot be compressed.
    let mut state = 1_u32;
    bytes.extend((0..7_500_000).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    }));
    fs::write(&binary, bytes)?;
    let done = pack(&scratch, &binary, &[])?;
    assert_eq!(done.status.code(), Some(1), "{}", said(&done));
    assert!(said(&done).contains("larger than 7,500,000 bytes") && !zip(&scratch, "out").exists(), "{}", said(&done));
    Ok(())
}

#[test]
fn wrong_usage_is_told_what_to_read() -> anyhow::Result<()> {
    if !python() {
        return Ok(());
    }
    let scratch = Scratch::new("package")?;
    for arguments in [&["--frobnicate"] as &[&str], &["--config"]] {
        let done = package(&root(), &scratch, "out", arguments)?;
        assert_eq!(done.status.code(), Some(2), "{}", said(&done));
        assert!(said(&done).contains("infra/package --help"), "{}", said(&done));
    }
    let help = package(&root(), &scratch, "out", &["--help"])?;
    assert!(help.status.success() && said(&help).contains("usage: infra/package"), "{}", said(&help));
    let done = package(&root(), &scratch, "out", &["--config", "nowhere.toml", "--skip-build"])?;
    assert!(!done.status.success() && said(&done).contains("nowhere.toml is not there"), "{}", said(&done));
    Ok(())
}
