/// Gives an enum its names for command lines and panels, and parses them whatever their case and separators.
macro_rules! named_choice {
    ($choice:ident, $field:literal, { $($variant:ident => $name:literal),+ $(,)? }) => {
        impl $choice {
            /// Every choice, in the order in which a list shows them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name on command lines and in panels; files use the variant's own name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }

        impl std::fmt::Display for $choice {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(self.name())
            }
        }

        impl std::str::FromStr for $choice {
            type Err = $crate::search::SearchError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let plain = |name: &str| name.replace(['_', '-'], "").to_ascii_lowercase();
                let found = Self::ALL.iter().copied().find(|choice| plain(choice.name()) == plain(text));
                found.ok_or_else(|| $crate::search::SearchError::UnknownChoice {
                    field: $field,
                    value: text.to_owned(),
                    accepted: Self::ALL.iter().map(|choice| choice.name()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}

pub(super) use named_choice;
