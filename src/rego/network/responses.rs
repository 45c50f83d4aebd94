//! Answers, and those that one decision leaves to later ones: OPA's inter-query cache, bounded by its bytes.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a server answered.
#[derive(Debug, Clone, Default)]
pub(in crate::rego) struct Response {
    /// `200 OK`.
    pub(in crate::rego) status: String,
    pub(in crate::rego) code: u16,
    /// In order, each name in lower case, with one value.
    pub(in crate::rego) headers: Vec<(String, Vec<u8>)>,
    pub(in crate::rego) body: Vec<u8>,
}

impl Response {
    /// The first value of a header.
    pub(in crate::rego) fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_slice())
    }

    /// The same as text, empty where there is none.
    pub(in crate::rego) fn text(&self, name: &str) -> String {
        String::from_utf8_lossy(self.header(name).unwrap_or_default()).into_owned()
    }

    fn bytes(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len() + 64).sum();
        self.body.len() + self.status.len() + headers
    }
}

/// An answer, and until when it is fresh.
#[derive(Debug)]
pub(in crate::rego) struct Stored {
    pub(in crate::rego) response: Response,
    /// Nanoseconds since 1970.
    pub(in crate::rego) expires: i128,
}

/// Answers by what was asked.
#[derive(Debug)]
pub(in crate::rego) struct Responses {
    max_bytes: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    answers: HashMap<Arc<[u8]>, (u64, Arc<Stored>)>,
    /// The oldest first, with the number that each was put with. What is gone, or was put again, stays until it is its turn.
    order: VecDeque<(u64, Arc<[u8]>)>,
    next: u64,
    bytes: usize,
}

/// What an entry takes beside its key, twice, and its answer.
const OVERHEAD: usize = 160;

fn size(key: &[u8], stored: &Stored) -> usize {
    key.len() + stored.response.bytes() + OVERHEAD
}

impl Responses {
    pub(super) fn new(max_bytes: u64) -> Self {
        Self { max_bytes: usize::try_from(max_bytes).unwrap_or(usize::MAX), kept: Mutex::default() }
    }

    /// What is kept, fresh or not.
    pub(in crate::rego) fn get(&self, key: &[u8]) -> Option<Arc<Stored>> {
        self.lock().answers.get(key).map(|(_, stored)| Arc::clone(stored))
    }

    pub(in crate::rego) fn remove(&self, key: &[u8]) {
        self.lock().remove(key);
    }

    /// Keeps an answer; the oldest ones go where there is no room. One that is larger than all the room is not kept. One that is fresh no
    /// longer is: the server may be asked whether it still holds.
    pub(in crate::rego) fn put(&self, key: &[u8], stored: Stored) {
        let size = size(key, &stored);
        let mut kept = self.lock();
        kept.remove(key);
        if size > self.max_bytes {
            return;
        }
        while kept.bytes + size > self.max_bytes {
            let Some((number, oldest)) = kept.order.pop_front() else { break };
            if kept.is_current(number, &oldest) {
                kept.remove(&oldest);
            }
        }
        let key: Arc<[u8]> = key.into();
        let number = kept.next;
        kept.next += 1;
        kept.bytes += size;
        kept.order.push_back((number, Arc::clone(&key)));
        kept.answers.insert(key, (number, Arc::new(stored)));
        kept.tidy();
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Each change leaves it whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn remove(&mut self, key: &[u8]) {
        if let Some((_, stored)) = self.answers.remove(key) {
            self.bytes -= size(key, &stored).min(self.bytes);
        }
    }

    /// Whether what was put with this number is what is there.
    fn is_current(&self, number: u64, key: &[u8]) -> bool {
        self.answers.get(key).is_some_and(|(own, _)| *own == number)
    }

    /// Lets go of what is gone where that is most of the order, so that it takes no more memory than what is there: amortised, one step a put.
    fn tidy(&mut self) {
        if self.order.len() > self.answers.len() * 2 + 16 {
            let answers = &self.answers;
            self.order.retain(|(number, key)| answers.get(key).is_some_and(|(own, _)| own == number));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Response, Responses, Stored};

    fn stored(bytes: usize) -> Stored {
        Stored { response: Response { body: vec![0; bytes], ..Response::default() }, expires: 0 }
    }

    #[test]
    fn the_oldest_go_and_no_bound_is_passed() {
        let responses = Responses::new(10_000);
        for key in 0..100_u8 {
            responses.put(&[key], stored(1_000));
            assert!(responses.lock().bytes <= 10_000);
        }
        assert!(responses.get(&[99]).is_some() && responses.get(&[0]).is_none());
        responses.put(&[99], stored(20_000));
        assert!(responses.get(&[99]).is_none(), "what is larger than all the room is not kept, nor what it replaces");
        for key in 0..100 {
            responses.remove(&[key]);
        }
        let kept = responses.lock();
        assert!(kept.bytes == 0 && kept.answers.is_empty());
    }

    #[test]
    fn what_is_put_again_takes_no_more_and_is_young_again() {
        let responses = Responses::new(10_000);
        for _ in 0..10_000 {
            responses.put(b"again", stored(10));
        }
        assert!(responses.lock().order.len() <= 20);
        responses.put(b"old", stored(1_000));
        responses.put(b"again", stored(10));
        for key in 0..7_u8 {
            responses.put(&[key], stored(1_000));
        }
        assert!(responses.get(b"again").is_some() && responses.get(b"old").is_some());
        responses.put(b"more", stored(1_000));
        assert!(responses.get(b"old").is_none() && responses.get(b"again").is_some(), "the oldest goes");
    }
}
