//! The file that holds percentages: JSON, written whole, beside the old one, and then put in its place.
//!
//! `{"sark_flags": 1, "features": {"rust_opa": {"percentage": 25, "formula": 1}}, "history": [{…}, …]}`

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::error::{Error, ErrorKind, Result};
use crate::flags::change::{Change, MAX_HISTORY};
use crate::flags::percentage::Percentage;
use crate::flags::rollouts::{Rollout, Rollouts};
use crate::process;

/// The member that says that a file is ours, and its version.
const MARK: &str = "sark_flags";
const VERSION: u64 = 1;

/// A larger file is not ours: ten thousand features and a thousand changes take less.
const MAX_BYTES: u64 = 16 << 20;

/// What the file holds.
#[derive(Default)]
pub(super) struct Document {
    pub(super) rollouts: Rollouts,
    /// The newest first.
    pub(super) history: Vec<Change>,
}

impl Document {
    /// Reads the file; `None` where there is none.
    ///
    /// # Errors
    /// `UNAVAILABLE` for a file that cannot be read, is torn, or is not sark's.
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        let problem = |what: &dyn std::fmt::Display| unavailable(path, "read", what);
        let length = match fs::metadata(path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(problem(&error)),
        };
        if length > MAX_BYTES {
            return Err(problem(&format_args!("{length} bytes are more than a file of sark's has")));
        }
        let bytes = fs::read(path).map_err(|e| problem(&e))?;
        let json: Value = serde_json::from_slice(&bytes).map_err(|e| problem(&format_args!("it is no whole JSON: {e}")))?;
        Self::from_json(&json).map(Some).map_err(|what| problem(&what))
    }

    fn from_json(json: &Value) -> std::result::Result<Self, String> {
        match json.get(MARK).and_then(Value::as_u64) {
            Some(VERSION) => {}
            Some(version) => return Err(format!("it has version {version}; this release knows version {VERSION}")),
            None => return Err(format!("it is not sark's: the member \"{MARK}\" is missing")),
        }
        let features = json.get("features").and_then(Value::as_object).ok_or("\"features\" is no object")?;
        let mut rollouts = Rollouts::new();
        for (name, feature) in features {
            let rollout = rollout(feature).ok_or_else(|| format!("the feature {name:?} has no percentage"))?;
            rollouts.insert(Arc::from(name.as_str()), rollout);
        }
        let history = json.get("history").and_then(Value::as_array);
        Ok(Self { rollouts, history: history.into_iter().flatten().filter_map(Change::from_json).collect() })
    }

    /// Writes the file: a crash, or a full disk, at any moment leaves the old one whole.
    ///
    /// # Errors
    /// `UNAVAILABLE`; the old file is as it was.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let temporary = beside(path, &format!(".{}.tmp", process::unique_id()));
        let written = self.write_through(&temporary, path);
        written.map_err(|error| {
            // What is left of it is of no use, and if it cannot be removed either, the next write will say so.
            let _ = fs::remove_file(&temporary);
            unavailable(path, "write", &error)
        })
    }

    fn write_through(&self, temporary: &Path, path: &Path) -> io::Result<()> {
        let mut file = File::create(temporary)?;
        file.write_all(self.to_json().to_string().as_bytes())?;
        file.sync_all()?;
        drop(file);
        fs::rename(temporary, path)?;
        // The new name is certain only once the directory is on the disk, too.
        File::open(directory(path))?.sync_all()
    }

    fn to_json(&self) -> Value {
        let feature = |r: &Rollout| json!({"percentage": Value::from(r.percentage), "formula": r.formula});
        let features: Map<_, _> = self.rollouts.iter().map(|(name, r)| (name.to_string(), feature(r))).collect();
        let history: Vec<_> = self.history.iter().take(MAX_HISTORY).map(Change::to_json).collect();
        json!({MARK: VERSION, "features": features, "history": history})
    }
}

fn rollout(feature: &Value) -> Option<Rollout> {
    let percentage = feature.get("percentage").and_then(Value::as_f64).and_then(|p| Percentage::new(p).ok())?;
    let formula = feature.get("formula").and_then(Value::as_u64).and_then(|f| u32::try_from(f).ok())?;
    Some(Rollout { percentage, formula })
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The path with `suffix` after its name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

pub(super) fn unavailable(path: &Path, verb: &str, what: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Unavailable, format!("cannot {verb} the flags in {}: {what}", path.display()))
}
