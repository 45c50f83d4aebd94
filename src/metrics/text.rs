//! Families as text: Prometheus' format 0.0.4, OpenMetrics 1.0.0, and JSON for the client libraries of other languages.

use serde_json::{Value as Json, json};

use super::Format;
use super::family::{BOUNDS, Bound};
use super::gather::{Gathered, Sample, Times, Value};

/// Writes families in one of the text formats.
pub(super) fn write(families: &[Gathered], format: Format) -> String {
    let mut text = String::with_capacity(16 << 10);
    for family in families {
        Writer { format, family, text: &mut text }.family();
    }
    if format == Format::OpenMetrics {
        text.push_str("# EOF\n");
    }
    text
}

struct Writer<'a> {
    format: Format,
    family: &'a Gathered,
    text: &'a mut String,
}

impl Writer<'_> {
    fn family(&mut self) {
        let is_openmetrics = self.format == Format::OpenMetrics;
        // In OpenMetrics, `_total` belongs to the sample, not to the family.
        let name = if is_openmetrics { self.family.name.trim_end_matches("_total") } else { self.family.name };
        self.comment("HELP", name, &escaped(self.family.help, is_openmetrics));
        self.comment("TYPE", name, self.family.shape.name());
        if let Some(unit) = self.family.unit().filter(|_| is_openmetrics) {
            self.comment("UNIT", name, unit);
        }
        for sample in &self.family.samples {
            self.sample(sample);
        }
    }

    fn comment(&mut self, what: &str, name: &str, text: &str) {
        self.text.extend(["# ", what, " ", name, " ", text, "\n"]);
    }

    fn sample(&mut self, sample: &Sample) {
        match &sample.value {
            Value::Count(count) => self.line("", &sample.labels, None, &count.to_string()),
            Value::Number(number) => self.line("", &sample.labels, None, &number.to_string()),
            Value::Times(times) => self.times(sample, times),
        }
    }

    fn times(&mut self, sample: &Sample, times: &Times) {
        let spell = |bound: &Bound| if self.format == Format::OpenMetrics { bound.openmetrics } else { bound.text };
        let bounds = BOUNDS.iter().map(spell).zip(times.buckets.iter().copied()).collect::<Vec<_>>();
        for (bound, up_to) in bounds.into_iter().chain([("+Inf", times.count)]) {
            self.line("_bucket", &sample.labels, Some(bound), &up_to.to_string());
        }
        self.line("_sum", &sample.labels, None, &times.seconds().to_string());
        self.line("_count", &sample.labels, None, &times.count.to_string());
    }

    fn line(&mut self, part: &str, labels: &[(&str, String)], bound: Option<&str>, value: &str) {
        self.text.extend([self.family.name, part]);
        let labels = labels.iter().map(|(name, value)| (*name, value.as_str())).chain(bound.map(|bound| ("le", bound)));
        let mut opening = "{";
        for (name, value) in labels {
            self.text.extend([opening, name, "=\"", &escaped(value, true), "\""]);
            opening = ",";
        }
        self.text.extend([if opening == "," { "} " } else { " " }, value, "\n"]);
    }
}

/// Line ends and backslashes escaped, and quotes where they would end the text.
fn escaped(text: &str, is_quoted: bool) -> String {
    let mut escaped = text.replace('\\', "\\\\").replace('\n', "\\n");
    if is_quoted {
        escaped = escaped.replace('"', "\\\"");
    }
    escaped
}

/// Families as a JSON array: what a client library needs to show them as its own.
pub(super) fn to_json(families: &[Gathered]) -> Json {
    families
        .iter()
        .map(|family| {
            json!({
                "name": family.name,
                "help": family.help,
                "type": family.shape.name(),
                "unit": family.unit(),
                "labels": family.samples.first().map(label_names),
                "samples": family.samples.iter().map(sample_to_json).collect::<Json>(),
            })
        })
        .collect()
}

fn label_names(sample: &Sample) -> Json {
    sample.labels.iter().map(|(name, _)| Json::from(*name)).collect()
}

fn sample_to_json(sample: &Sample) -> Json {
    let labels: Json = sample.labels.iter().map(|(_, value)| Json::from(value.as_str())).collect();
    match &sample.value {
        Value::Count(count) => json!({"labels": labels, "value": count}),
        Value::Number(number) => json!({"labels": labels, "value": number}),
        Value::Times(times) => {
            let buckets = BOUNDS.iter().zip(&times.buckets);
            let buckets: Json = buckets.map(|(bound, up_to)| json!([super::gather::seconds(bound.nanoseconds), up_to])).collect();
            json!({"labels": labels, "buckets": buckets, "count": times.count, "sum": times.seconds()})
        }
    }
}
