//! A decision in two steps, for callers who may not block, or who have an HTTP client of their own.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::decision::{Decision, Phases};
use super::request::{Asking, Next, Request};
use super::{Client, DecideOptions, Side};
use crate::error::{Error, ErrorKind, Result};
use crate::opa::{NoAnswer, Question};

/// How long a local evaluation may take before the caller gets a ticket instead.
const INLINE: Duration = Duration::from_millis(1);

/// What a beginning came to.
pub enum Begun {
    /// The decision.
    Decided(Box<Decision>),
    /// What is left to do for it.
    Ticket(Box<Ticket>),
}

/// A decision that waits for the remote, or for a thread that may take longer. One thread at a time. Dropping it gives the decision up.
pub struct Ticket {
    client: Arc<Client>,
    policy: String,
    input: Option<Vec<u8>>,
    request: Request<'static>,
    state: State,
}

enum State {
    /// The local evaluation takes longer than a caller who may not block waits.
    Evaluate(Phases),
    Ask(Box<(Asking, Question)>),
    Done,
}

impl Client {
    /// [`Client::decide`], without blocking: what the cache or the local engine decides within a millisecond is decided; for anything else
    /// there is a ticket.
    ///
    /// # Errors
    /// As [`Client::decide`].
    pub fn begin(self: &Arc<Self>, policy: &str, input: Option<&[u8]>, user: &[u8], options: &DecideOptions) -> Result<Begun> {
        self.check_open()?;
        let request = Request::new(policy, input, options, self.options.timeout)?;
        let (side, phases) = self.side_of(&request, user)?;
        let next = match side {
            Side::Local => match self.decide_inline(&request, phases) {
                Some(next) => next,
                None => return Ok(self.ticket(&request, State::Evaluate(phases))),
            },
            Side::Remote | Side::RemoteFirst => Ok(self.next_of(&request, side, phases)?),
        };
        let decided = match next {
            Ok(Next::Ask(asking)) => match self.question(&request, &asking) {
                Ok(question) => return Ok(self.ticket(&request, State::Ask(Box::new((asking, question))))),
                Err(error) => self.finish(&request, asking, Err(error), Instant::now()),
            },
            Ok(Next::Decided(decision)) => Ok(decision),
            Err(error) => Err(error),
        };
        self.done(&request, decided).map(|decision| Begun::Decided(Box::new(decision)))
    }

    /// `None` where it takes too long.
    fn decide_inline(&self, request: &Request<'_>, mut phases: Phases) -> Option<Result<Next>> {
        let timeout = self.local_timeout(request);
        if timeout.is_some_and(|timeout| timeout <= INLINE) {
            return Some(self.decide_locally(request, phases));
        }
        let decided = self.ask_cache_and_engine(request, Some(INLINE), true, &mut phases);
        match decided {
            Err(error) if error.kind() == ErrorKind::LimitExceeded => None,
            decided => Some(self.after_local(request, decided, phases)),
        }
    }

    fn question(&self, request: &Request<'_>, asking: &Asking) -> Result<Question> {
        self.remote()?.question(&self.remote_path(&request.target)?, request.input, &request.context(asking.timeout))
    }

    fn ticket(self: &Arc<Self>, request: &Request<'_>, state: State) -> Begun {
        let Request { id, ref target, start, timeout, trace, .. } = *request;
        let clock = request.clock.clone();
        let kept = Request { id, policy: "", target: target.clone(), input: None, start, timeout, trace, clock };
        let (policy, input) = (request.policy.to_owned(), request.input.map(<[u8]>::to_vec));
        Begun::Ticket(Box::new(Ticket { client: Arc::clone(self), policy, input, request: kept, state }))
    }
}

impl Ticket {
    /// The HTTP request to send; `None` where there is none, and [`Ticket::run`] is the way.
    #[must_use]
    pub fn question(&self) -> Option<&Question> {
        if let State::Ask(asked) = &self.state { Some(&asked.1) } else { None }
    }

    /// The decision, from the response's status and body. In the mode `RemoteFirst`, a remote that is away makes the local engine decide, here
    /// and now.
    ///
    /// # Errors
    /// As [`Client::decide`]; `INVALID_ARGUMENT` for a ticket that has no HTTP request, or was completed.
    pub fn complete(&mut self, status: u16, body: &[u8]) -> Result<Decision> {
        let (asking, question) = self.take_question()?;
        self.finish(|client, request| {
            let answer = client.remote()?.answered(&question, status, body);
            client.finish(request, asking, answer, request.start)
        })
    }

    /// The decision for an HTTP request that got no response.
    ///
    /// # Errors
    /// As [`Ticket::complete`].
    pub fn fail(&mut self, why: NoAnswer) -> Result<Decision> {
        let (asking, question) = self.take_question()?;
        self.finish(|client, request| {
            let error = client.remote()?.not_answered(&question, why);
            client.finish(request, asking, Err(error), request.start)
        })
    }

    /// The decision, however long it takes: sends the request by sark's own HTTP client, or evaluates. Blocks.
    ///
    /// # Errors
    /// As [`Client::decide`]; `INVALID_ARGUMENT` for a ticket that was completed.
    pub fn run(&mut self) -> Result<Decision> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Evaluate(phases) => self.finish(|client, request| {
                let next = client.decide_locally(request, phases)?;
                client.carry_out(request, next)
            }),
            State::Ask(asked) => self.finish(|client, request| {
                let (asking, question) = *asked;
                let start = Instant::now();
                let answer = client.remote()?.ask(&question);
                client.finish(request, asking, answer, start)
            }),
            State::Done => Err(completed()),
        }
    }

    fn take_question(&mut self) -> Result<(Asking, Question)> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Ask(asked) => Ok(*asked),
            State::Evaluate(phases) => {
                self.state = State::Evaluate(phases);
                Err(Error::invalid("ticket", "there is no HTTP request to complete; run it, on a thread that may block"))
            }
            State::Done => Err(completed()),
        }
    }

    fn finish(&self, decide: impl FnOnce(&Client, &Request<'_>) -> Result<Decision>) -> Result<Decision> {
        self.client.check_open()?;
        let Request { id, ref target, start, timeout, trace, .. } = self.request;
        let (policy, input) = (self.policy.as_str(), self.input.as_deref());
        // The time that the ticket waited belongs to no phase.
        let clock = Cell::new(Instant::now());
        let request = Request { id, policy, target: target.clone(), input, start, timeout, trace, clock };
        self.client.done(&request, decide(&self.client, &request))
    }
}

fn completed() -> Error {
    Error::invalid("ticket", "it was completed; each ticket gives one decision")
}
