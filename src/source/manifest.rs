//! A bundle's `.manifest` (OPA's `v1/bundle/bundle.go`).

use super::content::{field, text};
use crate::error::{Error, ErrorKind, Result};
use crate::rego::builtins::Glob;
use crate::rego::{Document, Path, RegoVersion};

/// What a manifest says. Without one, everything is the bundle's.
pub(super) struct Manifest {
    pub(super) revision: String,
    /// Without slashes at their ends.
    pub(super) roots: Vec<String>,
    pub(super) rego_version: Option<RegoVersion>,
    /// Patterns of paths, sorted, and the version of the files that match.
    file_versions: Vec<(Glob, RegoVersion)>,
    /// As it was written, for `data.system.bundles`.
    document: Document,
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            revision: String::new(),
            roots: vec![String::new()],
            rego_version: None,
            file_versions: Vec::new(),
            document: Document::empty_object(),
        }
    }
}

impl Manifest {
    /// Reads it. Fields that nobody knows are passed over, as OPA does.
    pub(super) fn read(document: Document) -> Result<Self> {
        let Document::Object(_) = &document else { return Err(bad("it is not an object")) };
        if field(&document, "wasm").is_some_and(|wasm| matches!(wasm, Document::Array(list) if !list.elements().is_empty())) {
            let problem =
                "the bundle's decisions are compiled to WebAssembly, which sark does not run; build it with the target rego";
            return Err(Error::new(ErrorKind::Unsupported, problem));
        }
        let revision = match field(&document, "revision") {
            None => String::new(),
            Some(revision) => text(revision).ok_or_else(|| bad("revision is not text"))?,
        };
        let rego_version = field(&document, "rego_version").map(|version| rego_version(version, "")).transpose()?;
        let file_versions = match field(&document, "file_rego_versions") {
            None => Vec::new(),
            Some(versions) => file_versions(versions)?,
        };
        let roots = field(&document, "roots").map(roots).transpose()?.unwrap_or_else(|| vec![String::new()]);
        Ok(Self { revision, roots, rego_version, file_versions, document })
    }

    /// The roots as paths of data; a percent sign there begins an escape (OPA's `storage.ParsePathEscaped`).
    pub(super) fn root_paths(&self) -> Result<Vec<Path>> {
        self.roots
            .iter()
            .map(|root| unescaped_path(root).ok_or_else(|| bad(&format!("manifest root path invalid: {root}"))))
            .collect()
    }

    /// Whether a path is under a root, as it is written there.
    pub(super) fn permits(&self, path: &[String]) -> bool {
        self.roots.iter().any(|root| root.is_empty() || is_prefix(root, path))
    }

    /// Whether there is a root below the path.
    pub(super) fn leads_to_root(&self, path: &[String]) -> bool {
        self.roots.iter().any(|root| {
            let mut parts = root.split('/');
            path.iter().all(|key| parts.next() == Some(key))
        })
    }

    /// The version of the file at `path`.
    pub(super) fn version_of(&self, path: &str, default: RegoVersion) -> RegoVersion {
        let by_file = self.file_versions.iter().find(|(pattern, _)| pattern.is_match(path)).map(|(_, version)| *version);
        by_file.or(self.rego_version).unwrap_or(default)
    }

    /// What OPA keeps of it, with the roots as they are understood.
    pub(super) fn about(&self) -> Document {
        let Document::Object(object) = &self.document else { return Document::empty_object() };
        let roots = Document::array(self.roots.iter().map(|root| Document::string(root)).collect());
        let mut about = object.with(b"roots", roots).with(b"revision", Document::string(&self.revision));
        // What OPA does not know it does not keep, nor what is empty.
        let known: [&[u8]; 5] = [b"revision", b"roots", b"rego_version", b"file_rego_versions", b"metadata"];
        let unknown: Vec<Vec<u8>> = about
            .keys()
            .iter()
            .zip(about.values())
            .filter_map(|(key, value)| {
                let key = key.as_bytes()?;
                let is_empty = matches!(value, Document::Null) || matches!(value, Document::Object(o) if o.keys().is_empty());
                (!known.contains(&key) || is_empty).then(|| key.to_vec())
            })
            .collect();
        for key in unknown {
            about = about.without(&key).unwrap_or(about);
        }
        Document::Object(std::sync::Arc::new(about))
    }
}

fn is_prefix(root: &str, path: &[String]) -> bool {
    let mut keys = path.iter();
    root.split('/').all(|part| keys.next().is_some_and(|key| key == part))
}

