//! A damaged log is left as it is, wherever the damage is: nothing is appended to it, and nothing goes.

use aegis_ledger::verify::{Damage, DamageKind, Verification};
use thiserror::Error;

use crate::sqlite::PrunePlan;
use aegis_ledger::remedy::Remedy;

/// A plan for a log that was verified and found sound. Without one, nothing is archived and nothing is
/// deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedPlan(PrunePlan);

/// The log is damaged, so that nothing of it goes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the log is damaged: {0}")]
pub struct DamagedLog(Damage);

impl PrunePlan {
    /// The plan, given what verifying its log came to.
    ///
    /// # Errors
    /// When the log is damaged, or is another one than was verified.
    pub fn verified(self, verification: &Verification) -> Result<VerifiedPlan, DamagedLog> {
        match verification.damage.first() {
            Some(damage) => Err(DamagedLog(damage.clone())),
            None if verification.log != self.log => {
                Err(DamagedLog(Damage { seq: None, kind: DamageKind::WrongLog }))
            }
            None => Ok(VerifiedPlan(self)),
        }
    }
}

impl VerifiedPlan {
    /// What is planned.
    #[must_use]
    pub const fn plan(&self) -> &PrunePlan {
        &self.0
    }
}

impl DamagedLog {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some("nothing was pruned; verifying the log says everything that is wrong".to_owned())
    }

    /// What would help, where a front end may have a command for it.
    #[must_use]
    pub const fn remedy(&self) -> Option<Remedy> {
        Some(Remedy::VerifyLog)
    }
}
