//! A progress bar, for whoever is watching something long.

use std::io::Read;

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::streams::Console;

/// How far something has come. Hidden where nobody watches, and where there is little to do.
pub(crate) struct Progress {
    bar: ProgressBar,
    template: String,
    is_wanted: bool,
    long: u64,
}

impl Progress {
    /// Through things of a kind, such as `rows`; shown where there are at least `long` of them.
    pub(crate) fn through(noun: &str, long: u64, console: Console) -> Progress {
        let template = format!("{{bar:40}} {{human_pos}}/{{human_len}} {noun}, {{eta}} left");
        Progress { bar: ProgressBar::hidden(), template, is_wanted: console.shows_progress(), long }
    }

    /// Through bytes; shown where there are at least `long` of them.
    pub(crate) fn through_bytes(long: u64, console: Console) -> Progress {
        let template = "{bar:40} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left".to_owned();
        Progress { template, ..Progress::through("", long, console) }
    }

    /// Whether somebody could be watching: only then it is worth while to find out how much there is.
    pub(crate) const fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    /// Says how much there is.
    pub(crate) fn begin(&self, total: u64) {
        if self.is_wanted && total >= self.long {
            let style = ProgressStyle::with_template(&self.template);
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            self.bar.set_length(total);
        }
    }

    /// Says how much is done, and how much there is.
    pub(crate) fn show(&self, done: u64, total: u64) {
        if self.bar.length().is_none() {
            self.begin(total);
        }
        self.advance(done);
    }

    /// Says how much is done.
    pub(crate) fn advance(&self, done: u64) {
        if self.bar.length().is_some() {
            self.bar.set_position(done);
        }
    }

    /// The same bytes, counted as they are read.
    pub(crate) fn reading<R: Read>(&self, reader: R) -> impl Read + use<R> {
        self.bar.wrap_read(reader)
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// A number of bytes, in a unit that fits.
pub(crate) fn human_bytes(bytes: u64) -> String {
    HumanBytes(bytes).to_string()
}
