//! The runtime over real logs: every way in which an action, its executor, or whoever waits for it can end.

#[cfg(test)]
mod cancellation;
#[cfg(test)]
mod compensation;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod governed;
#[cfg(test)]
mod hooks;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod scripted;
