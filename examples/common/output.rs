//! Files that an example writes, and whose they are.

use std::path::Path;

use crate::terminal::UserError;

/// Where examples write unless they are told otherwise: what lies there is theirs.
const OWN: &str = "out";

/// Passes if nothing is lost when `names` are written to `folder`: none of them is there, the folder is the examples' own
/// (`out` or below), or `force` says so.
pub fn require_free(folder: &Path, names: &[&str], force: bool) -> Result<(), UserError> {
    if force || folder.starts_with(OWN) && !folder.components().any(|part| part.as_os_str() == "..") {
        return Ok(());
    }
    // A link that leads nowhere is something, too.
    match names.iter().map(|name| folder.join(name)).find(|path| path.symlink_metadata().is_ok()) {
        Some(path) => Err(format!("{}: it is there already; --force replaces it", path.display()).into()),
        None => Ok(()),
    }
}
