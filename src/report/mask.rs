use serde_json::Value;

/// Replaces the values of a Secret by short hashes: of two that are equal at one place of one object, so are these.
///
/// Other objects stay as they are. The key of the hash is made of the object's name and the field, so a value that
/// stands in two Secrets does not show that it does.
pub fn mask(object: &mut Value) {
    let text =
        |value: &Value, path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or("").to_owned();
    if text(object, "/kind") != "Secret" || text(object, "/apiVersion") != "v1" {
        return;
    }
    let owner = format!("{}/{}", text(object, "/metadata/namespace"), text(object, "/metadata/name"));
    for field in ["data", "stringData"] {
        let Some(map) = object.get_mut(field).and_then(Value::as_object_mut) else { continue };
        for (name, value) in map {
            let key = blake3::derive_key(
                "billhook 2026 values of Secrets",
                format!("{owner}/{field}/{name}").as_bytes(),
            );
            let hash = blake3::keyed_hash(&key, value.to_string().as_bytes()).to_hex();
            *value = format!("hash:{}", &hash[..8]).into();
        }
    }
    without_copy(object);
}

/// Takes out the annotation in which kubectl keeps a copy of the whole object.
pub(super) fn without_copy(object: &mut Value) {
    if let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
}

#[cfg(test)]
mod tests {
    use super::mask;
    use serde_json::json;

    #[test]
    fn only_values_of_secrets_are_hidden() {
        let secret = |kind: &str, name: &str| {
            let mut object = json!({
                "apiVersion": "v1", "kind": kind,
                "metadata": {"name": name, "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "x"}},
                "data": {"a": "cGFzcw==", "b": "cGFzcw=="}, "stringData": {"c": "pass", "d": null},
            });
            mask(&mut object);
            object
        };
        let hidden = secret("Secret", "one");
        assert!(!hidden.to_string().contains("pass") && !hidden.to_string().contains("cGFzcw=="));
        assert!(hidden["metadata"]["annotations"].as_object().unwrap().is_empty());
        assert_eq!(hidden, secret("Secret", "one"));
        assert_ne!(hidden["data"]["a"], hidden["data"]["b"]);
        assert_ne!(hidden["data"]["a"], secret("Secret", "two")["data"]["a"]);
        assert_eq!(secret("ConfigMap", "one")["data"]["a"], "cGFzcw==");
    }
}
