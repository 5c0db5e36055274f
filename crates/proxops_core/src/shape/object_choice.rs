use std::fmt;

use serde::{Deserialize, Serialize};

/// Which objects of a MagicaVoxel scene are flown.
///
/// In scenario files: `Shown`, `Name("bus")` or `Number(2)`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ObjectChoice {
    /// All that the editor shows: neither hidden themselves nor in a hidden group or layer.
    #[default]
    Shown,
    /// Those of this name, and all in groups of this name, hidden or not.
    Name(String),
    /// One object by its number, from 1 in the order of the scene, hidden or not.
    Number(u32),
}

impl ObjectChoice {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for ObjectChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shown => f.write_str("Shown"),
            Self::Name(name) => write!(f, "Name(\"{}\")", name.escape_debug()),
            Self::Number(number) => write!(f, "Number({number})"),
        }
    }
}
