//! A policy, compiled.

use std::path::Path;
use std::sync::Arc;

use aegis_engine::{Diagnostic, Digest, Document, Severity, Source, SourceText, lint, load};
use aegis_present::diagnostics::render_diagnostics;
use aegis_present::json::v1::PolicyReportV1;
use aegis_runtime::{Plan, PolicyFile, PolicyFileError};
use pyo3::prelude::*;

use crate::action;
use crate::border::outside;
use crate::failure::Failure;
use crate::policy_json::rules_json;
use crate::preview::{Preview, explained_json};

/// A policy: valid, compiled, and never changed.
#[pyclass(frozen, module = "aegis._native")]
pub(crate) struct Policy {
    pub(crate) compiled: Arc<aegis_engine::Policy>,
    pub(crate) digest: Digest,
    documents: Vec<Option<Document>>,
    texts: Vec<NamedText>,
}

/// The text of a policy, and what it is called in findings.
#[derive(Clone)]
struct NamedText {
    name: String,
    text: Vec<u8>,
}

#[pymethods]
impl Policy {
    /// The policy that these files hold, in this order: each trusted, or of the digest that it is pinned to.
    #[staticmethod]
    fn of_files(py: Python<'_>, paths: Vec<String>, pin: Option<&str>) -> PyResult<Policy> {
        outside(py, || {
            let pin = pin.map(read_digest).transpose()?;
            let open = |name: String| {
                let file = PolicyFile::open(Path::new(&name), pin)?;
                Ok(NamedText { name, text: file.text().to_vec() })
            };
            let texts: Result<Vec<_>, PolicyFileError> = paths.into_iter().map(open).collect();
            let texts = texts.map_err(|error| Failure::policy(error.to_string()).advice(error.help()))?;
            Policy::compile(texts)
        })
    }

    /// The policy that these texts hold: YAML, or JSON, which is YAML.
    #[staticmethod]
    fn of_texts(py: Python<'_>, texts: Vec<(String, Vec<u8>)>) -> PyResult<Policy> {
        outside(py, || {
            Policy::compile(texts.into_iter().map(|(name, text)| NamedText { name, text }).collect())
        })
    }

    /// The rules of this policy, and behind them those of another; the defaults are those of this one.
    fn merged(&self, py: Python<'_>, other: &Policy) -> PyResult<Policy> {
        outside(py, || Policy::compile([self.texts.as_slice(), &other.texts].concat()))
    }

    /// The digest by which records name the policy.
    #[getter]
    fn sha256(&self) -> String {
        self.digest.to_string()
    }

    /// Findings that are no errors: the JSON of `aegis validate --format json`. They are looked for when they
    /// are asked for.
    fn warnings(&self, py: Python<'_>) -> PyResult<String> {
        outside(py, || {
            let sources: Vec<_> = self.texts.iter().map(|named| Source { text: &named.text }).collect();
            let mut loaded = load(&sources);
            let lints = lint(&loaded, &sources);
            loaded.diagnostics.extend(lints);
            Ok(report(&self.texts, &loaded.diagnostics, true))
        })
    }

    /// The rules: name, risk, approval, globs, conditions.
    fn rules(&self, py: Python<'_>) -> PyResult<String> {
        outside(py, || rules_json(&self.compiled, &self.documents))
    }

    /// What the policy says of an action now. It allows nothing.
    fn preview(&self, py: Python<'_>, action: &str) -> PyResult<Preview> {
        outside(py, || {
            let action = action::read(action)?;
            let plan = Plan::new([action], &self.compiled, self.digest);
            let planned = plan.actions().first().cloned();
            let planned = planned.ok_or_else(|| Failure::usage("a plan of one action holds none"))?;
            Ok(Preview { planned })
        })
    }

    /// What the policy says of an action at an instant (RFC 3339), with each rule that was looked at.
    fn explain(&self, py: Python<'_>, action: &str, at: Option<&str>) -> PyResult<String> {
        outside(py, || explained_json(&action::read(action)?, &self.compiled, self.digest, at))
    }
}

impl Policy {
    fn compile(texts: Vec<NamedText>) -> Result<Policy, Failure> {
        let sources: Vec<_> = texts.iter().map(|named| Source { text: &named.text }).collect();
        let loaded = load(&sources);
        let Some(policy) = loaded.policy else {
            let report = report(&texts, &loaded.diagnostics, false);
            let shown: Vec<_> = texts.iter().map(|named| SourceText::new(&named.name, &named.text)).collect();
            let errors: Vec<_> =
                loaded.diagnostics.into_iter().filter(|found| found.severity == Severity::Error).collect();
            let message = render_diagnostics(&errors, &shown, false);
            return Err(Failure::policy(message.trim_end()).details(report));
        };
        let digest = match texts.as_slice() {
            [one] => Digest::of(&one.text),
            // As the command has it for several files.
            several => {
                let digests: Vec<_> =
                    several.iter().map(|named| Digest::of(&named.text).to_string() + "\n").collect();
                Digest::of(digests.concat().as_bytes())
            }
        };
        let compiled = Arc::new(policy);
        Ok(Policy { compiled, digest, documents: loaded.documents, texts })
    }
}

/// What was found in several texts, as one report.
fn report(texts: &[NamedText], found: &[Diagnostic], valid: bool) -> String {
    let mut report = PolicyReportV1::new(texts.len());
    for (named, id) in texts.iter().zip(0_u32..) {
        let own: Vec<_> = found.iter().filter(|found| found.primary.span.source.0 == id).cloned().collect();
        report.add(&own, &SourceText::new(&named.name, &named.text));
    }
    report.into_line(valid)
}

fn read_digest(text: &str) -> Result<Digest, Failure> {
    Digest::from_hex(text).ok_or_else(|| {
        Failure::usage("a pinned digest is not 64 hexadecimal digits").help("`sha256sum FILE` prints it")
    })
}
