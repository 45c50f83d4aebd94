//! Explaining decisions.

use super::{Engine, EvaluateOptions, Evaluation, Target};
use crate::error::Result;
use crate::rego::{Explanation, Given};

impl Engine {
    /// Decides as [`Engine::evaluate`], step by step, and appends JSON to `output`: `explanation`, how it came to the decision, and `result`,
    /// left out where it is undefined. It is for people, and is not counted among the evaluations.
    ///
    /// # Errors
    /// As [`Engine::evaluate`]; `LIMIT_EXCEEDED` also for more than can be told; `UNSUPPORTED` for another evaluator than sark's.
    pub fn explain(
        &self,
        target: &Target,
        input: Option<&[u8]>,
        how: Explanation,
        options: &EvaluateOptions,
        output: &mut Vec<u8>,
    ) -> Result<Evaluation> {
        let question = self.question(input.map(Given::Json), options);
        self.answering(&question)?.explain(target, &question, how, output)
    }
}
