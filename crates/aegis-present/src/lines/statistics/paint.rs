//! The colours of statistics.

use anstyle::{AnsiColor, Style};

/// A heading.
pub(super) const HEAD: Style = Style::new().bold();
pub(super) const ALLOWED: Style = AnsiColor::Green.on_default();
pub(super) const REFUSED: Style = AnsiColor::Red.on_default();
pub(super) const WAITING: Style = AnsiColor::Yellow.on_default();
pub(super) const PLAIN: Style = AnsiColor::Blue.on_default();
