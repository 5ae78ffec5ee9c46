//! The addresses of hosts: from this machine's own configuration, and not by the C library's name service,
//! which loads whatever modules that configuration names.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::LookupIpStrategy;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Asks the servers of `/etc/resolv.conf`, and `/etc/hosts` before them. Where that cannot be read, nobody
/// else is asked instead.
#[derive(Clone, Default)]
pub(super) struct HostNames(Arc<OnceLock<TokioResolver>>);

impl HostNames {
    /// The resolver, which is made where it is first needed: on a thread of the executor's.
    fn resolver(&self) -> Result<&TokioResolver, Box<dyn std::error::Error + Send + Sync>> {
        if let Some(made) = self.0.get() {
            return Ok(made);
        }
        let mut builder = TokioResolver::builder_tokio()?;
        builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        let made = builder.build()?;
        Ok(self.0.get_or_init(|| made))
    }
}

impl Resolve for HostNames {
    fn resolve(&self, name: Name) -> Resolving {
        let names = self.clone();
        Box::pin(async move {
            let found = names.resolver()?.lookup_ip(name.as_str()).await?;
            let addresses: Vec<_> = found.iter().map(|address| SocketAddr::new(address, 0)).collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
