//! What an action says is to be run, read back from its parameters alone.

use std::collections::BTreeMap;
use std::path::PathBuf;

use aegis_engine::{Action, Digest};
use serde_json::Value;
use thiserror::Error;

use super::environment::is_part_of_command;
use super::given_files::GivenFiles;
use super::script::Script;

/// A command as it was decided on.
#[derive(Debug)]
pub(super) struct ApprovedCommand {
    pub(super) argv: Vec<String>,
    pub(super) program: PathBuf,
    pub(super) program_sha256: Digest,
    pub(super) cwd: PathBuf,
    pub(super) env: BTreeMap<String, String>,
    pub(super) script: Option<Script>,
    /// What else an interpreter is given.
    pub(super) files: GivenFiles,
    /// Whether a script is run from a copy that nobody can change.
    pub(super) is_sealed: bool,
}

/// Why an action is no command that could be run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the action is no command: its parameter `{param}` is not {expected}")]
pub struct NoCommand {
    /// The parameter.
    pub param: &'static str,
    /// What it must be.
    pub expected: &'static str,
}

impl ApprovedCommand {
    /// Reads an action that a [`CommandSpec`](super::spec::CommandSpec) made, or somebody else in the same
    /// form.
    pub(super) fn of(action: &Action) -> Result<ApprovedCommand, NoCommand> {
        let argv = match action.params().get("argv") {
            Some(Value::Array(words)) if !words.is_empty() => words.iter().map(plain).collect(),
            _ => None,
        };
        let argv = argv.ok_or(NoCommand { param: "argv", expected: "a list of texts, the program first" })?;
        let script = match (action.params().get("script"), action.params().get("script_sha256")) {
            (None, None) => None,
            _ => Some(Script { path: string(action, "script")?, sha256: digest(action, "script_sha256")? }),
        };
        let is_sealed = match action.params().get("sealed") {
            None => false,
            Some(Value::Bool(true)) => true,
            Some(_) => return Err(NoCommand { param: "sealed", expected: "true, or left out" }),
        };
        Ok(ApprovedCommand {
            is_sealed,
            argv,
            program: absolute(action, "program")?,
            program_sha256: digest(action, "program_sha256")?,
            cwd: absolute(action, "cwd")?,
            env: environment(action)?,
            script,
            files: files(action)?,
        })
    }
}

fn environment(action: &Action) -> Result<BTreeMap<String, String>, NoCommand> {
    let wrong = NoCommand {
        param: "env",
        expected: "an object of variables that are part of a command, with their texts",
    };
    let Some(Value::Object(env)) = action.params().get("env") else { return Err(wrong) };
    env.iter()
        .map(|(name, value)| {
            let value = plain(value).filter(|_| is_part_of_command(name) && !name.contains(['=', '\0']));
            value.map(|value| (name.clone(), value)).ok_or_else(|| wrong.clone())
        })
        .collect()
}

fn files(action: &Action) -> Result<GivenFiles, NoCommand> {
    let wrong = || NoCommand {
        param: "files",
        expected: "an object of paths with the SHA-256 of each in hexadecimal digits, or left out",
    };
    let files = match action.params().get("files") {
        None => return Ok(GivenFiles::new()),
        Some(Value::Object(files)) if !files.is_empty() => files,
        Some(_) => return Err(wrong()),
    };
    files
        .iter()
        .map(|(path, sha256)| {
            sha256.as_str().and_then(Digest::from_hex).map(|sha256| (path.clone(), sha256)).ok_or_else(wrong)
        })
        .collect()
}

/// A text that a program can be handed.
fn plain(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.contains('\0')).map(str::to_owned)
}

fn string(action: &Action, param: &'static str) -> Result<String, NoCommand> {
    action.params().get(param).and_then(plain).ok_or(NoCommand { param, expected: "a text" })
}

fn absolute(action: &Action, param: &'static str) -> Result<PathBuf, NoCommand> {
    let path = action.params().get(param).and_then(plain).map(PathBuf::from);
    path.filter(|path| path.is_absolute()).ok_or(NoCommand { param, expected: "an absolute path" })
}

fn digest(action: &Action, param: &'static str) -> Result<Digest, NoCommand> {
    let digest = action.params().get(param).and_then(Value::as_str).and_then(Digest::from_hex);
    digest.ok_or(NoCommand { param, expected: "a SHA-256 in hexadecimal digits" })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(params: &Value) -> Result<ApprovedCommand, NoCommand> {
        let action = json!({ "type": "exec", "target": "x", "params": params });
        ApprovedCommand::of(&Action::from_value(action).unwrap())
    }

    fn good() -> Value {
        let digest = "ab".repeat(32);
        json!({ "argv": ["x", ""], "program": "/x", "program_sha256": digest, "cwd": "/", "env": { "PATH": "/" } })
    }

    #[test]
    fn what_is_missing_or_of_another_kind_is_refused() {
        assert_eq!(of(&good()).unwrap().argv, ["x", ""]);
        let script = json!({ "script": "/s", "script_sha256": "cd".repeat(32) });
        let mut with_script = good();
        with_script.as_object_mut().unwrap().extend(script.as_object().unwrap().clone());
        assert_eq!(of(&with_script).unwrap().script.unwrap().path, "/s");
        let mut with_files = good();
        with_files["files"] = json!({ "/s": "cd".repeat(32) });
        assert!(of(&with_files).unwrap().files.contains_key("/s"));
        for (param, value) in [
            ("files", json!({})),
            ("files", json!(["/s"])),
            ("files", json!({ "/s": null })),
            ("files", json!({ "/s": "ab" })),
            ("argv", json!([])),
            ("argv", json!("x")),
            ("argv", json!(["x", 1])),
            ("argv", json!(["x\0"])),
            ("program", json!("x")),
            ("program_sha256", json!("ab")),
            ("cwd", json!(".")),
            ("cwd", json!(null)),
            ("env", json!([])),
            ("env", json!({ "PATH": 1 })),
            // Nobody was shown that such a variable is part of it.
            ("env", json!({ "LINES": "1" })),
            ("script", json!("/s")),
            ("sealed", json!(false)),
            ("script_sha256", json!("ab".repeat(32))),
        ] {
            let mut params = good();
            params[param] = value.clone();
            assert!(of(&params).is_err(), "{param} {value}");
        }
        for param in ["argv", "program", "program_sha256", "cwd", "env"] {
            let mut params = good();
            params.as_object_mut().unwrap().remove(param);
            assert_eq!(of(&params).unwrap_err().param, param);
        }
    }
}
