//! From the tree to matchers, by the rules of the library (`compiler/compiler.go`).

use super::matcher::{Branch, Matcher};
use super::syntax::Node;

pub(super) fn compile(node: &Node, separators: &[char]) -> Matcher {
    let matcher = match node {
        Node::AnyOf(patterns) => {
            return match factor_out(patterns) {
                Some(pattern) => compile(&pattern, separators),
                None => Matcher::AnyOf(compile_all(patterns, separators)),
            };
        }
        Node::Pattern(nodes) if nodes.is_empty() => return Matcher::Nothing,
        Node::Pattern(nodes) => combine(glue_all(compile_all(nodes, separators))),
        Node::Any => Matcher::Any(separators.to_vec()),
        Node::Super => Matcher::Super,
        Node::Single => Matcher::Single(separators.to_vec()),
        Node::Nothing => Matcher::Nothing,
        Node::List { chars, not } => Matcher::List { chars: chars.clone(), not: *not },
        Node::Range { low, high, not } => Matcher::Range { low: *low, high: *high, not: *not },
        Node::Text(text) => Matcher::Text(text.as_bytes().into()),
    };
    simplify(matcher)
}

fn compile_all(nodes: &[Node], separators: &[char]) -> Vec<Matcher> {
    nodes.iter().map(|node| simplify(compile(node, separators))).collect()
}

fn simplify(matcher: Matcher) -> Matcher {
    match matcher {
        Matcher::Any(separators) if separators.is_empty() => Matcher::Super,
        Matcher::AnyOf(mut matchers) if matchers.len() == 1 => matchers.swap_remove(0),
        Matcher::List { chars, not: false } if chars.len() == 1 => {
            Matcher::Text(chars.iter().collect::<String>().into_bytes().into())
        }
        Matcher::Branch(branch) => simplify_branch(*branch),
        other => other,
    }
}

/// A text between two open ends has matchers of its own. That a prefix and a suffix may overlap there is why
/// `a*a` matches `a`.
fn simplify_branch(mut branch: Branch) -> Matcher {
    branch.left = branch.left.map(simplify);
    branch.right = branch.right.map(simplify);
    let Matcher::Text(text) = &branch.value else {
        return Matcher::Branch(Box::new(branch));
    };
    let text = text.clone();
    match (&branch.left, &branch.right) {
        (None, None) => Matcher::Text(text),
        (Some(Matcher::Super), Some(Matcher::Super)) => Matcher::Contains { text, not: false },
        (Some(Matcher::Super), None) => Matcher::Suffix(text),
        (None, Some(Matcher::Super)) => Matcher::Prefix(text),
        (None, Some(Matcher::Suffix(suffix))) => {
            Matcher::PrefixSuffix { prefix: text, suffix: suffix.clone() }
        }
        (Some(Matcher::Prefix(prefix)), None) => {
            Matcher::PrefixSuffix { prefix: prefix.clone(), suffix: text }
        }
        (Some(Matcher::Any(separators)), None) => Matcher::SuffixAny { text, separators: separators.clone() },
        (None, Some(Matcher::Any(separators))) => Matcher::PrefixAny { text, separators: separators.clone() },
        _ => Matcher::Branch(Box::new(branch)),
    }
}

/// A sequence: around its longest part of known length, that which stands before and that which stands behind it.
fn combine(mut matchers: Vec<Matcher>) -> Matcher {
    if matchers.len() == 1 {
        return matchers.swap_remove(0);
    }
    if let Some(glued) = glue(&matchers) {
        return glued;
    }
    let fixed = matchers.iter().enumerate().filter_map(|(index, matcher)| Some((matcher.length()?, index)));
    let Some((_, middle)) = fixed.max() else {
        let right = combine(matchers.split_off(1));
        let value = matchers.swap_remove(0);
        return Matcher::Branch(Box::new(Branch::new(value, None, Some(right))));
    };
    let right = matchers.split_off(middle + 1);
    let value = matchers.pop().expect("the middle is there");
    let side = |matchers: Vec<Matcher>| (!matchers.is_empty()).then(|| combine(matchers));
    Matcher::Branch(Box::new(Branch::new(value, side(matchers), side(right))))
}

/// Puts neighbours that one matcher can stand for together: again and again those of the longest run.
fn glue_all(mut matchers: Vec<Matcher>) -> Vec<Matcher> {
    loop {
        let mut best: Option<(Matcher, std::ops::Range<usize>)> = None;
        for start in 0..matchers.len() {
            let Some((glued, end)) = glue_from(&matchers, start) else { continue };
            let better = best.as_ref().is_none_or(|(done, range)| {
                let longer =
                    matches!((done.length(), glued.length()), (Some(done), Some(glued)) if glued > done);
                longer || range.len() < end - start
            });
            if better {
                best = Some((glued, start..end));
            }
        }
        let Some((glued, range)) = best else { return matchers };
        matchers.splice(range, [glued]);
    }
}

