//! URLs as Go's `net/url` takes them apart and puts them together.

use crate::gotemplate::function::Fault;

#[derive(Debug, Default, PartialEq)]
pub(super) struct Url {
    pub scheme: Vec<u8>,
    pub opaque: Vec<u8>,
    pub user: Option<User>,
    pub host: Vec<u8>,
    pub path: Vec<u8>,
    pub raw_path: Vec<u8>,
    pub force_query: bool,
    pub query: Vec<u8>,
    pub fragment: Vec<u8>,
    pub raw_fragment: Vec<u8>,
    pub omit_host: bool,
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct User {
    pub name: Vec<u8>,
    pub password: Option<Vec<u8>>,
}

/// Where a piece of text stands in a URL, which decides what must be escaped there.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Path,
    Host,
    Zone,
    User,
    Query,
    Fragment,
}

impl User {
    pub fn text(&self) -> Vec<u8> {
        let mut out = escape(&self.name, Place::User);
        if let Some(password) = &self.password {
            out.push(b':');
            out.extend(escape(password, Place::User));
        }
        out
    }
}

/// `url.Parse`.
pub(super) fn parse(text: &[u8]) -> Result<Url, Fault> {
    let quoted = || crate::gotemplate::strconv::quote(text);
    let (head, fragment) = cut(text, b'#');
    let parsed = parse_head(head).and_then(|mut url| {
        if let Some(fragment) = fragment.filter(|fragment| !fragment.is_empty()) {
            url.fragment = unescape(fragment, Place::Fragment)?;
            if escape(&url.fragment, Place::Fragment) != fragment {
                url.raw_fragment = fragment.to_vec();
            }
        }
        Ok(url)
    });
    parsed.map_err(|message| Fault::Error(format!("parse {}: {message}", quoted())))
}

fn cut(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|byte| *byte == at) {
        Some(index) => (&text[..index], Some(&text[index + 1..])),
        None => (text, None),
    }
}

