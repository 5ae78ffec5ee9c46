//! Calls as the APIs write them, and as an attacker would.

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod recorded;
