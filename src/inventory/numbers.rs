use super::{AppId, Fate, Parent, Set, SetId};

/// The new numbers of Applications and sets; None for those that never come to be, and for what only they make.
pub(super) struct Numbers {
    pub(super) apps: Vec<Option<AppId>>,
    pub(super) sets: Vec<Option<SetId>>,
}

impl Numbers {
    /// Of Applications and sets by their parents, and whether each is lost.
    pub(super) fn new(apps: &[(&Parent, bool)], sets: &[(&Parent, bool)]) -> Self {
        let lost = |parent: &Parent| {
            let mut parent = parent;
            for _ in 0..=apps.len() + sets.len() {
                let above = match *parent {
                    Parent::Application(id) => apps[id],
                    Parent::Set { set, .. } => sets[set],
                    Parent::Root | Parent::Folder => return false,
                };
                if above.1 {
                    return true;
                }
                parent = above.0;
            }
            false
        };
        let numbered = |all: &[(&Parent, bool)]| {
            let mut next = 0;
            let mut number = |(parent, gone): &(&Parent, bool)| {
                let stays = !gone && !lost(parent);
                next += usize::from(stays);
                stays.then(|| next - 1)
            };
            all.iter().map(&mut number).collect()
        };
        Self { apps: numbered(apps), sets: numbered(sets) }
    }

    /// A parent by its new number.
    pub(super) fn parent(&self, parent: &Parent) -> Parent {
        match *parent {
            Parent::Application(id) => self.apps[id].map_or(Parent::Root, Parent::Application),
            Parent::Set { set, member } => {
                self.sets[set].map_or(Parent::Root, |set| Parent::Set { set, member })
            }
            Parent::Root => Parent::Root,
            Parent::Folder => Parent::Folder,
        }
    }

    /// A set whose parent and Applications have their new numbers.
    pub(super) fn set(&self, mut set: Set) -> Set {
        set.parent = self.parent(&set.parent);
        for member in &mut set.members {
            member.fate = match &member.fate {
                Fate::Applied(id) => self.apps[*id].map_or(Fate::Left, Fate::Applied),
                Fate::Owned(set) => self.sets[*set].map_or(Fate::Left, Fate::Owned),
                Fate::Twice | Fate::Invalid(_) | Fate::Rejected(_) | Fate::Left => continue,
            };
        }
        set
    }
}
