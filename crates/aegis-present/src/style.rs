//! The colours that mean something.

use aegis_engine::RiskLevel;
use anstyle::{AnsiColor, Style};

/// What is as it should be, or allowed.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// What is wrong, or refused.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// What is open, or not known.
pub const UNSURE: Style = AnsiColor::Yellow.on_default().bold();
/// What matters less than the text beside it.
pub const FAINT: Style = Style::new().dimmed();
/// What leads on: remedies and headings.
pub const HELP: Style = AnsiColor::Cyan.on_default().bold();

/// How much a risk stands out.
#[must_use]
pub const fn risk_style(risk: RiskLevel) -> Style {
    match risk {
        RiskLevel::Low => Style::new(),
        RiskLevel::Medium => UNSURE,
        RiskLevel::High | RiskLevel::Critical => BAD,
    }
}
