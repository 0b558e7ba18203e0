//! Several senders, one task, and what they leave to each other.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use futures_util::task::{ArcWake, waker};

use super::*;
use crate::metrics::SentTopics;

const ROOMY: Capacity = Capacity { bytes: 1024, messages: 100 };

#[derive(Default)]
struct Count(AtomicUsize);

impl ArcWake for Count {
    fn wake_by_ref(count: &Arc<Self>) {
        count.0.fetch_add(1, Relaxed);
    }
}

fn full() -> Outbox {
    let outbox = Outbox::new(Capacity { bytes: 1, messages: 100 }, 8192, Instant::now());
    assert_eq!(outbox.message(about(0, Encoding::Postcard, &counts()), |_| Ok(())), Pushed::Done(()));
    outbox
}

#[test]
fn a_sender_that_was_woken_does_not_take_the_place_of_one_that_waits() {
    let outbox = full();
    let (first, second) = (Arc::new(Count::default()), Arc::new(Count::default()));
    let (first_waker, second_waker) = (waker(first.clone()), waker(second.clone()));
    let (mut first_ticket, mut second_ticket) = (RoomTicket::default(), RoomTicket::default());
    assert!(outbox.poll_room(&mut first_ticket, &Context::from_waker(&first_waker)).is_pending());
    outbox.take(&mut Vec::new());
    assert_eq!(first.0.load(Relaxed), 1);

    // before the first sender looks, the queue is full again, and a second one waits, in the same place
    assert_eq!(outbox.message(about(0, Encoding::Postcard, &counts()), |_| Ok(())), Pushed::Done(()));
    assert!(outbox.poll_room(&mut second_ticket, &Context::from_waker(&second_waker)).is_pending());
    assert!(outbox.poll_room(&mut first_ticket, &Context::from_waker(&first_waker)).is_pending());
    outbox.leave_room(&mut first_ticket);
    outbox.take(&mut Vec::new());
    assert_eq!((first.0.load(Relaxed), second.0.load(Relaxed)), (1, 1));
}

fn counts() -> Arc<SentCounts> {
    SentTopics::default().of(&crate::Topic::one_way::<()>("topic"))
}

const fn about(topic: TopicId, encoding: Encoding, counts: &Arc<SentCounts>) -> About<'_> {
    About { topic, counts, encoding, trace: None }
}

struct Nobody;

impl Sink for Nobody {
    fn complete(&self, _: u32, _: RawOutcome<'_>) -> bool {
        true
    }

    fn undecodable(&self, _: u32, _: String) {}
}

#[test]
fn a_request_that_ends_before_all_others_wakes_the_task_although_others_wait_to_be_written() {
    let outbox = Outbox { capacity: ROOMY, ..full() };
    let task = Arc::new(Count::default());
    let task_waker = waker(task.clone());
    let now = Instant::now();
    for (seconds, woken) in [(10, 1), (20, 1), (5, 2), (5, 2)] {
        outbox.register(&Context::from_waker(&task_waker));
        let waiting = || Waiting { sink: Arc::new(Nobody), asked: 0, topic: 0, place: 0 };
        let deadline = now + std::time::Duration::from_secs(seconds);
        let pushed =
            outbox.request(about(0, Encoding::Postcard, &counts()), 0, deadline, waiting, |_| Ok(()));
        assert!(matches!(pushed, Pushed::Done(_)), "{pushed:?}");
        assert_eq!(task.0.load(Relaxed), woken, "after one of {seconds} s");
    }
}

#[test]
fn a_payload_that_fails_or_is_too_large_or_panics_leaves_no_trace() {
    let outbox = full();
    let outbox = Outbox { capacity: ROOMY, ..outbox };
    let mut before = outbox.lock().buffer.clone();
    let failed = outbox.message(about(0, Encoding::Postcard, &counts()), |out| {
        out.push(1);
        Err("no".to_owned())
    });
    assert_eq!(failed, Pushed::Failed("no".to_owned()));
    let large = outbox.message(about(0, Encoding::Postcard, &counts()), |out| {
        out.resize(out.len() + 8192, 0);
        Ok(())
    });
    assert!(matches!(large, Pushed::Failed(_)), "{large:?}");
    let panicked = std::panic::catch_unwind(AssertUnwindSafe(|| {
        outbox.message(about(0, Encoding::Postcard, &counts()), |out| {
            out.push(1);
            panic!("a serializer panics")
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(outbox.lock().buffer, before);
    assert_eq!(outbox.message(about(7, Encoding::Json, &counts()), |_| Ok(())), Pushed::Done(()));
    Frame::Message { topic: 7, encoding: Encoding::Json, payload: &[] }.write(&mut before);
    assert_eq!(outbox.lock().buffer, before);
}
