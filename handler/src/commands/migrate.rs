//! `migrate`: routes and webhook receivers in place of the old connector's ITSM receivers. Reads and writes files; what they mean is
//! decided in [`connector::migration`].

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use connector::migration::{self, Export, Migration, NotPerCi, Options, SecureWebhook};

use crate::cli::Migrate;
use crate::commands;
use crate::ending::{Ending, Failure};
use crate::output::Output;

/// Converts the files; prints what came of it, or writes it and prints where.
pub fn run(args: &Migrate, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let mut files = Vec::new();
    for file in &args.files {
        files.push((file.display().to_string(), commands::read(file)?));
    }
    let exports: Vec<Export<'_>> = files.iter().map(|(name, content)| Export { name, content }).collect();
    let options = options(args)?;
    let migration = migration::migrate(&exports, &options).map_err(|error| Failure::Wrong(error.to_string()))?;
    unused(&options, &migration)?;

    let written = args.write.as_deref().map(|directory| write(directory, &migration)).transpose()?;
    if args.json {
        output.json(&migration)?;
    } else if let Some(written) = &written {
        for file in written {
            output.line(&format!("written: {}", file.display()))?;
        }
        tell(&migration, output)?;
    } else {
        show(&migration, output)?;
        tell(&migration, output)?;
    }
    Ok(if migration.complete() { Ending::Good } else { Ending::Failed })
}

fn options(args: &Migrate) -> Result<Options, Failure> {
    let mut options = Options {
        url: args.url.clone(),
        not_per_ci: NotPerCi::from(args.not_per_ci),
        routes_only: args.routes_only,
        ..Options::default()
    };
    if let (Some(object_id), Some(identifier_uri), Some(tenant)) = (&args.object_id, &args.identifier_uri, &args.tenant) {
        let (object_id, identifier_uri, tenant) = (object_id.clone(), identifier_uri.clone(), tenant.clone());
        options.secure = Some(SecureWebhook { object_id, identifier_uri, tenant });
    }
    for mapped in &args.connections {
        let before = match &mapped.id {
            Some(id) => options.connections.insert(id.clone(), mapped.target.clone()),
            None => options.connection.replace(mapped.target.clone()),
        };
        if before.is_some() {
            let of = mapped.id.as_deref().unwrap_or("all old connections");
            return Err(Failure::Wrong(format!("--connection is given twice for {of}; give each once")));
        }
    }
    let targets = || options.connections.values().chain(&options.connection);
    for target in targets() {
        if let Some(other) = targets().find(|other| other.name == target.name && other.provider != target.provider) {
            let (name, one, two) = (&target.name, &target.provider, &other.provider);
            return Err(Failure::Wrong(format!(
                "connection \"{name}\" is {one} and {two}; give each provider a connection of its own"
            )));
        }
    }
    options.templates = args.templates.iter().map(|renamed| (renamed.given.clone(), renamed.name.clone())).collect();
    Ok(options)
}

/// An id that no receiver has was most likely mistyped.
fn unused(options: &Options, migration: &Migration) -> Result<(), Failure> {
    let used = |id: &String| migration.connections.iter().any(|connection| connection.old.contains(id));
    match options.connections.keys().find(|id| !used(id)) {
        Some(id) => Err(Failure::Wrong(format!(
            "no ITSM receiver has the connection {id}; --connection takes the connectionId of the export"
        ))),
        None => Ok(()),
    }
}

/// Writes every file anew: what is there already may have been filled in by a person.
fn write(directory: &Path, migration: &Migration) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    if !migration.connector_toml.is_empty() {
        files.push((directory.join("connector.toml"), migration.connector_toml.clone()));
    }
    for group in migration.action_groups.iter().filter(|group| !group.routes.is_empty()) {
        let text = serde_json::to_string_pretty(&group.fragment).context("the fragment is JSON")? + "\n";
        files.push((directory.join(format!("{}.webhooks.json", group.file_name)), text));
    }
    if let Some((there, _)) = files.iter().find(|(path, _)| path.exists()) {
        return Err(already(there));
    }
    fs::create_dir_all(directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    for (path, text) in &files {
        let mut file = File::create_new(path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => already(path),
            _ => Failure::Failed(anyhow::Error::new(error).context(format!("{} cannot be written", path.display()))),
        })?;
        file.write_all(text.as_bytes()).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

fn already(path: &Path) -> Failure {
    Failure::Wrong(format!("{} is there already; move it away, or write into another directory", path.display()))
}

fn show(migration: &Migration, output: &mut Output<'_>) -> Result<(), Failure> {
    for group in migration.action_groups.iter().filter(|group| !group.routes.is_empty()) {
        let of = group.resource_group.as_ref().map_or_else(String::new, |of| format!(" of resource group {of}"));
        output.line(&format!("# Receivers for action group {}{of}", group.name))?;
        output.json(&group.fragment)?;
        output.line("")?;
    }
    if !migration.connector_toml.is_empty() {
        output.line("# Settings, connector.toml")?;
        output.line(&migration.connector_toml)?;
    }
    Ok(())
}

fn tell(migration: &Migration, output: &mut Output<'_>) -> Result<(), Failure> {
    for finding in &migration.findings {
        output.line(&finding.to_string())?;
    }
    let (groups, receivers) = (migration.action_groups.len(), migration.receivers());
    let routes: usize = migration.action_groups.iter().map(|group| group.routes.len()).sum();
    output.line(&format!("action groups: {groups}, ITSM receivers: {receivers}, of them with a route: {routes}"))?;
    Ok(())
}
