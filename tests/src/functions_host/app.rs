//! The app root: host.json and a folder for each function.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::function::{Function, Trigger};
use super::host_json::HostJson;
use super::settings::AppSettings;

/// An app that the host would load.
#[derive(Debug, Clone)]
pub struct App {
    pub(super) root: PathBuf,
    pub(super) host: HostJson,
    pub(super) functions: Vec<Function>,
    pub(super) settings: AppSettings,
}

impl App {
    /// Reads `root`, with the app settings given. The error says what the host would refuse, and where.
    pub fn read(root: &Path, settings: AppSettings) -> anyhow::Result<Self> {
        let text = fs::read_to_string(root.join("host.json")).with_context(|| format!("reading {}/host.json", root.display()))?;
        let host = HostJson::parse(&text).context("host.json")?;
        let mut functions = Vec::new();
        for folder in folders(root)? {
            let file = folder.join("function.json");
            if !file.exists() {
                continue;
            }
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
            let function = Function::parse(&name, &text, &host.route_prefix, &settings);
            functions.push(function.with_context(|| format!("{name}/function.json"))?);
        }
        ensure!(!functions.is_empty() || host.has_routes, "there is no function in {}", root.display());
        ensure!(!host.has_routes, "host.json: customHandler.http.routes cannot stand beside function.json files");
        let has_queues = functions.iter().any(|function| {
            matches!(function.trigger, Trigger::Queue { .. }) || function.outputs.iter().any(|output| output.queue.is_some())
        });
        ensure!(host.has_bundle || !has_queues, "host.json: queue bindings need the extensionBundle");
        Ok(Self { root: root.to_owned(), host, functions, settings })
    }

    pub(super) fn function(&self, name: &str) -> anyhow::Result<&Function> {
        self.functions.iter().find(|function| function.name == name).with_context(|| format!("there is no function '{name}'"))
    }

    /// The names of its functions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.functions.iter().map(|function| function.name.as_str())
    }
}

/// Lays out in `root` what the package for Azure holds: host.json and the function folders of `repository` (or of a package that is
/// unpacked there), the executable under the name that host.json gives, and connector.toml.
pub fn lay(root: &Path, repository: &Path, executable: &Path, connector: &str) -> anyhow::Result<()> {
    let text = fs::read_to_string(repository.join("host.json")).context("reading host.json of the repository")?;
    fs::write(root.join("host.json"), &text)?;
    let functions = repository.join("functions");
    for folder in folders(if functions.exists() { &functions } else { repository })? {
        let file = folder.join("function.json");
        if file.exists() {
            let target = root.join(folder.file_name().unwrap_or_default());
            fs::create_dir_all(&target)?;
            fs::copy(&file, target.join("function.json"))?;
        }
    }
    let name = HostJson::parse(&text).context("host.json")?.executable;
    #[cfg(unix)]
    std::os::unix::fs::symlink(executable, root.join(name))?;
    #[cfg(not(unix))]
    fs::copy(executable, root.join(name))?;
    fs::write(root.join("connector.toml"), connector)?;
    Ok(())
}

fn folders(of: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(of).with_context(|| format!("reading {}", of.display()))?;
    let mut folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect();
    folders.sort();
    Ok(folders)
}