/// The keys of a path with slashes, in each of which `%XX` is a byte.
pub(super) fn unescaped_path(text: &str) -> Option<Path> {
    let text = text.strip_prefix('/').unwrap_or(text);
    if text.is_empty() {
        return Some(Path::new(Vec::new()));
    }
    text.split('/').map(unescape).collect::<Option<Vec<_>>>().map(Path::new)
}

fn unescape(key: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

fn bad(problem: &str) -> Error {
    Error::new(ErrorKind::SerializationError, format!(".manifest: {problem}"))
}

fn rego_version(value: &Document, file: &str) -> Result<RegoVersion> {
    match value {
        Document::Int(0) => Ok(RegoVersion::V0),
        Document::Int(1) => Ok(RegoVersion::V1),
        Document::Int(2) => Ok(RegoVersion::V2),
        _ => {
            let of = if file.is_empty() { String::new() } else { format!(" for file '{file}'") };
            Err(bad(&format!("manifest has unknown rego-version{of}; it is 0, 1 or 2")))
        }
    }
}

fn file_versions(versions: &Document) -> Result<Vec<(Glob, RegoVersion)>> {
    let Document::Object(versions) = versions else { return Err(bad("file_rego_versions is not an object")) };
    let each = versions.keys().iter().zip(versions.values()).map(|(pattern, version)| {
        let pattern = text(pattern).unwrap_or_default();
        let glob = Glob::new(&pattern).map_err(|problem| bad(&format!("failed to compile glob pattern {pattern}: {problem}")))?;
        Ok((glob, rego_version(version, &pattern)?))
    });
    each.collect()
}

fn roots(value: &Document) -> Result<Vec<String>> {
    let Document::Array(list) = value else { return Err(bad("roots is not a list")) };
    let each = list.elements().iter().map(|root| text(root).map(|root| root.trim_matches('/').to_owned()));
    let roots: Vec<String> = each.collect::<Option<_>>().ok_or_else(|| bad("roots is not a list of texts"))?;
    for (number, root) in roots.iter().enumerate() {
        for other in roots.iter().skip(number + 1) {
            if overlap(root, other) {
                return Err(bad(&format!("manifest has overlapped roots: '{root}' and '{other}'")));
            }
        }
    }
    Ok(roots)
}

fn overlap(a: &str, b: &str) -> bool {
    let keys = |root: &str| root.split('/').map(str::to_owned).collect::<Vec<_>>();
    a.is_empty() || b.is_empty() || is_prefix(a, &keys(b)) || is_prefix(b, &keys(a))
}

#[cfg(test)]
mod tests {
    use super::super::content::read_json;
    use super::Manifest;
    use crate::rego::RegoVersion;
    use crate::rego::value::text;

    fn read(json: &str) -> Result<Manifest, String> {
        let document = read_json(".manifest", json.as_bytes(), 10_000).map_err(|error| error.to_string())?;
        Manifest::read(document).map_err(|error| error.to_string())
    }

    #[test]
    fn roots_bound_it_and_do_not_overlap() {
        let keys = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
        let manifest = read(r#"{"revision": "v1", "roots": ["/a/b/", "c"]}"#).unwrap_or_default();
        assert!(manifest.permits(&keys("a/b")) && manifest.permits(&keys("a/b/x")) && manifest.permits(&keys("c")));
        assert!(!manifest.permits(&keys("a/bc")) && !manifest.permits(&keys("a")) && !manifest.permits(&keys("cd")));
        assert!(manifest.leads_to_root(&keys("a")) && !manifest.leads_to_root(&keys("b")));
        assert_eq!(text(&manifest.about().view()), r#"{"revision": "v1", "roots": ["a/b", "c"]}"#);
        for bad in [r#"{"roots": ["a", "a/b"]}"#, r#"{"roots": ["", "a"]}"#, r#"{"roots": "a"}"#, r#"{"rego_version": 3}"#, "[]"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(read(r#"{"wasm": [{"entrypoint": "a"}]}"#).is_err_and(|problem| problem.contains("WebAssembly")));
    }

    #[test]
    fn files_have_versions_of_their_own() {
        let manifest = read(r#"{"rego_version": 0, "file_rego_versions": {"/x/*.rego": 1, "/y.rego": 2}}"#).unwrap_or_default();
        assert_eq!(manifest.version_of("/x/deep/a.rego", RegoVersion::V1), RegoVersion::V1);
        assert_eq!(manifest.version_of("/y.rego", RegoVersion::V1), RegoVersion::V2);
        assert_eq!(manifest.version_of("/z.rego", RegoVersion::V1), RegoVersion::V0);
    }
}
