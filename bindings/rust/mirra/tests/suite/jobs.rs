//! Jobs: who has the buffers when.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::Context;
use std::thread;
use std::time::Duration;

use mirra::image::RgbImage;
use mirra::{ErrorKind, Job, JobState, Result, Run, Session};

use crate::support::{Unpark, block_on, engine, halved, picture};

fn halving() -> Session {
    engine().session("gain").set("gain", 0.5).tile_size(16).create().expect("a session")
}

/// A run whose first callback says that it began, and waits to be let go.
fn held() -> (Run<'static>, Receiver<()>, Sender<()>) {
    let ((began, begins), (go, goes)) = (channel(), channel());
    let run = Run::new().progress(move |_| {
        _ = began.send(());
        _ = goes.recv();
    });
    (run, begins, go)
}

/// A buffer that counts how often it was dropped.
#[derive(Debug)]
struct Counted(RgbImage, Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

fn submit_counted(session: &mut Session, run: Run<'static>) -> (Job<Counted>, Arc<AtomicUsize>) {
    let drops = Arc::new(AtomicUsize::new(0));
    let counted = Counted(picture(64, 64), Arc::clone(&drops));
    let job = session.submit(counted, |counted, _| run.in_place("image", "output", &mut counted.0));
    (job.expect("begun"), drops)
}

#[test]
fn a_job_gives_its_buffers_back() {
    let image = picture(64, 64);
    let mut session = halving();
    let job = session
        .submit((image.clone(), RgbImage::new(64, 64)), |(image, made), run| {
            run.input("image", &*image).output("output", made)
        })
        .expect("begun");
    let ((from, made), result) = job.wait().expect("done");
    assert_eq!(from, image);
    assert!(from.iter().zip(made.iter()).all(|(&from, &made)| halved(from) == made));
    assert!(result.info().expect("info").tile_count > 4);
}

#[test]
fn a_job_is_a_future() {
    let image = picture(64, 64);
    let mut session = halving();
    let expected = session.process(&image).expect("halved");
    let job = session.start(image.clone()).expect("begun");
    let ((from, made), _) = block_on(job).expect("done");
    assert_eq!((from, made), (image.clone(), expected.clone()));
    // Many at once, from one thread.
    let engine = engine();
    let jobs: Vec<_> = (0..8)
        .map(|_| {
            let mut session = engine.session("gain").set("gain", 0.5).create().expect("a session");
            session.start(image.clone()).expect("begun")
        })
        .collect();
    for job in jobs {
        assert_eq!(block_on(job).expect("done").0.1, expected);
    }
}

#[test]
fn a_future_wakes_only_when_the_run_has_ended() {
    let (run, begins, go) = held();
    let mut session = halving();
    let mut job = pin!(session.start_with(picture(64, 64), run).expect("begun"));
    begins.recv().expect("it runs");
    let waker = Arc::new(Unpark(thread::current())).into();
    assert!(job.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    drop(go);
    block_on(job.as_mut()).expect("done");
    let again = catch_unwind(AssertUnwindSafe(|| job.as_mut().poll(&mut Context::from_waker(&waker))));
    assert!(again.is_err(), "it has given its outcome");
}

#[test]
fn a_session_is_busy_meanwhile_and_what_it_refuses_comes_back() {
    let (run, begins, go) = held();
    let mut session = halving();
    let job = session.start_with(picture(64, 64), run).expect("begun");
    begins.recv().expect("it runs");
    assert_eq!(job.status().expect("status").state, JobState::Running);
    assert!(!job.wait_timeout(Duration::from_millis(1)) && !job.is_finished());
    assert_eq!(session.set("gain", 1).expect_err("busy").kind(), ErrorKind::Busy);
    let failed = session
        .submit(picture(64, 64), |image, run| run.in_place("image", "output", image))
        .expect_err("busy");
    assert_eq!(failed.error.kind(), ErrorKind::Busy);
    assert_eq!(failed.buffers.expect("they come back"), picture(64, 64));
    let info = session.info().expect("also while a job runs");
    assert_eq!(info.task, "gain");
    drop((session, go));
    assert!(job.wait_timeout(Duration::from_secs(60)));
    assert_eq!(job.status().expect("status").state, JobState::Done);
    job.wait().expect("done");
}

#[test]
fn what_was_given_wrong_comes_back() {
    let mut session = halving();
    let failed = session
        .submit(picture(9, 9), |image, run| run.in_place("image\0", "output", image))
        .expect_err("a NUL");
    assert_eq!(failed.error.kind(), ErrorKind::InvalidArgument);
    assert_eq!(failed.buffers.expect("they come back"), picture(9, 9));
    let failed = session.submit(7, |_, run| run).expect("begun").wait().expect_err("no image");
    assert_eq!((failed.error.subject(), failed.buffers), ("image", Some(7)));
    let panicked = catch_unwind(AssertUnwindSafe(|| session.submit(7, |_, _| panic!("no run"))));
    assert!(panicked.is_err());
    session.process(&picture(9, 9)).expect("it serves on");
}

#[test]
fn a_dropped_job_stops_before_its_buffers_go() {
    let (run, begins, go) = held();
    let mut session = halving();
    let (job, drops) = submit_counted(&mut session, run);
    begins.recv().expect("it runs");
    let seen = Arc::clone(&drops);
    let helper = thread::spawn(move || {
        thread::sleep(Duration::from_millis(50));
        let before = seen.load(Ordering::SeqCst);
        drop(go);
        before
    });
    drop(job);
    assert_eq!(helper.join().expect("no panic"), 0, "the buffers live while the run does");
    assert_eq!(drops.load(Ordering::SeqCst), 1);
    session.process(&picture(9, 9)).expect("the session is free");
}

#[test]
fn a_forgotten_job_runs_on_with_its_buffers() {
    let (run, begins, go) = held();
    let mut session = halving();
    let (job, drops) = submit_counted(&mut session, run);
    begins.recv().expect("it runs");
    std::mem::forget(job);
    drop(go);
    while session.set("gain", 0.5).is_err() {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(drops.load(Ordering::SeqCst), 0, "the job owns them for ever");
}

#[test]
fn a_job_that_is_dropped_in_its_own_callback_keeps_its_buffers() {
    let place: Arc<Mutex<Option<Job<Counted>>>> = Arc::default();
    let (put, is_put) = channel();
    let (own, taken) = (Arc::clone(&place), Mutex::new(Some(is_put)));
    let run = Run::new().progress(move |_| {
        if let Some(is_put) = taken.lock().expect("no panic").take() {
            is_put.recv().expect("it is put there");
            own.lock().expect("no panic").take();
        }
    });
    let mut session = halving();
    let (job, drops) = submit_counted(&mut session, run);
    *place.lock().expect("no panic") = Some(job);
    put.send(()).expect("received");
    while drops.load(Ordering::SeqCst) == 0 {
        thread::sleep(Duration::from_millis(1));
    }
    while session.set("gain", 0.5).is_err() {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn a_job_that_waits_for_itself_is_told_so() {
    let place: Arc<Mutex<Option<Job<Counted>>>> = Arc::default();
    let (put, is_put) = channel();
    let (told, tells) = channel();
    let (own, taken) = (Arc::clone(&place), Mutex::new(Some(is_put)));
    let run = Run::new().progress(move |_| {
        if let Some(is_put) = taken.lock().expect("no panic").take() {
            is_put.recv().expect("it is put there");
            let job = own.lock().expect("no panic").take().expect("put");
            assert!(!job.wait_timeout(Duration::from_secs(60)), "at once");
            let failed = job.wait().expect_err("itself");
            told.send((failed.error.kind(), failed.buffers.is_none())).expect("received");
        }
    });
    let mut session = halving();
    let (job, drops) = submit_counted(&mut session, run);
    *place.lock().expect("no panic") = Some(job);
    put.send(()).expect("received");
    assert_eq!(tells.recv().expect("told"), (ErrorKind::Busy, true));
    while drops.load(Ordering::SeqCst) == 0 {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_cancelled_job_gives_its_buffers_back() {
    let (run, begins, go) = held();
    let mut session = halving();
    let (job, drops) = submit_counted(&mut session, run);
    begins.recv().expect("it runs");
    job.cancel();
    drop(go);
    let failed = block_on(job).expect_err("stopped");
    assert_eq!(failed.error.kind(), ErrorKind::Cancelled);
    assert_eq!(failed.buffers.expect("given back").0.dimensions(), (64, 64));
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn a_panic_comes_out_of_whoever_waits() {
    let mut session = halving();
    let panics = || Run::new().progress(|progress| assert!(progress.fraction > 2.0, "in the job"));
    let message = |outcome: thread::Result<Result<()>>| {
        outcome.expect_err("a panic").downcast_ref::<&str>().map(|text| (*text).to_owned())
    };
    let job = session.start_with(picture(64, 64), panics()).expect("begun");
    let outcome = catch_unwind(AssertUnwindSafe(|| job.wait().map(|_| ()).map_err(Into::into)));
    assert_eq!(message(outcome).as_deref(), Some("in the job"));
    let job = session.start_with(picture(64, 64), panics()).expect("begun");
    let outcome = catch_unwind(AssertUnwindSafe(|| block_on(job).map(|_| ()).map_err(Into::into)));
    assert_eq!(message(outcome).as_deref(), Some("in the job"));
    drop(session.start_with(picture(64, 64), panics()).expect("begun"));
    session.process(&picture(9, 9)).expect("it serves on");
}

#[test]
fn buffers_may_be_of_any_type_and_callbacks_may_borrow_from_them() {
    struct Work {
        pixels: [u8; 12],
        seen: Vec<f64>,
    }
    let work = Work { pixels: [200; 12], seen: Vec::new() };
    let job = halving().submit(work, |work, run| {
        let Work { pixels, seen } = work;
        let layout = mirra::Layout::packed(2, 2, mirra::Color::Rgb);
        run.in_place("image", "output", mirra::ImageViewMut::new(pixels, layout))
            .progress(|progress| seen.push(progress.fraction))
    });
    let (work, _) = job.expect("begun").wait().expect("done");
    assert_eq!(work.pixels, [halved(200); 12]);
    assert!(!work.seen.is_empty());
}