fn parse_head(text: &[u8]) -> Result<Url, String> {
    if text.iter().any(|byte| *byte < b' ' || *byte == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    let mut url = Url::default();
    if text == b"*" {
        url.path = b"*".to_vec();
        return Ok(url);
    }
    let (scheme, rest) = scheme(text)?;
    url.scheme = scheme.to_ascii_lowercase();
    let mut rest = rest;
    if rest.ends_with(b"?") && rest.iter().filter(|byte| **byte == b'?').count() == 1 {
        url.force_query = true;
        rest = &rest[..rest.len() - 1];
    } else {
        let (before, query) = cut(rest, b'?');
        url.query = query.unwrap_or_default().to_vec();
        rest = before;
    }
    if !rest.starts_with(b"/") {
        if !url.scheme.is_empty() {
            url.opaque = rest.to_vec();
            return Ok(url);
        }
        let segment = cut(rest, b'/').0;
        if segment.contains(&b':') {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    if (!url.scheme.is_empty() || !rest.starts_with(b"///")) && rest.starts_with(b"//") {
        let after = &rest[2..];
        let end = after.iter().position(|byte| *byte == b'/').unwrap_or(after.len());
        authority(&mut url, &after[..end])?;
        rest = &after[end..];
    } else if !url.scheme.is_empty() && rest.starts_with(b"/") {
        url.omit_host = true;
    }
    url.path = unescape(rest, Place::Path)?;
    if escape(&url.path, Place::Path) != rest {
        url.raw_path = rest.to_vec();
    }
    Ok(url)
}

fn scheme(text: &[u8]) -> Result<(&[u8], &[u8]), String> {
    for (index, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => (),
            b'0'..=b'9' | b'+' | b'-' | b'.' if index > 0 => (),
            b':' if index == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok((&text[..index], &text[index + 1..])),
            _ => break,
        }
    }
    Ok((b"", text))
}

fn authority(url: &mut Url, text: &[u8]) -> Result<(), String> {
    let Some(at) = text.iter().rposition(|byte| *byte == b'@') else {
        url.host = host(text)?;
        return Ok(());
    };
    url.host = host(&text[at + 1..])?;
    let info = &text[..at];
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte);
    if !info.iter().all(allowed) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    let (name, password) = cut(info, b':');
    url.user = Some(User {
        name: unescape(name, Place::User)?,
        password: password.map(|password| unescape(password, Place::User)).transpose()?,
    });
    Ok(())
}

fn host(text: &[u8]) -> Result<Vec<u8>, String> {
    if text.starts_with(b"[") {
        let Some(close) = text.iter().rposition(|byte| *byte == b']') else {
            return Err("missing ']' in host".to_owned());
        };
        check_port(&text[close + 1..])?;
        let zone = text[..close].windows(3).position(|window| window == b"%25");
        if let Some(zone) = zone {
            let mut out = unescape(&text[..zone], Place::Host)?;
            out.extend(unescape(&text[zone..close], Place::Zone)?);
            out.extend(unescape(&text[close..], Place::Host)?);
            return Ok(out);
        }
    } else if let Some(colon) = text.iter().rposition(|byte| *byte == b':') {
        check_port(&text[colon..])?;
        if text[..colon].contains(&b':') {
            return Err(format!("invalid port {:?} after host", String::from_utf8_lossy(&text[colon..])));
        }
    }
    unescape(text, Place::Host)
}

fn check_port(port: &[u8]) -> Result<(), String> {
    let fine = match port.split_first() {
        None => true,
        Some((b':', digits)) => digits.iter().all(u8::is_ascii_digit),
        Some(_) => false,
    };
    if fine { Ok(()) } else { Err(format!("invalid port {:?} after host", String::from_utf8_lossy(port))) }
}

impl Url {
    /// `URL.Hostname`: the host without port and brackets.
    pub fn hostname(&self) -> &[u8] {
        let host = self.host.as_slice();
        let colon = host.iter().rposition(|byte| *byte == b':');
        let host = match colon {
            Some(colon) if check_port(&host[colon..]).is_ok() => &host[..colon],
            _ => host,
        };
        match host {
            [b'[', inner @ .., b']'] => inner,
            _ => host,
        }
    }

    fn escaped_path(&self) -> Vec<u8> {
        let path = &self.path;
        if !self.raw_path.is_empty()
            && self.raw_path.iter().all(|byte| *byte == b'%' || !needs_escape_raw(*byte))
            && unescape(&self.raw_path, Place::Path).is_ok_and(|plain| plain == *path)
        {
            return self.raw_path.clone();
        }
        if path == b"*" { path.clone() } else { escape(path, Place::Path) }
    }

    /// `URL.String`.
    pub fn text(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.scheme.is_empty() {
            out.extend_from_slice(&self.scheme);
            out.push(b':');
        }
        if self.opaque.is_empty() {
            self.hierarchy(&mut out);
        } else {
            out.extend_from_slice(&self.opaque);
        }
        if self.force_query || !self.query.is_empty() {
            out.push(b'?');
            out.extend_from_slice(&self.query);
        }
        if !self.fragment.is_empty() {
            out.push(b'#');
            if self.raw_fragment.is_empty() {
                out.extend(escape(&self.fragment, Place::Fragment));
            } else {
                out.extend_from_slice(&self.raw_fragment);
            }
        }
        out
    }

    fn hierarchy(&self, out: &mut Vec<u8>) {
        let has_host = !self.host.is_empty() || self.user.is_some();
        if has_host || !self.scheme.is_empty() && !self.omit_host {
            if has_host || !self.path.is_empty() {
                out.extend_from_slice(b"//");
            }
            if let Some(user) = &self.user {
                out.extend(user.text());
                out.push(b'@');
            }
            out.extend(escape(&self.host, Place::Host));
        }
        let path = self.escaped_path();
        if !path.is_empty() && path[0] != b'/' && !self.host.is_empty() {
            out.push(b'/');
        }
        if out.is_empty() && cut(&path, b'/').0.contains(&b':') {
            out.extend_from_slice(b"./");
        }
        out.extend(path);
    }
}

/// `url.QueryEscape`.
pub(super) fn query_escape(text: &[u8]) -> Vec<u8> {
    escape(text, Place::Query)
}

fn needs_escape_raw(byte: u8) -> bool {
    !matches!(byte, b'[' | b']') && needs_escape(byte, Place::Path)
}

fn needs_escape(byte: u8, place: Place) -> bool {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => false,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'[' | b']'
        | b'<' | b'>' | b'"'
            if matches!(place, Place::Host | Place::Zone) =>
        {
            false
        }
        b'$' | b'&' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'?' | b'@' => match place {
            Place::Path => byte == b'?',
            Place::User => matches!(byte, b'@' | b'/' | b'?' | b':'),
            Place::Fragment => false,
            _ => true,
        },
        b'!' | b'(' | b')' | b'*' => place != Place::Fragment,
        _ => true,
    }
}

fn escape(text: &[u8], place: Place) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if *byte == b' ' && place == Place::Query {
            out.push(b'+');
        } else if needs_escape(*byte, place) {
            out.extend(format!("%{byte:02X}").bytes());
        } else {
            out.push(*byte);
        }
    }
    out
}

fn unescape(text: &[u8], place: Place) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        if *byte != b'%' {
            let in_host = matches!(place, Place::Host | Place::Zone);
            if in_host && byte.is_ascii() && needs_escape(*byte, place) {
                return Err(format!("invalid character {:?} in host name", char::from(*byte).to_string()));
            }
            out.push(if *byte == b'+' && place == Place::Query { b' ' } else { *byte });
            continue;
        }
        let code = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let code = code.filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(code) = code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) else {
            let shown = &text[text.len() - tail.len() - 1..];
            let shown = String::from_utf8_lossy(&shown[..shown.len().min(3)]).into_owned();
            return Err(format!("invalid URL escape {shown:?}"));
        };
        let ascii_in_host = place == Place::Host && code.is_ascii() && code != b'%';
        if ascii_in_host {
            return Err(format!("invalid URL escape \"%{code:02X}\""));
        }
        out.push(code);
        rest = &tail[2..];
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_a_round_trip() {
        for text in [
            "https://user:pw@host.example:8443/p/a?q=1#f",
            "http://[::1]:80/a%2Fb",
            "mailto:a@b",
            "//host/a",
            "a b",
            "?x",
            "http://h/a?",
            "file:///etc",
        ] {
            let url = parse(text.as_bytes()).expect(text);
            let expected = text.replace("a b", "a%20b");
            assert_eq!(String::from_utf8_lossy(&url.text()), expected);
        }
        for text in ["::", "http://a:b", "http://a b/", "%zz", "a:b:c/d\n"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
