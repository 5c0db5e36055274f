//! Files that are never lost: whole-file writes, bounded reads, locks, and JSON whose numbers come back. Knows nothing of
//! Bevy, and every floor may use it.
//!
//! | part | what it is |
//! |---|---|
//! | [`write()`] | the whole file or its old content, whatever happens in between |
//! | [`read()`] | a regular file of a bounded size; pipes, devices and directories are refused unopened |
//! | [`try_folder`] | whether a folder can be written to, before hours of work end there |
//! | [`write_synced`], [`append`], [`rename`], … | the single calls, for a save of several files; every one of them can be made to fail in a test |
//! | [`FileLock`] | one process at a time |
//! | [`json`] | JSON without `null` in the place of a number |

mod calls;
#[cfg(any(test, feature = "test-support"))]
pub mod faults;
mod finite;
pub mod json;
mod lock;
mod read;
mod write;

pub use calls::{
    append, create_folder, open_to_append, remove_empty_folder, remove_file, rename, set_length, sync_folder,
    write_synced,
};
pub use finite::NotFinite;
pub use lock::FileLock;
pub use read::{read, read_start, read_text, require_file, without_byte_order_mark};
pub use write::{is_temporary, try_folder, write};
