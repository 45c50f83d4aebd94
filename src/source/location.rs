//! Where policies come from: a source's URL.

use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};

/// What a URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Location {
    /// `dir:PATH`: files, as `opa run PATH` reads them.
    Directory(PathBuf),
    /// `bundle:PATH`: a bundle on disk, packed or not.
    Bundle(PathBuf),
    /// `http://…` or `https://…`: a bundle that a server has.
    Download(String),
    /// `opa:http://…`: what a running OPA has.
    Mirror(String),
}

impl Location {
    /// Reads a URL.
    pub(super) fn parse(url: &str) -> Result<Self> {
        if let Some(path) = url.strip_prefix("dir:") {
            return path_of(path).map(Self::Directory);
        }
        if let Some(path) = url.strip_prefix("bundle:") {
            return path_of(path).map(Self::Bundle);
        }
        if let Some(url) = url.strip_prefix("opa:") {
            return Ok(Self::Mirror(url.to_owned()));
        }
        if url.starts_with("http://") || url.starts_with("https://") {
            return download(url);
        }
        let problem = "url: no such kind of source; write dir:PATH, bundle:PATH, http://…, https://… or opa:http://…";
        Err(Error::new(ErrorKind::Unsupported, problem))
    }

    /// The name that a source has without one: that of the file, or of the last part of the path, as OPA's `bundles/<name>`.
    pub(super) fn default_name(&self) -> String {
        match self {
            Self::Directory(_) => "dir".to_owned(),
            Self::Mirror(_) => "opa".to_owned(),
            Self::Bundle(path) => stem(&path.file_name().unwrap_or_default().to_string_lossy()),
            Self::Download(url) => {
                let path = url.split(['?', '#']).next().unwrap_or_default();
                stem(path.trim_end_matches('/').rsplit('/').next().unwrap_or_default())
            }
        }
    }

    /// The URL for a person: without what may be a secret.
    pub(super) fn shown(&self) -> String {
        let without_secrets = |url: &str| {
            let bare = url.split(['?', '#']).next().unwrap_or_default();
            match url::Url::parse(bare) {
                Ok(mut parsed) => {
                    let _ = (parsed.set_username(""), parsed.set_password(None));
                    parsed.to_string()
                }
                Err(_) => String::new(),
            }
        };
        match self {
            Self::Directory(path) => format!("dir:{}", path.display()),
            Self::Bundle(path) => format!("bundle:{}", path.display()),
            Self::Download(url) => without_secrets(url),
            Self::Mirror(url) => format!("opa:{}", without_secrets(url)),
        }
    }
}

fn stem(name: &str) -> String {
    let name = name.strip_suffix(".tar.gz").or_else(|| name.strip_suffix(".tgz")).unwrap_or(name);
    if name.is_empty() { "bundle".to_owned() } else { name.to_owned() }
}

fn path_of(text: &str) -> Result<PathBuf> {
    if text.is_empty() || text.contains('\0') {
        return Err(Error::invalid("url", "it names no path"));
    }
    // A program that changes its directory later means the same files.
    std::path::absolute(Path::new(text)).map_err(|e| Error::invalid("url", e))
}

fn download(url: &str) -> Result<Location> {
    let parsed = url::Url::parse(url).map_err(|e| Error::invalid("url", format_args!("not a URL: {e}")))?;
    if parsed.host_str().is_none_or(str::is_empty) {
        return Err(Error::invalid("url", "it must name a host"));
    }
    if parsed.fragment().is_some() {
        return Err(Error::invalid("url", "what follows # is sent to nobody; settings go into the config"));
    }
    Ok(Location::Download(url.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::Location;

    #[test]
    fn names_are_those_of_files_and_of_opas_resources() {
        for (url, name) in [
            ("dir:/srv/policies", "dir"),
            ("bundle:/srv/authz.tar.gz", "authz"),
            ("bundle:authz", "authz"),
            ("https://host/bundles/authz", "authz"),
            ("https://host/bundles/authz.tar.gz?token=x", "authz"),
            ("http://host/", "host"),
            ("opa:http://host", "opa"),
        ] {
            assert_eq!(Location::parse(url).map(|location| location.default_name()).ok().as_deref(), Some(name), "{url}");
        }
    }

    #[test]
    fn what_names_nothing_is_refused_and_secrets_are_not_shown() {
        for url in ["", "ftp://x", "dir:", "bundle:", "http://", "https://host/x#y", "file:x"] {
            assert!(Location::parse(url).is_err(), "{url}");
        }
        let shown = Location::parse("https://me:secret@host/b?sig=secret").map(|location| location.shown());
        assert_eq!(shown.ok().as_deref(), Some("https://host/b"));
    }
}
