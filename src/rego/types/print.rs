//! Types as OPA writes them.

use super::{Constant, Known, Rest, Shape, Type, Types};

/// About as long as the text of a type may be: a policy can build types that would fill the memory.
const MAX_BYTES: usize = 2 << 10;

impl Types {
    /// `array<number, string>`, `any<null, string>`, `object<a: number>[string: any]`; `???` for what is not known.
    pub(in crate::rego) fn print(&self, at: Known) -> String {
        let mut text = String::new();
        self.print_to(&mut text, at);
        text
    }

    fn print_to(&self, text: &mut String, at: Known) {
        if text.len() > MAX_BYTES {
            return;
        }
        let Some(at) = at else { return text.push_str("???") };
        match &*self.shape(at) {
            Shape::Null => text.push_str("null"),
            Shape::Boolean => text.push_str("boolean"),
            Shape::Number => text.push_str("number"),
            Shape::String => text.push_str("string"),
            Shape::Array { items, rest } => self.print_array(text, items, *rest),
            Shape::Object { properties, rest } => self.print_object(text, properties, *rest),
            Shape::Set(None) => text.push_str("set"),
            Shape::Set(of) => self.print_between(text, "set[", *of, "]"),
            Shape::Any(members) => self.print_any(text, members),
            Shape::Function { args, variadic, result } => {
                self.print_args(text, args, *variadic);
                self.print_between(text, " => ", *result, "");
            }
        }
    }

    fn print_between(&self, text: &mut String, before: &str, at: Known, after: &str) {
        text.push_str(before);
        self.print_to(text, at);
        text.push_str(after);
    }

    fn print_list<T>(&self, text: &mut String, list: &[T], print: impl Fn(&mut String, &T)) {
        for (at, one) in list.iter().enumerate() {
            if at > 0 {
                text.push_str(", ");
            }
            print(text, one);
        }
    }

    fn print_array(&self, text: &mut String, items: &[Known], rest: Known) {
        text.push_str("array");
        if !items.is_empty() {
            text.push('<');
            self.print_list(text, items, |text, item| self.print_to(text, *item));
            text.push('>');
        }
        if rest.is_some() {
            self.print_between(text, "[", rest, "]");
        }
    }

    fn print_object(&self, text: &mut String, properties: &[(Constant, Known)], rest: Rest) {
        text.push_str("object");
        if !properties.is_empty() {
            text.push('<');
            self.print_list(text, properties, |text, (key, value)| self.print_between(text, &format!("{key}: "), *value, ""));
            text.push('>');
        }
        if let Some((key, value)) = rest {
            self.print_between(text, "[", key, ": ");
            self.print_to(text, value);
            text.push(']');
        }
    }

    fn print_any(&self, text: &mut String, members: &[Type]) {
        text.push_str("any");
        if !members.is_empty() {
            text.push('<');
            self.print_list(text, members, |text, member| self.print_to(text, Some(*member)));
            text.push('>');
        }
    }

    fn print_args(&self, text: &mut String, args: &[Known], variadic: Known) {
        text.push('(');
        self.print_list(text, args, |text, arg| self.print_to(text, *arg));
        if variadic.is_some() {
            self.print_between(text, if args.is_empty() { "" } else { ", " }, variadic, "...");
        }
        text.push(')');
    }
}
