use std::sync::atomic::{AtomicBool, Ordering};

/// The variables that Argo CD substitutes in parameters and paths (`newEnv` in `reposerver/repository/repository.go`).
#[derive(Debug, Default)]
pub struct Environment {
    variables: Vec<(&'static str, Option<String>)>,
    missed: AtomicBool,
}

impl Environment {
    /// These variables; of some nobody knows the value.
    pub fn new(variables: Vec<(&'static str, Option<String>)>) -> Self {
        Self { variables, missed: AtomicBool::new(false) }
    }

    /// Whether a variable was asked for whose value nobody knows.
    pub(super) fn missed(&self) -> bool {
        self.missed.load(Ordering::Relaxed)
    }

    /// Replaces `$NAME` and `${NAME}`; `$$` is a dollar, an unknown variable is empty.
    ///
    /// Follows Go's `os.Expand`, with which `Envsubst` in `pkg/apis/application/v1alpha1/types.go` works.
    pub fn substitute(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            if after.is_empty() {
                out.push('$');
                return out;
            }
            let (name, consumed) = shell_name(after);
            match name {
                Some("$") => out.push('$'),
                Some("") if consumed == 0 => out.push('$'),
                Some(name) => out.push_str(self.value(name)),
                None => {}
            }
            rest = &after[consumed..];
        }
        out.push_str(rest);
        out
    }

    fn value(&self, name: &str) -> &str {
        match self.variables.iter().find(|(own, _)| *own == name) {
            Some((_, Some(value))) => value,
            Some((_, None)) => {
                self.missed.store(true, Ordering::Relaxed);
                ""
            }
            None => "",
        }
    }
}

/// The variable's name behind a dollar and how many bytes it takes; None eats bad syntax (Go's `getShellName`).
fn shell_name(text: &str) -> (Option<&str>, usize) {
    let bytes = text.as_bytes();
    let special = |byte: u8| matches!(byte, b'*' | b'#' | b'$' | b'@' | b'!' | b'?' | b'-' | b'0'..=b'9');
    if bytes[0] == b'{' {
        if bytes.len() > 2 && special(bytes[1]) && bytes[2] == b'}' {
            return (text.get(1..2), 3);
        }
        return match bytes[1..].iter().position(|&byte| byte == b'}') {
            Some(0) => (None, 2),
            Some(end) => (text.get(1..=end), end + 2),
            None => (None, 1),
        };
    }
    if special(bytes[0]) {
        return (text.get(..1), 1);
    }
    let end =
        bytes.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').unwrap_or(bytes.len());
    (text.get(..end), end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substitution() {
        let environment =
            Environment::new(vec![("ARGOCD_APP_NAME", Some("web".into())), ("ARGOCD_APP_REVISION", None)]);
        for (text, expected) in [
            ("plain", "plain"),
            ("$ARGOCD_APP_NAME-x", "web-x"),
            ("${ARGOCD_APP_NAME}x", "webx"),
            ("a$b", "a"),
            ("a$$b", "a$b"),
            ("a$", "a$"),
            ("a$.x", "a$.x"),
            ("${", ""),
            ("${}x", "x"),
            ("${unclosed", "unclosed"),
            ("$1x", "x"),
            ("ä$ARGOCD_APP_NAME ö", "äweb ö"),
        ] {
            assert_eq!(environment.substitute(text), expected, "{text}");
        }
        assert!(!environment.missed());
        assert_eq!(environment.substitute("a-$ARGOCD_APP_REVISION"), "a-");
        assert!(environment.missed());
    }
}
