//! `true` and `false`.

use crate::language::fix::Fix;
use crate::language::read::reader::Reader;
use crate::language::read::shapes::Shape;
use crate::language::yaml::node::{Kind, Node};
use crate::text::span::Spanned;

impl Reader<'_> {
    /// `true` or `false`; `means` tells what each of them says.
    pub(super) fn flag(&mut self, node: &Node, what: &str, means: &str) -> Option<Spanned<bool>> {
        if let Kind::Bool(flag) = node.kind {
            return Some(Spanned::new(flag, node.span));
        }
        let meant = match &node.kind {
            Kind::String(text) => match text.to_lowercase().as_str() {
                "true" | "yes" | "on" => Some("true"),
                "false" | "no" | "off" => Some("false"),
                _ => None,
            },
            _ => None,
        };
        let shape = meant.map(|word| {
            let help = format!(
                "write `{word}`, without quotes; YAML 1.2 takes `yes`, `no`, `on` and `off` for strings"
            );
            Shape::new(help, Fix::replace(node.span, word, true))
        });
        let shape = shape.unwrap_or_else(|| Shape::new(means, None));
        if !matches!(node.kind, Kind::Broken) {
            self.wrong_shape(node, what, "`true` or `false`", Some(shape));
        }
        None
    }
}
