//! Taking a grant back: it is recorded in one transaction, behind the last use that was made of it.

use aegis_engine::escape;
use aegis_ledger::event::{Event, Operator, Revoked, Stamped};
use aegis_ledger::grant::{Grant, NoGrant, OfferedGrant};
use aegis_ledger::receipt::Receipt;
use aegis_ledger::remedy::Remedy;
use thiserror::Error;

use crate::journal::error::RecordError;
use crate::journal::grant_book::offered_grant_of;
use crate::journal::question_book::now_in;
use crate::journal::record::Journal;

/// A grant that was taken back.
#[derive(Clone, Debug)]
pub struct Revocation {
    /// The place of the record.
    pub receipt: Receipt,
    /// The grant, as it is by that.
    pub grant: Grant,
}

/// Why a grant was not taken back.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RevokeError {
    /// The log could not be written or is damaged, or a sink did not take the record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// No grant of this id was given.
    #[error("no grant `{}` was given in the audit log", escape(.id))]
    Unknown {
        /// The id.
        id: String,
    },
    /// It is over already.
    #[error("{0}")]
    TooLate(NoGrant),
}

impl RevokeError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            RevokeError::Record(error) => return error.help(),
            RevokeError::Unknown { .. } => "the grant may be in another log".to_owned(),
            RevokeError::TooLate(_) => "nothing is allowed by it any more".to_owned(),
        })
    }

    /// What would help, where a front end may have a command for it.
    #[must_use]
    pub const fn remedy(&self) -> Option<Remedy> {
        match self {
            RevokeError::Record(error) => error.remedy(),
            RevokeError::Unknown { .. } | RevokeError::TooLate(_) => None,
        }
    }
}

impl Journal {
    /// Takes back the grant of this id. Whoever may write the log may: it only takes away.
    ///
    /// # Errors
    /// When none was given, it is over already, or the log or a sink does not take the record.
    pub fn revoke_grant(
        &mut self,
        id: &str,
        note: Option<&str>,
        operator: Operator<'_>,
    ) -> Result<Revocation, RevokeError> {
        let (receipt, grant) = self
            .write(|log| {
                let now = now_in(log.transaction)?;
                let offered = offered_grant_of(log.transaction, id)?;
                let Some(mut grant) = offered.and_then(OfferedGrant::into_grant) else {
                    return Ok(Err(RevokeError::Unknown { id: id.to_owned() }));
                };
                if let Err(why) = grant.revoke(now.timestamp_millis()) {
                    return Ok(Err(RevokeError::TooLate(why)));
                }
                let event = Event::Revoked(Revoked { action_id: id, note, operator });
                let receipt = log.append(&[Stamped { at: now, event }])?;
                Ok(Ok((receipt, grant)))
            })
            .map_err(RecordError::from)??;
        let receipt = receipt.ok_or(RecordError::NoEvent)?;
        Ok(Revocation { receipt, grant })
    }
}
