//! Files and folders that belong to the operator alone.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::config::{Config, Engine};
use crate::entropy::Entropy;

/// Only the owner may read and write.
const OWNER_ONLY: u32 = 0o600;

/// Makes the folders that are missing and the database file, so that SQLite finds it with the right permissions and
/// gives them to its `-wal` and `-shm` files too. A folder that is there already is left as it is.
///
/// # Errors
/// Names the folder or file and what the operating system says.
pub fn prepare(config: &Config) -> anyhow::Result<()> {
    let Engine::Sqlite(file) = &config.database.engine else { return Ok(()) };
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        make_folder(folder)?;
    }
    let made = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(file);
    match made {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => keep_from_others(file),
        Err(error) => Err(error),
    }
    .with_context(|| format!("the database file {} cannot be made", file.display()))
}

/// Takes the group's and everybody's permissions from a database and its companions.
fn keep_from_others(database: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        match fs::metadata(&name) {
            Ok(meta) if meta.permissions().mode() & 0o077 != 0 => {
                fs::set_permissions(&name, Permissions::from_mode(OWNER_ONLY))?;
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Makes a folder for the owner alone, and its parents, unless it is there.
///
/// # Errors
/// Names the folder and what the operating system says.
pub fn make_folder(folder: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("the folder {} cannot be made", folder.display()))
}

/// The secret in a file, made of 256 random bits if the file is not there. It appears whole or not at all, and two
/// processes that start together agree on it.
///
/// # Errors
/// Names the file and what the operating system says.
pub fn secret_or_new(file: &Path, entropy: &Entropy) -> anyhow::Result<String> {
    read_or_make(file, entropy).with_context(|| format!("the file {} cannot be made", file.display()))
}

fn read_or_make(file: &Path, entropy: &Entropy) -> io::Result<String> {
    if !file.exists() {
        let draft = PathBuf::from(format!("{}.{}", file.display(), entropy.opaque_id()));
        let linked = write_draft(&draft, &entropy.secret()).and_then(|()| fs::hard_link(&draft, file));
        let removed = fs::remove_file(&draft);
        match linked {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => removed?,
        }
    }
    Ok(fs::read_to_string(file)?.trim().to_owned())
}

fn write_draft(draft: &Path, secret: &str) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(draft)?;
    writeln!(file, "{secret}")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::{make_folder, secret_or_new};
    use crate::entropy::Entropy;

    fn mode(path: &std::path::Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_secret_is_made_once_for_the_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("a/b");
        make_folder(&data).unwrap();
        let file = data.join("secret");
        let made = secret_or_new(&file, &Entropy::system()).unwrap();
        assert_eq!(made.len(), 43);
        assert_eq!(secret_or_new(&file, &Entropy::system()).unwrap(), made, "the second start reuses it");
        assert_eq!((mode(&data), mode(&file)), (0o700, 0o600));
        assert_eq!(std::fs::read_dir(&data).unwrap().count(), 1, "no draft is left");
    }
}
