//! The HTTP executor against a real server on this machine: what is sent, what comes back, and what must not
//! happen.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod redirects;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod server;
#[cfg(test)]
mod tls;
