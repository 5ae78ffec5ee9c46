//! The trail as its callers see it: one file for each concern, all in one program so that it is linked once.

#[cfg(test)]
mod chain;
#[cfg(test)]
mod child;
#[cfg(test)]
mod concurrency;
#[cfg(test)]
mod ended;
#[cfg(test)]
mod event_lines;
#[cfg(test)]
mod export;
#[cfg(test)]
mod files;
#[cfg(test)]
mod follow;
#[cfg(test)]
mod history;
#[cfg(test)]
mod index;
#[cfg(test)]
mod numbers;
#[cfg(test)]
mod observed;
#[cfg(test)]
mod prune;
#[cfg(test)]
mod query;
#[cfg(test)]
mod reader;
#[cfg(test)]
mod redact;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod siem;
#[cfg(test)]
mod sinks;
#[cfg(test)]
mod spot_check;
#[cfg(test)]
mod statistics;
#[cfg(test)]
mod store;
#[cfg(test)]
mod tail;
#[cfg(test)]
mod tamper;
#[cfg(test)]
mod verify;
