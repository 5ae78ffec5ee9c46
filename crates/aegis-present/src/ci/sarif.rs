//! Findings in the Static Analysis Results Interchange Format, version 2.1.0 (OASIS).

use std::fmt::Write as _;

use aegis_engine::{Code, Diagnostic, Label, Severity, SourceText, to_json_line};
use serde::Serialize;

use crate::unread_file::UnreadFile;

/// A report on the findings of policy files.
#[derive(Debug, Serialize)]
pub struct SarifLog {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [RunV210; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RunV210 {
    tool: ToolV210,
    invocations: [InvocationV210; 1],
    /// Columns count Unicode characters.
    column_kind: &'static str,
    results: Vec<ResultV210>,
}

/// Whether everything was looked at, and what was not.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct InvocationV210 {
    execution_successful: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_execution_notifications: Vec<NotificationV210>,
}

#[derive(Debug, Serialize)]
struct NotificationV210 {
    level: &'static str,
    message: MessageV210,
    locations: [WholeFileV210; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WholeFileV210 {
    physical_location: PhysicalFileV210,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalFileV210 {
    artifact_location: ArtifactV210,
}

#[derive(Debug, Serialize)]
struct ToolV210 {
    driver: DriverV210,
}

#[derive(Debug, Serialize)]
struct DriverV210 {
    name: &'static str,
    version: &'static str,
    rules: Vec<RuleV210>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleV210 {
    id: &'static str,
    short_description: MessageV210,
    full_description: MessageV210,
    default_configuration: ConfigurationV210,
}

#[derive(Debug, Serialize)]
struct ConfigurationV210 {
    level: &'static str,
}

#[derive(Debug, Serialize)]
struct MessageV210 {
    text: String,
}

/// One finding.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultV210 {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: MessageV210,
    locations: [LocationV210; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<LocationV210>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LocationV210 {
    physical_location: PhysicalLocationV210,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<MessageV210>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocationV210 {
    artifact_location: ArtifactV210,
    region: RegionV210,
}

#[derive(Debug, Serialize)]
struct ArtifactV210 {
    uri: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RegionV210 {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

impl SarifLog {
    /// A report of nothing yet.
    #[must_use]
    pub fn new() -> SarifLog {
        let rules = Code::ALL.iter().map(|code| RuleV210 {
            id: code.as_str(),
            short_description: message(code.meaning()),
            full_description: message(code.explanation().text),
            default_configuration: ConfigurationV210 { level: level(code.level()) },
        });
        let driver = DriverV210 { name: "aegis", version: env!("CARGO_PKG_VERSION"), rules: rules.collect() };
        let results = Vec::new();
        let invocation =
            InvocationV210 { execution_successful: true, tool_execution_notifications: Vec::new() };
        SarifLog {
            schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
            version: "2.1.0",
            runs: [RunV210 {
                tool: ToolV210 { driver },
                invocations: [invocation],
                column_kind: "unicodeCodePoints",
                results,
            }],
        }
    }

    /// Adds the findings of a file.
    pub fn add(&mut self, found: &[Diagnostic], source: &SourceText<'_>) {
        let [run] = &mut self.runs;
        run.results.extend(found.iter().map(|found| result(found, source)));
    }

    /// Says that a file was not looked at: the run did not do what it was to do.
    pub fn add_unread(&mut self, file: &UnreadFile) {
        let [RunV210 { invocations: [invocation], .. }] = &mut self.runs;
        invocation.execution_successful = false;
        invocation.tool_execution_notifications.push(NotificationV210 {
            level: "error",
            message: message(&file.problem),
            locations: [WholeFileV210 {
                physical_location: PhysicalFileV210 {
                    artifact_location: ArtifactV210 { uri: uri(&file.name) },
                },
            }],
        });
    }

    /// The report as one object on one line.
    #[must_use]
    pub fn to_line(&self) -> String {
        to_json_line(self).unwrap_or_default()
    }
}

impl Default for SarifLog {
    fn default() -> SarifLog {
        SarifLog::new()
    }
}

/// One finding of a file.
fn result(found: &Diagnostic, source: &SourceText<'_>) -> ResultV210 {
    let mut text = found.message.clone();
    if let Some(help) = &found.help {
        text.push_str("; help: ");
        text.push_str(help);
    }
    ResultV210 {
        rule_id: found.code.as_str(),
        rule_index: Code::ALL.iter().position(|code| *code == found.code).unwrap_or_default(),
        level: level(found.severity),
        message: message(&text),
        locations: [location(&found.primary, source)],
        related_locations: found.secondary.iter().map(|label| location(label, source)).collect(),
    }
}

fn location(label: &Label, source: &SourceText<'_>) -> LocationV210 {
    let range = label.span.range();
    let (start, end) = (source.position(range.start), source.position(range.end));
    LocationV210 {
        physical_location: PhysicalLocationV210 {
            artifact_location: ArtifactV210 { uri: uri(source.name()) },
            region: RegionV210 {
                start_line: start.line,
                start_column: start.column,
                end_line: end.line,
                end_column: end.column,
            },
        },
        message: (!label.text.is_empty()).then(|| message(&label.text)),
    }
}

fn message(text: &str) -> MessageV210 {
    MessageV210 { text: text.to_owned() }
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// A path as a reference of RFC 3986: every byte that has another meaning there, or none, is percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("policies/a b.yaml"), "policies/a%20b.yaml");
        assert_eq!(uri("/é:#%"), "/%C3%A9%3A%23%25");
    }
}
