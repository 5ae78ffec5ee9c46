//! Where answers go and questions are asked: streams and files, their colour and width, progress, prompts.

mod checked_stderr;
mod local_time;
mod new_file;
mod progress;
mod question;
mod replaced_file;
mod rewritten_file;
mod streams;
mod terminal;
mod whole_file;

pub(crate) use checked_stderr::CheckedStderr;
pub(crate) use local_time::local_times;
pub(crate) use new_file::{create_new, write_new};
pub(crate) use progress::{Progress, human_bytes};
pub(crate) use question::{chosen, require_yes, terminal_options};
pub(crate) use replaced_file::refuse_log;
pub(crate) use rewritten_file::rewrite;
pub(crate) use streams::{Console, PaintedStdout, stdin, stdout};
pub(crate) use terminal::{has_alternate_screen, locale_charset, stdout_width};
pub(crate) use whole_file::{FileError, write_whole};
