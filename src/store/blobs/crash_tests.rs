//! Power cuts while bodies come in: after a cut at any moment, whatever was promised is there, whole, and nothing under the
//! name of a body is torn.
//!
//! A journal is kept of everything the folder's code does to the disk. Then the cut comes after each step of it, in the worst
//! case, in two lopsided ones and by dice. Rounds of dice: `CHATELAINE_CRASH_ROUNDS`, 6 by default.

use super::*;
use crate::disk_journal::{self as journal, Cut, Disk, Op};

/// Something that a caller was told, and what it was told about.
#[derive(Clone, Debug)]
enum What {
    Body(BlobHash, Vec<u8>),
    Part(u64, Vec<u8>),
}

/// From when until when, in steps of the journal, it must hold.
struct Promise {
    what: What,
    since: usize,
    until: usize,
}

/// A folder of bodies, and what its users rely on.
struct Story {
    folder: tempfile::TempDir,
    blobs: Blobs,
    promises: Vec<Promise>,
}

impl Story {
    fn begin() -> Story {
        let folder = tempfile::tempdir().unwrap();
        journal::begin();
        let blobs = Blobs::open(&folder.path().join("blobs"), 0).unwrap();
        Story { folder, blobs, promises: Vec::new() }
    }

    /// The program ends here, however, and starts again.
    fn restart(&mut self) {
        self.blobs = Blobs::open(&self.folder.path().join("blobs"), 0).unwrap();
    }

    fn promise(&mut self, what: What) {
        self.promises.push(Promise { what, since: journal::length(), until: usize::MAX });
    }

    /// From here on nobody relies on what is like this.
    fn give_up(&mut self, is_it: impl Fn(&What) -> bool) {
        let now = journal::length();
        let held = self.promises.iter_mut().filter(|promise| promise.until == usize::MAX);
        held.filter(|promise| is_it(&promise.what)).for_each(|promise| promise.until = now);
    }

    fn put(&mut self, body: &[u8]) -> BlobHash {
        let mut upload = self.blobs.upload(UploadOptions { bytes_max: u64::MAX, second: SecondHash::Off }).unwrap();
        body.chunks(5_000).for_each(|portion| upload.write(portion).unwrap());
        let hash = upload.finish().unwrap().hash;
        self.promise(What::Body(hash, body.to_vec()));
        hash
    }

    fn append(&mut self, id: u64, known: &[u8], more: &[u8]) -> Vec<u8> {
        let mut writer = self.blobs.append_part(id, known.len() as u64, u64::MAX).unwrap();
        more.chunks(3_000).for_each(|portion| writer.write(portion).unwrap());
        let whole = [known, more].concat();
        assert_eq!(writer.done().unwrap(), whole.len() as u64);
        self.promise(What::Part(id, whole.clone()));
        whole
    }

