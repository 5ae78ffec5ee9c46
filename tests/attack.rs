//! Attacks, by those who share the account, the terminal or the disk and have read the source. Each of these
//! tests failed on a program that did not hold; what holds now, and what still does not, is in
//! docs/explanation/attacks.md.

mod budgets;
mod closing;
mod identity;
mod linking;
mod modes;
mod prompt;
mod record;
mod secrets;
mod verifying;
mod volatile;
mod waiting;
