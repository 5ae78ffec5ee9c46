//! What would help, in the words of this command: which command, which flag.

use aegis_audit::Remedy as LogRemedy;
use aegis_engine::{Diagnostic, Remedy as PolicyRemedy};
use aegis_runtime::Remedy as GateRemedy;

/// Where a log belongs that is where nothing lasts.
pub(crate) const KEEP_LOG_ON_DISK: &str = "keep it on a disk: `--db` names another place";

/// What helps against an error of the log: by which command or flag, or else what the library itself says.
pub(crate) fn of_log(remedy: Option<LogRemedy>, library: Option<String>) -> Option<String> {
    remedy.and_then(log_words).map(str::to_owned).or(library)
}

/// What helps against an error of the gate, likewise.
pub(crate) fn of_gate(remedy: Option<GateRemedy>, library: Option<String>) -> Option<String> {
    remedy.and_then(gate_words).map(str::to_owned).or(library)
}

/// Findings, whose helps name the command or flag that helps where there is one.
pub(crate) fn of_policy(mut findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
    for finding in &mut findings {
        if let Some(words) = finding.remedy.and_then(policy_words) {
            finding.help = Some(words.to_owned());
        }
    }
    findings
}

const fn policy_words(remedy: PolicyRemedy) -> Option<&'static str> {
    Some(match remedy {
        PolicyRemedy::GiveSeveralFiles => {
            "a policy file holds one document; give several files with several `--policy`"
        }
        PolicyRemedy::WriteStarterPolicy => {
            "a policy has at least `version: \"1\"` and `rules: []`; `aegis init` writes one"
        }
        PolicyRemedy::ImposeAgent => {
            "impose the agent's name with `aegis check --agent NAME`, and say so with \
             `# aegis: allow(auto-by-agent-word) — reason`; or write `approval: approve`"
        }
        PolicyRemedy::ListCodes => "`aegis validate --codes` lists them",
        _ => return None,
    })
}

const fn log_words(remedy: LogRemedy) -> Option<&'static str> {
    Some(match remedy {
        LogRemedy::CreateLog => "`aegis check` creates it; `--db` names another place",
        LogRemedy::MakeWritable => "make it writable, or keep the log elsewhere with `--db`",
        LogRemedy::RemoveOtherName => "remove the other name, or keep the log elsewhere with `--db`",
        LogRemedy::NameAnotherLog => "name another file with `--db`",
        LogRemedy::NameOwnLog => "it must belong to root or to you; name another file with `--db`",
        LogRemedy::StartAnotherLog => {
            "it is not repaired: keep it as evidence, and start another one with `--db`"
        }
        LogRemedy::LookAtDamage => {
            "`aegis audit verify` says everything that is wrong; it is not repaired: keep it as evidence, and \
             start another one with `--db`"
        }
        LogRemedy::LeaveOldLog => "read it with the program that wrote it, and start another log with `--db`",
        LogRemedy::ExportEvents => "`aegis audit --events -o FILE` writes such a file",
        LogRemedy::VerifyLog => "nothing was pruned; `aegis audit verify` says everything that is wrong",
        LogRemedy::TakeIdFromAnswer => {
            "`aegis check --format json` gives an action's id as `action_id`; `--db` names another log"
        }
        LogRemedy::AskAgain => {
            "an action ends once; what is recorded stays: ask for another try with `aegis check`"
        }
        LogRemedy::ListActions => {
            "`aegis audit` lists actions with the beginnings of their ids; `--db` names another log"
        }
        LogRemedy::StartJournal => {
            "is systemd-journald running? leave `--audit journald` out where it is not"
        }
        _ => return None,
    })
}

const fn gate_words(remedy: GateRemedy) -> Option<&'static str> {
    Some(match remedy {
        GateRemedy::WritePolicy => "`aegis init` writes a starter policy; `--policy` names another place",
        _ => return None,
    })
}
