//! As much of XML Schema as `junit-10.xsd` uses: which elements and attributes an element takes, which it needs, and
//! whether it may hold text.

use roxmltree::{Document, Node};
use std::collections::BTreeMap;

const XS: &str = "http://www.w3.org/2001/XMLSchema";

#[derive(Default)]
struct Element {
    children: Vec<String>,
    /// Name, and whether it must be there.
    attributes: BTreeMap<String, bool>,
    text: bool,
}

/// What is wrong with `document` by `schema`.
pub fn faults(schema: &str, document: &str) -> Vec<String> {
    let schema = Document::parse(schema).expect("the schema is XML");
    let elements: BTreeMap<String, Element> = schema
        .root_element()
        .children()
        .filter(|node| node.has_tag_name((XS, "element")))
        .map(|node| (attribute(node, "name"), element(schema.root_element(), node)))
        .collect();
    let document = match Document::parse(document) {
        Ok(document) => document,
        Err(error) => return vec![format!("no XML: {error}")],
    };
    let mut faults = Vec::new();
    check(&elements, document.root_element(), &mut faults);
    faults
}

fn attribute(node: Node<'_, '_>, name: &str) -> String {
    node.attribute(name).unwrap_or_default().to_owned()
}

fn element(schema: Node<'_, '_>, node: Node<'_, '_>) -> Element {
    let named = node.attribute("type").and_then(|name| {
        schema
            .children()
            .find(|other| other.has_tag_name((XS, "complexType")) && other.attribute("name") == Some(name))
    });
    let Some(complex) =
        named.or_else(|| node.children().find(|child| child.has_tag_name((XS, "complexType"))))
    else {
        return Element { text: true, ..Element::default() };
    };
    let mut element = Element { text: complex.attribute("mixed") == Some("true"), ..Element::default() };
    for inner in complex.descendants() {
        if inner.has_tag_name((XS, "element")) {
            element
                .children
                .push(inner.attribute("ref").or(inner.attribute("name")).unwrap_or_default().to_owned());
        } else if inner.has_tag_name((XS, "attribute")) {
            element.attributes.insert(attribute(inner, "name"), inner.attribute("use") == Some("required"));
        }
    }
    element
}

fn check(elements: &BTreeMap<String, Element>, node: Node<'_, '_>, faults: &mut Vec<String>) {
    let name = node.tag_name().name();
    let Some(element) = elements.get(name) else {
        faults.push(format!("no such element: {name}"));
        return;
    };
    for attribute in node.attributes().filter(|one| !element.attributes.contains_key(one.name())) {
        faults.push(format!("{name} takes no attribute {}", attribute.name()));
    }
    for (needed, _) in
        element.attributes.iter().filter(|(key, needed)| **needed && !node.has_attribute(key.as_str()))
    {
        faults.push(format!("{name} needs the attribute {needed}"));
    }
    for child in node.children() {
        if child.is_element() && !element.children.iter().any(|known| known == child.tag_name().name()) {
            faults.push(format!("{name} takes no {}", child.tag_name().name()));
        } else if child.is_element() {
            check(elements, child, faults);
        } else if child.is_text() && !element.text && !child.text().unwrap_or_default().trim().is_empty() {
            faults.push(format!("{name} takes no text"));
        }
    }
}
