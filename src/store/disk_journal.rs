//! A journal of what the store did to its files, and the disks that a power cut could have left of them (tests only).
//!
//! After a cut there is what was synced, and of everything later an arbitrary part: each page of each file and each name in
//! each folder for itself. That is harsher than real file systems, which mostly keep names in order. A journal belongs to the
//! thread that made it; a file that another thread syncs is followed by a `Watch`.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const PAGE: usize = 4096;

/// Device and number: the same for all names and handles of a file.
pub(crate) type Identity = (u64, u64);

/// One thing done to the disk.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    MakeFolder(PathBuf),
    Create(PathBuf, Identity),
    /// With the whole content after it.
    Write(Identity, Vec<u8>),
    Sync(Identity, Vec<u8>),
    SyncFolder(PathBuf),
    Rename(PathBuf, PathBuf),
    Link(PathBuf, PathBuf),
    Remove(PathBuf),
}

thread_local! {
    static JOURNAL: RefCell<Option<Vec<Op>>> = const { RefCell::new(None) };
}

static WATCHES: Mutex<Vec<Watch>> = Mutex::new(Vec::new());

/// Begins a journal of this thread.
pub(crate) fn begin() {
    JOURNAL.set(Some(Vec::new()));
}

/// Ends the journal and gives it.
pub(crate) fn end() -> Vec<Op> {
    JOURNAL.take().unwrap()
}

/// How many things are in the journal.
pub(crate) fn length() -> usize {
    JOURNAL.with_borrow(|journal| journal.as_ref().unwrap().len())
}

pub(crate) fn note(op: impl FnOnce() -> Op) {
    JOURNAL.with_borrow_mut(|journal| {
        if let Some(journal) = journal {
            journal.push(op());
        }
    });
}

pub(crate) fn identity(file: &File) -> Identity {
    let found = file.metadata().unwrap();
    (found.dev(), found.ino())
}

pub(crate) fn content(file: &File) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
    file.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

/// The content if anybody wants to know what a sync will have made durable.
pub(crate) fn about_to_sync(file: &File) -> Option<Vec<u8>> {
    let wanted = JOURNAL.with_borrow(Option::is_some) || watch_of(file).is_some();
    wanted.then(|| content(file))
}

pub(crate) fn synced(file: &File, before: Option<Vec<u8>>) {
    let Some(before) = before else { return };
    if let Some(watch) = watch_of(file) {
        watch.synced.lock().unwrap().clone_from(&before);
    }
    note(|| Op::Sync(identity(file), before));
}

fn watch_of(file: &File) -> Option<Watch> {
    let identity = identity(file);
    WATCHES.lock().unwrap().iter().find(|watch| watch.identity == identity).cloned()
}

/// What of one file is durable, on whatever thread it is synced.
#[derive(Clone)]
pub(crate) struct Watch {
    identity: Identity,
    synced: Arc<Mutex<Vec<u8>>>,
}

impl Watch {
    /// Follows the file at `path`, of which `durable` is known to be synced.
    pub(crate) fn over(path: &Path, durable: Vec<u8>) -> Watch {
        let identity = identity(&File::open(path).unwrap());
        let watch = Watch { identity, synced: Arc::new(Mutex::new(durable)) };
        let mut watches = WATCHES.lock().unwrap();
        // The number of a file that is gone may come back.
        watches.retain(|watch| watch.identity != identity);
        watches.push(watch.clone());
        watch
    }

    /// What would be left in the worst case.
    pub(crate) fn synced(&self) -> Vec<u8> {
        self.synced.lock().unwrap().clone()
    }
}

/// Small, repeatable randomness (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn heads(&mut self) -> bool {
        self.roll() & 1 == 0
    }
}

/// Content of a file after a cut: what was synced, with some of the pages that were written later.
pub(crate) fn cut(synced: &[u8], now: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut left = synced.to_vec();
    // The new length may be on the disk while the new bytes are not: they read as zeros.
    left.resize(if dice.heads() { now.len() } else { synced.len() }, 0);
    for (after, before) in now.chunks(PAGE).zip(left.chunks_mut(PAGE)) {
        if after.len() == before.len() && dice.heads() {
            before.copy_from_slice(after);
        }
    }
    left
}

/// Which of the things that were not synced survive.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// Nothing.
    Worst,
    /// Names, but no bytes: what renaming before syncing would be caught by.
    Names,
    /// Bytes, but no names.
    Bytes,
    /// Each page and each name by a throw of dice.
    Dice(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    Folder,
    File(usize),
}

type Names = BTreeMap<PathBuf, Node>;

/// A disk that knows what of it is durable.
#[derive(Default)]
pub(crate) struct Disk {
    /// Content now, and what of it is synced.
    files: Vec<(Vec<u8>, Vec<u8>)>,
    known: HashMap<Identity, usize>,
    now: Names,
    durable: Names,
}

impl Disk {
    /// Does one thing more.
    pub(crate) fn apply(&mut self, op: &Op) {
        match op.clone() {
            Op::MakeFolder(path) => {
                self.now.insert(path, Node::Folder);
            }
            Op::Create(path, identity) => {
                self.known.insert(identity, self.files.len());
                self.now.insert(path, Node::File(self.files.len()));
                self.files.push((Vec::new(), Vec::new()));
            }
            Op::Write(identity, content) => self.files[self.known[&identity]].0 = content,
            Op::Sync(identity, content) => self.files[self.known[&identity]].1 = content,
            Op::SyncFolder(dir) => {
                let inside = |path: &PathBuf| path.parent() == Some(&dir);
                self.durable.retain(|path, _| !inside(path));
                self.durable.extend(self.now.iter().filter(|(path, _)| inside(path)).map(|(p, n)| (p.clone(), *n)));
            }
            Op::Rename(from, to) => {
                let node = self.now.remove(&from).unwrap();
                self.now.insert(to, node);
            }
            Op::Link(from, to) => {
                self.now.insert(to, self.now[&from]);
            }
            Op::Remove(path) => {
                self.now.remove(&path).unwrap();
            }
        }
    }

    /// Builds below `target` what a cut leaves of everything below `root`.
    pub(crate) fn after(&self, cut_kind: Cut, root: &Path, target: &Path) {
        let mut dice = Dice(match cut_kind {
            Cut::Dice(seed) => seed,
            Cut::Worst | Cut::Names | Cut::Bytes => 0,
        });
        let mut left_of = |(now, synced): &(Vec<u8>, Vec<u8>)| match cut_kind {
            Cut::Worst | Cut::Names => synced.clone(),
            Cut::Bytes => now.clone(),
            Cut::Dice(_) => cut(synced, now, &mut dice),
        };
        let files: Vec<Vec<u8>> = self.files.iter().map(&mut left_of).collect();
        let all: BTreeMap<&PathBuf, ()> = self.now.keys().chain(self.durable.keys()).map(|path| (path, ())).collect();
        for path in all.into_keys() {
            let (now, durable) = (self.now.get(path), self.durable.get(path));
            let left = match cut_kind {
                Cut::Worst | Cut::Bytes => durable,
                Cut::Names => now,
                Cut::Dice(_) => {
                    if dice.heads() {
                        now
                    } else {
                        durable
                    }
                }
            };
            let place = target.join(path.strip_prefix(root).unwrap());
            // A name in a folder that is gone is gone with it.
            let Some(node) = left.filter(|_| place.parent().is_some_and(Path::is_dir)) else { continue };
            match *node {
                Node::Folder => fs::create_dir(place).unwrap(),
                Node::File(number) => fs::write(place, &files[number]).unwrap(),
            }
        }
    }
}
