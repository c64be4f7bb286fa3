/// The candidate that `word` was probably meant to be; None where none is near.
pub fn near<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let scored = candidates.into_iter().map(|candidate| {
        let likeness = strsim::normalized_damerau_levenshtein(&word, &candidate.to_lowercase());
        ((likeness * 1000.0) as u32, candidate)
    });
    // Of equal ones the first by name, whatever order they came in.
    let best = scored.max_by(|(a, left), (b, right)| a.cmp(b).then_with(|| right.cmp(left)));
    best.filter(|(likeness, _)| *likeness >= 600).map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn near_words() {
        let words = ["repositories", "rules", "known", "clusters", "clustersComplete"];
        for (word, expected) in [
            ("repositores", Some("repositories")),
            ("Cluster", Some("clusters")),
            ("clusterComplete", Some("clustersComplete")),
            ("konwn", Some("known")),
            ("something", None),
            ("", None),
        ] {
            assert_eq!(near(word, words), expected, "{word}");
        }
    }
}
