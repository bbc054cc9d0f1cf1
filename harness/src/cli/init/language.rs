//! The languages that `crashworthy init` has files for, and how their backends are certified.

use clap::ValueEnum;

use super::claims;

/// What a backend is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, strum::Display)]
#[strum(serialize_all = "kebab-case")]
pub(super) enum Language {
    /// A test target of a package.
    Rust,
    /// A module beside the adapter.
    Node,
    /// A script beside the adapter.
    Python,
}

/// The claims of the backends that speak the protocol.
const CLAIMS: &str = "my_backend.claims.toml";

impl Language {
    /// Which files give a project's language away.
    pub(super) fn signs() -> impl Iterator<Item = (Self, &'static str)> {
        [(Self::Rust, "Cargo.toml"), (Self::Node, "package.json"), (Self::Python, "pyproject.toml")]
            .into_iter()
    }

    /// The files to write, with their texts.
    pub(super) fn files(self) -> Vec<(&'static str, String)> {
        match self {
            Self::Rust => {
                vec![(
                    self.backend(),
                    include_str!("../../../skeletons/rust/certify.rs").to_owned(),
                )]
            }
            Self::Node => vec![
                (self.backend(), include_str!("../../../skeletons/node/my_backend.mjs").to_owned()),
                ("serve.mjs", include_str!("../../../adapters/node/serve.mjs").to_owned()),
                (CLAIMS, claims::template()),
            ],
            Self::Python => vec![
                (
                    self.backend(),
                    include_str!("../../../skeletons/python/my_backend.py").to_owned(),
                ),
                (
                    "crashworthy_adapter.py",
                    include_str!("../../../adapters/python/crashworthy_adapter.py").to_owned(),
                ),
                (CLAIMS, claims::template()),
            ],
        }
    }

    /// The file that holds the backend.
    pub(super) fn backend(self) -> &'static str {
        match self {
            Self::Rust => "tests/certify.rs",
            Self::Node => "my_backend.mjs",
            Self::Python => "my_backend.py",
        }
    }

    /// The file that holds the claims.
    pub(super) fn claims(self) -> &'static str {
        match self {
            Self::Rust => self.backend(),
            Self::Node | Self::Python => CLAIMS,
        }
    }

    /// The command that judges one guarantee, within seconds.
    pub(super) fn first(self) -> String {
        match self {
            Self::Rust => "cargo test --test certify kill-atomic-write".to_owned(),
            Self::Node | Self::Python => self.certify(" --guarantee kill-atomic-write"),
        }
    }

    /// The command that judges everything.
    pub(super) fn whole(self) -> String {
        match self {
            Self::Rust => "cargo test --test certify".to_owned(),
            Self::Node | Self::Python => self.certify(""),
        }
    }

    fn certify(self, options: &str) -> String {
        let interpreter = if self == Self::Node { "node" } else { "python3" };
        let backend = self.backend();
        format!("crashworthy certify --claims {CLAIMS}{options} -- {interpreter} {backend}")
    }
}
