//! Objects that one Application renders in another namespace than before.

use super::fate::is_in_head;
use crate::forecast::{Forecast, Row};
use hashbrown::HashMap;
use std::collections::BTreeMap;

/// What an Application moves from one namespace to another.
pub struct Move<'a> {
    /// The Application (`namespace/name`).
    pub application: &'a str,
    /// The cluster.
    pub cluster: &'a str,
    /// The namespace that the objects leave.
    pub from: &'a str,
    /// The namespace that they come to.
    pub to: &'a str,
    /// Each object as it was and as it will be, in order of key.
    pub pairs: Vec<(&'a Row, &'a Row)>,
}

/// What makes an object the same one in another namespace: cluster, Application, group, kind, name.
type Identity<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

/// Every move, by cluster, Application, and namespaces. A move is one object that leaves git and one of the same kind
/// and name that comes, in one Application; where several leave or come, nobody can say which becomes which.
pub(super) fn moves<'a>(forecast: &'a Forecast) -> Vec<Move<'a>> {
    let mut sides: HashMap<Identity<'a>, [Vec<&'a Row>; 2]> = HashMap::new();
    for row in forecast.rows.iter().filter(|row| !row.key.namespace.is_empty()) {
        let side = match (row.base.is_some(), is_in_head(row)) {
            (true, false) => 0,
            (false, true) => 1,
            _ => continue,
        };
        let Some(application) = row.application.as_deref() else { continue };
        let identity = (&*row.cluster, application, &*row.key.group, &*row.key.kind, &*row.key.name);
        sides.entry(identity).or_default()[side].push(row);
    }
    let mut moves: BTreeMap<[&str; 4], Vec<(&Row, &Row)>> = BTreeMap::new();
    for ((cluster, application, ..), sides) in sides {
        if let ([old], [new]) = (sides[0].as_slice(), sides[1].as_slice()) {
            let way = [cluster, application, &*old.key.namespace, &*new.key.namespace];
            moves.entry(way).or_default().push((old, new));
        }
    }
    let sorted = |mut pairs: Vec<(&'a Row, &'a Row)>| {
        pairs.sort_by(|(a, _), (b, _)| a.key.cmp(&b.key));
        pairs
    };
    let told = moves.into_iter().map(|([cluster, application, from, to], pairs)| Move {
        application,
        cluster,
        from,
        to,
        pairs: sorted(pairs),
    });
    told.collect()
}
