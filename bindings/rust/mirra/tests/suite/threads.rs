//! Many threads, sessions and tasks at once, with jobs that are cancelled, dropped and forgotten at random: what comes out is
//! what comes out alone.

use std::thread;
use std::time::{Duration, Instant};

use mirra::image::RgbImage;
use mirra::{Engine, ErrorKind, Job, Result, Run, Session};

use crate::support::{block_on, engine, noisy};

const THREADS: usize = 16;
const SESSIONS: usize = 8;

/// A kind of session, and what it makes of the image.
struct Kind {
    task: &'static str,
    param: (&'static str, f64),
    expected: RgbImage,
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % count as u64) as usize
    }
}

fn session(engine: &Engine, task: &str, (name, value): (&str, f64)) -> Session {
    let builder = engine.session(task).threads(1).tile_size(32).set(name, value);
    builder.create().expect("a session")
}

fn kinds(engine: &Engine, image: &RgbImage) -> Vec<Kind> {
    [
        ("gain", ("gain", 0.5)),
        ("gain", ("gain", 2.0)),
        ("denoise", ("sigma", 25.0)),
        ("denoise", ("strength", 0.5)),
    ]
    .into_iter()
    .map(|(task, param)| {
        let expected = session(engine, task, param).process(image).expect("alone");
        Kind { task, param, expected }
    })
    .collect()
}

/// Whether it is what comes out alone, or was stopped.
fn checked(made: Result<RgbImage>, kind: &Kind, may_stop: bool) {
    match made {
        Ok(made) => assert!(made == kind.expected, "{} {:?} differs", kind.task, kind.param),
        Err(error) => assert!(may_stop && error.kind() == ErrorKind::Cancelled, "{error:?}"),
    }
}

fn output(job: Job<(RgbImage, RgbImage)>) -> Result<RgbImage> {
    Ok(job.wait().map(|((_, made), _)| made)?)
}

/// One of the things that programs do.
fn act(dice: &mut Dice, engine: &Engine, place: &mut (usize, Session), kinds: &[Kind], image: &RgbImage) {
    let (kind, session) = (&kinds[place.0], &mut place.1);
    let begin = |session: &mut Session| session.start(image.clone()).expect("begun");
    match dice.below(10) {
        0..=2 => checked(session.process(image), kind, false),
        3 => checked(output(begin(session)), kind, false),
        4 => checked(block_on(begin(session)).map(|((_, made), _)| made).map_err(Into::into), kind, false),
        5 => drop(begin(session)),
        6 => {
            let job = begin(session);
            job.cancel();
            checked(output(job), kind, true);
        }
        7 => {
            let cancel = mirra::Cancel::new().expect("a token");
            let (mut calls, stops) = (dice.below(4), cancel.clone());
            let run = Run::new().cancel(&cancel).progress(move |_| {
                calls = calls.saturating_sub(1);
                if calls == 0 {
                    stops.request();
                }
            });
            checked(session.process_with(image, run).map(|(made, _)| made), kind, true);
        }
        8 => {
            let job = begin(session);
            *place = fresh(dice, engine, kinds);
            checked(output(job), kind, false);
        }
        _ => place.1 = session.try_clone().expect("a clone"),
    }
}

fn fresh(dice: &mut Dice, engine: &Engine, kinds: &[Kind]) -> (usize, Session) {
    let kind = dice.below(kinds.len());
    (kind, session(engine, kinds[kind].task, kinds[kind].param))
}

#[test]
fn threads_get_what_they_get_alone() {
    let engine = engine();
    let image = noisy(40, 36);
    let kinds = kinds(&engine, &image);
    let seconds = std::env::var("MIRRA_TEST_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(30.0);
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let work = &|thread: usize| {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (thread as u64 + 1));
        let mut sessions: Vec<_> = (0..SESSIONS).map(|_| fresh(&mut dice, &engine, &kinds)).collect();
        let mut actions = 0_u64;
        while actions < 20 || Instant::now() < end {
            let place = &mut sessions[dice.below(SESSIONS)];
            act(&mut dice, &engine, place, &kinds, &image);
            actions += 1;
        }
        actions
    };
    let actions: u64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || work(thread))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    println!("{actions} runs, jobs and sessions in {seconds} s");
}
