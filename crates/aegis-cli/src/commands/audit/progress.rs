//! A progress bar for verifying.

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;

/// From how many rows on a progress bar is shown.
const LONG_LOG: u64 = 50_000;

/// A bar for whoever is watching a long log being verified; hidden otherwise.
pub(super) struct Bar {
    bar: ProgressBar,
    wanted: bool,
}

impl Bar {
    pub(super) fn new(output: Output) -> Bar {
        Bar { bar: ProgressBar::hidden(), wanted: output.shows_progress() }
    }

    pub(super) fn show(&self, done: u64, total: u64) {
        if !self.wanted || total < LONG_LOG {
            return;
        }
        if self.bar.length().is_none() {
            let style = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} rows, {eta} left");
            self.bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
            self.bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            self.bar.set_length(total);
        }
        self.bar.set_position(done);
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
