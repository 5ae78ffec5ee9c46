//! Words that other tools have for what a policy says.

/// The word of approvals that is meant by another one.
pub(super) fn approval(word: &str) -> Option<&'static str> {
    Some(match word.to_lowercase().as_str() {
        "allow" | "allowed" | "permit" | "accept" | "automatic" | "pass" => "auto",
        "deny" | "denied" | "forbid" | "forbidden" | "reject" | "refuse" | "never" | "disallow" | "drop" => {
            "block"
        }
        "ask" | "confirm" | "human" | "manual" | "prompt" | "review" | "required" | "require" | "hitl" => {
            "approve"
        }
        _ => return None,
    })
}

/// The word of risks that is meant by another one.
pub(super) fn risk(word: &str) -> Option<&'static str> {
    Some(match word.to_lowercase().as_str() {
        "none" | "info" | "minor" | "minimal" => "low",
        "moderate" | "normal" | "warning" => "medium",
        "major" | "important" => "high",
        "severe" | "fatal" | "extreme" | "emergency" => "critical",
        _ => return None,
    })
}

/// What is said of a key that has another name here.
pub(super) fn key(word: &str) -> Option<&'static str> {
    Some(match word.to_lowercase().as_str() {
        "effect" | "decision" | "verdict" => {
            "what happens is said by `approval`: `auto`, `approve` or `block`"
        }
        "if" | "when" | "where" | "condition" => "what must hold besides stands under `conditions`",
        "param_startswith" | "param_starts_with" | "param_prefix" => {
            "write `param_matches` with a regular expression that begins with `^`"
        }
        "param_endswith" | "param_ends_with" | "param_suffix" => {
            "write `param_matches` with a regular expression that ends in `$`"
        }
        "param_in" | "param_one_of" | "param_any" => {
            "write `param_matches` with alternatives, as in `'^(a|b)$'`"
        }
        "param_ne" | "param_neq" | "param_not" | "param_not_eq" | "param_not_in" | "param_not_matches" => {
            "no condition says \"not\": what is to be left out belongs into a rule of its own before this one"
        }
        "param_between" | "param_range" => "write `param_gte` and `param_lte`: all conditions must hold",
        "timeout" | "expires" | "expires_in" | "expires_after" | "deadline" => {
            "how long a question waits is said by `ttl` in a rule's `approval`"
        }
        "reviewers" | "allowed_approvers" | "approved_by" => {
            "who may answer is said by `by` in a rule's `approval`"
        }
        "min_approvals" | "required_approvals" | "approvals_required" => {
            "how many must say yes is said by `quorum` in a rule's `approval`"
        }
        "<<" => "YAML 1.2 has no merge keys: write the keys out",
        _ => return None,
    })
}