    /// Cuts the power after every step, in several ways, and looks at what is left.
    fn survives(self) {
        let ops = journal::end();
        let rounds = std::env::var("CHATELAINE_CRASH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
        let mut cuts = vec![Cut::Worst, Cut::Names, Cut::Bytes];
        // Many rounds spread over the steps, so that a soak does not take days.
        cuts.extend((0..std::cmp::min(rounds, 40)).map(Cut::Dice));
        let mut disk = Disk::default();
        for step in 0..=ops.len() {
            for (number, cut) in cuts.iter().enumerate() {
                let cut = match cut {
                    Cut::Dice(seed) => Cut::Dice(seed * 1_000 + step as u64),
                    other => *other,
                };
                let target = self.folder.path().join(format!("cut-{step}-{number}"));
                fs::create_dir(&target).unwrap();
                disk.after(cut, self.folder.path(), &target);
                self.check(&target, step, &format!("{cut:?} after step {step}, {:?}", last(&ops, step)));
                fs::remove_dir_all(target).unwrap();
            }
            ops.get(step).into_iter().for_each(|op| disk.apply(op));
        }
    }

    fn check(&self, left: &Path, step: usize, when: &str) {
        let blobs = Blobs::open(&left.join("blobs"), 0).unwrap();
        assert_eq!(blobs.verify().unwrap().troubles, [], "no torn body: {when}");
        for promise in self.promises.iter().filter(|promise| (promise.since..promise.until).contains(&step)) {
            match &promise.what {
                What::Body(hash, whole) => {
                    let body = blobs.get(hash).unwrap().unwrap_or_else(|| panic!("{hash} is gone: {when}"));
                    assert_eq!(&body.range(0, whole.len() + 1).unwrap(), whole, "{when}");
                }
                What::Part(id, whole) => {
                    let found = fs::read(left.join(format!("blobs/tmp/{id}.part")));
                    let found = found.unwrap_or_else(|_| panic!("part {id} is gone: {when}"));
                    assert_eq!(found.get(..whole.len()), Some(whole.as_slice()), "{when}");
                }
            }
        }
    }
}

fn last(ops: &[Op], step: usize) -> String {
    let text = step.checked_sub(1).and_then(|at| ops.get(at)).map_or(String::new(), |op| format!("{op:?}"));
    text.chars().take(200).collect()
}

/// Two bodies whose hashes begin with the same two bytes, so that they share a folder.
fn neighbours() -> [Vec<u8>; 2] {
    let start = |body: &[u8]| blake3::hash(body).as_bytes()[..2].to_vec();
    let first = b"a neighbour".to_vec();
    let wanted = start(&first);
    let second = (0u32..).map(|number| format!("neighbour {number}").into_bytes());
    [first, second.into_iter().find(|body| start(body) == wanted).unwrap()]
}

#[test]
fn bodies_that_were_acknowledged_are_whole_after_power_cuts() {
    let mut story = Story::begin();
    let [first, second] = neighbours();
    let hash = story.put(&first);
    story.put(&second);
    story.put(&[7; 10_000]);
    story.put(&first);
    story.restart();
    story.put(&first);
    let mut given_up = story.blobs.upload(UploadOptions { bytes_max: 9, second: SecondHash::Off }).unwrap();
    given_up.write(b"given up").unwrap();
    drop(given_up);
    story.give_up(|what| matches!(what, What::Body(of, _) if *of == hash));
    story.blobs.remove(&hash).unwrap();
    story.put(&first);
    story.survives();
}

#[test]
fn parts_keep_what_was_recorded_of_them_through_power_cuts() {
    let mut story = Story::begin();
    story.blobs.begin_part(7).unwrap();
    story.promise(What::Part(7, Vec::new()));
    let known = story.append(7, b"", &[1; 6_000]);
    // A connection that broke: these bytes were never recorded, and are cut off before the upload goes on.
    let mut broken = story.blobs.append_part(7, 6_000, u64::MAX).unwrap();
    broken.write(&[2; 3_000]).unwrap();
    drop(broken);
    story.restart();
    story.blobs.cut_part(7, 6_000).unwrap();
    let whole = story.append(7, &known, &[3; 5_000]);
    let hash = story.blobs.finish_part(7, SecondHash::Off).unwrap().hash;
    story.promise(What::Body(hash, whole));
    story.restart();
    assert_eq!(story.blobs.finish_part(7, SecondHash::Off).unwrap().hash, hash, "as after a crash before the row");
    story.give_up(|what| matches!(what, What::Part(..)));
    story.blobs.drop_part(7).unwrap();
    story.survives();
}

#[test]
fn bodies_that_a_restore_brought_back_are_whole_after_power_cuts() {
    let source = Blobs::open(&tempfile::tempdir().unwrap().keep().join("blobs"), 0).unwrap();
    let bodies = [neighbours().to_vec(), vec![vec![9; 9_000]]].concat();
    let hashes: Vec<BlobHash> = bodies.iter().map(|body| source.put(body, SecondHash::Off).unwrap().hash).collect();
    let mut story = Story::begin();
    source.copy_to(&story.blobs, CopyKind::Copy).unwrap();
    hashes.into_iter().zip(bodies).for_each(|(hash, body)| story.promise(What::Body(hash, body)));
    story.survives();
    fs::remove_dir_all(source.inner.dir.parent().unwrap()).unwrap();
}

#[test]
#[cfg(feature = "failpoints")]
fn a_body_whose_first_naming_broke_off_is_whole_once_it_is_acknowledged_after_power_cuts() {
    let scenario = fail::FailScenario::setup();
    let mut story = Story::begin();
    for restarts in [true, false] {
        let body = format!("named twice, {restarts}").into_bytes();
        fail::cfg("blob-after-rename", "return").unwrap();
        assert!(story.blobs.put(&body, SecondHash::Off).is_err());
        fail::remove("blob-after-rename");
        if restarts {
            story.restart();
        }
        story.put(&body);
    }
    story.survives();
    scenario.teardown();
}

#[test]
fn a_journal_of_a_rename_before_the_sync_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("blobs");
    journal::begin();
    let blobs = Blobs::open(&dir, 0).unwrap();
    blobs.put(b"whole", SecondHash::Off).unwrap();
    let ops = journal::end().into_iter().filter(|op| !matches!(op, Op::Sync(..)));
    let mut disk = Disk::default();
    ops.for_each(|op| disk.apply(&op));
    let target = tempfile::tempdir().unwrap();
    disk.after(Cut::Names, folder.path(), target.path());
    let left = Blobs::open(&target.path().join("blobs"), 0).unwrap();
    assert_eq!(left.verify().unwrap().troubles.len(), 1, "this harness must notice a body that is named too early");
}