/// The longest run of two or more that starts here.
fn glue_from(matchers: &[Matcher], start: usize) -> Option<(Matcher, usize)> {
    let rest = &matchers[start..];
    let separators = rest.first()?.free_of();
    let alike = match &separators {
        Some(separators) => {
            rest.iter().take_while(|next| next.free_of().as_ref() == Some(separators)).count()
        }
        None => 0,
    };
    let fixed = rest.iter().take_while(|next| next.length().is_some()).count();
    let count = alike.max(fixed);
    if count < 2 {
        return None;
    }
    Some((glue(&rest[..count])?, start + count))
}

fn glue(matchers: &[Matcher]) -> Option<Matcher> {
    glue_alike(matchers).or_else(|| {
        let lengths: Option<Vec<usize>> = matchers.iter().map(Matcher::length).collect();
        Some(Matcher::Row { length: lengths?.iter().sum(), matchers: matchers.to_vec() })
    })
}

/// Stars and single characters that avoid the same characters become a count and what must not occur.
fn glue_alike(matchers: &[Matcher]) -> Option<Matcher> {
    let separators = matchers.first()?.free_of()?;
    if matchers.iter().any(|matcher| matcher.free_of().as_ref() != Some(&separators)) {
        return None;
    }
    let any = matchers.iter().any(|matcher| matches!(matcher, Matcher::Any(_)));
    let all = matchers.iter().any(|matcher| matches!(matcher, Matcher::Super));
    let count =
        matchers.iter().filter(|matcher| !matches!(matcher, Matcher::Any(_) | Matcher::Super)).count();
    match (any, all, count) {
        (false, true, 0) => return Some(Matcher::Super),
        (true, false, 0) => return Some(Matcher::Any(separators)),
        (any, all, 1..) if (any || all) && separators.is_empty() => return Some(Matcher::Min(count)),
        _ => (),
    }
    let mut every = Vec::new();
    if count > 0 {
        every.push(Matcher::Min(count));
        if !any && !all {
            every.push(Matcher::Max(count));
        }
    }
    if !separators.is_empty() {
        // All of them in a row, which is how `[!ab][!ab]` comes to match `aa`.
        let text = separators.iter().collect::<String>().into_bytes().into();
        every.push(Matcher::Contains { text, not: true });
    }
    Some(Matcher::EveryOf(every))
}

/// `{ax,bx}` as `{a,b}x`: what all alternatives have in common at both ends is taken out.
fn factor_out(patterns: &[Node]) -> Option<Node> {
    let mut alternatives = Vec::with_capacity(patterns.len());
    for pattern in patterns {
        let Node::Pattern(nodes) = pattern else { return None };
        alternatives.push(nodes.as_slice());
    }
    let (left, right) = common_ends(&alternatives);
    if left == 0 && right == 0 {
        return None;
    }
    let first = alternatives[0];
    let mut middles: Vec<Node> = Vec::new();
    for nodes in &alternatives {
        let middle = &nodes[left..nodes.len() - right];
        let middle = if middle.is_empty() { Node::Nothing } else { Node::Pattern(middle.to_vec()) };
        if !middles.contains(&middle) {
            middles.push(middle);
        }
    }
    let mut result = Vec::new();
    if left > 0 {
        result.push(Node::Pattern(first[..left].to_vec()));
    }
    match middles.as_slice() {
        [Node::Nothing] => (),
        [_] => result.append(&mut middles),
        _ => result.push(Node::AnyOf(middles)),
    }
    if right > 0 {
        result.push(Node::Pattern(first[first.len() - right..].to_vec()));
    }
    Some(Node::Pattern(result))
}

/// How many nodes all alternatives share at their beginning and at their end, counted from both ends at once.
fn common_ends(alternatives: &[&[Node]]) -> (usize, usize) {
    let Some((index, shortest)) = alternatives.iter().enumerate().min_by_key(|(_, nodes)| nodes.len()) else {
        return (0, 0);
    };
    if alternatives.len() < 2 {
        return (0, 0);
    }
    let length = shortest.len();
    let (mut left, mut right) = (0, 0);
    let (mut left_ends, mut right_ends) = (false, false);
    for (i, j) in (0..length).zip((0..length).rev()) {
        if left + right >= length {
            break;
        }
        for (_, other) in alternatives.iter().enumerate().filter(|(k, _)| *k != index) {
            if left_ends && right_ends {
                return (left, right);
            }
            left_ends |= shortest[i] != other[i];
            right_ends |= !left_ends && j <= i;
            right_ends |= shortest[j] != other[j + other.len() - length];
        }
        left += usize::from(!left_ends);
        right += usize::from(!right_ends);
    }
    (left, right)
}
