//! Shows what Aegis decided, recorded and found, to people and to programs: models in, text out.
//!
//! A model is what the engine or the log computed. Nothing here reads a file, a clock, an environment or a
//! terminal, and nothing prints: how wide a terminal is, which characters it has and whether it shows colour
//! are values that are handed in. Words of agents are escaped on their way into any text for a person.
//!
//! # Example: a policy that cannot be used
//! ```
//! use aegis_engine::{Source, SourceText, load};
//! use aegis_present::diagnostics::render_diagnostics;
//!
//! let text = b"version: '1'\nrules:\n  - mtach: {}\n";
//! let found = load(&[Source { text }]).diagnostics;
//! let shown = render_diagnostics(&found, &[SourceText::new("policy.yaml", text)], false);
//! assert!(shown.starts_with("error[unknown-key]: a rule has no key `mtach`\n --> policy.yaml:3:5\n"));
//! ```
//!
//! # Rooms
//! | room | for whom |
//! |---|---|
//! | [`json`] | programs: versioned structs of their own, not the internal types |
//! | [`ci`] | CI services: SARIF, `JUnit` XML, annotations of GitHub Actions |
//! | [`diagnostics`] | people who write policies: findings as a compiler shows them |
//! | [`lines`] | people at a terminal: decisions, lives, questions, statistics, verifications, tests |
//! | [`table`] | people at a terminal: records, questions and grants in columns |
//! | [`html`] | people with a browser or a printer: the report on a trail |
//!
//! # Colour
//! Text of [`lines`] and [`table`] is painted with the styles of [`style`] as ANSI escape codes; whoever
//! prints it where no colour is shown strips them. [`diagnostics`] and the whole table are told.

mod answered;
mod asked;
mod charset;
pub mod ci;
pub mod diagnostics;
pub mod diff;
mod fitting;
mod format;
mod granted;
pub mod html;
mod intervals;
pub mod json;
pub mod lines;
mod names;
pub mod quantity;
pub mod style;
pub mod table;
mod unread_file;

pub use answered::{Answered, Named};
pub use asked::{Asked, enough_of_ids};
pub use charset::Charset;
pub use format::Format;
pub use granted::Granted;
pub use unread_file::UnreadFile;
