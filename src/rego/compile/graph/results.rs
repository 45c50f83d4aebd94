//! Which scalars a builtin can give, by OPA's declarations: a value that it never gives selects no rule.

use crate::rego::ast::{Term, TermKind};

/// Whether the builtin `name` may give the scalar `value`.
pub(super) fn may_be(name: &str, value: &Term) -> bool {
    let given = scalar(name);
    match value.kind {
        TermKind::Null => matches!(given, Scalar::Null | Scalar::Any),
        TermKind::Bool(_) => matches!(given, Scalar::Bool | Scalar::Any),
        TermKind::Number(_) => matches!(given, Scalar::Number | Scalar::Any),
        TermKind::String(_) => matches!(given, Scalar::String | Scalar::Any),
        _ => true,
    }
}

enum Scalar {
    Any,
    Null,
    Bool,
    Number,
    String,
    /// Collections only.
    None,
}

fn scalar(name: &str) -> Scalar {
    match name {
        "json.patch" | "json.unmarshal" | "max" | "min" | "object.get" | "rego.metadata.rule" | "yaml.unmarshal" | "print"
        | "internal.print" | "internal.test_case" => Scalar::Any,
        "cast_null" => Scalar::Null,
        "abs"
        | "bits.and"
        | "bits.lsh"
        | "bits.negate"
        | "bits.or"
        | "bits.rsh"
        | "bits.xor"
        | "ceil"
        | "count"
        | "div"
        | "floor"
        | "indexof"
        | "minus"
        | "mul"
        | "plus"
        | "product"
        | "rand.intn"
        | "rem"
        | "round"
        | "semver.compare"
        | "strings.count"
        | "sum"
        | "time.add_date"
        | "time.now_ns"
        | "time.parse_duration_ns"
        | "time.parse_ns"
        | "time.parse_rfc3339_ns"
        | "to_number"
        | "units.parse"
        | "units.parse_bytes" => Scalar::Number,
        _ if gives_string(name) => Scalar::String,
        _ if gives_collection(name) => Scalar::None,
        _ => Scalar::Bool,
    }
}

fn gives_string(name: &str) -> bool {
    matches!(
        name,
        "base64.decode"
            | "base64.encode"
            | "base64url.decode"
            | "base64url.encode"
            | "base64url.encode_no_pad"
            | "cast_string"
            | "concat"
            | "crypto.hmac.md5"
            | "crypto.hmac.sha1"
            | "crypto.hmac.sha256"
            | "crypto.hmac.sha512"
            | "crypto.md5"
            | "crypto.sha1"
            | "crypto.sha256"
            | "format_int"
            | "glob.quote_meta"
            | "hex.decode"
            | "hex.encode"
            | "internal.template_string"
            | "io.jwt.encode_sign"
            | "io.jwt.encode_sign_raw"
            | "json.marshal"
            | "json.marshal_with_options"
            | "lower"
            | "regex.replace"
            | "replace"
            | "sprintf"
            | "strings.render_template"
            | "strings.replace_n"
            | "strings.reverse"
            | "substring"
            | "time.format"
            | "time.weekday"
            | "trim"
            | "trim_left"
            | "trim_prefix"
            | "trim_right"
            | "trim_space"
            | "trim_suffix"
            | "type_name"
            | "upper"
            | "urlquery.decode"
            | "urlquery.encode"
            | "urlquery.encode_object"
            | "uuid.rfc4122"
            | "yaml.marshal"
    )
}

fn gives_collection(name: &str) -> bool {
    matches!(
        name,
        "and"
            | "array.concat"
            | "array.flatten"
            | "array.reverse"
            | "array.slice"
            | "cast_array"
            | "cast_object"
            | "cast_set"
            | "crypto.parse_private_keys"
            | "crypto.x509.parse_and_verify_certificates"
            | "crypto.x509.parse_and_verify_certificates_with_options"
            | "crypto.x509.parse_certificate_request"
            | "crypto.x509.parse_certificates"
            | "crypto.x509.parse_keypair"
            | "crypto.x509.parse_rsa_private_key"
            | "graph.reachable"
            | "graph.reachable_paths"
            | "graphql.parse"
            | "graphql.parse_and_verify"
            | "graphql.parse_query"
            | "graphql.parse_schema"
            | "http.send"
            | "indexof_n"
            | "intersection"
            | "io.jwt.decode"
            | "io.jwt.decode_verify"
            | "json.filter"
            | "json.match_schema"
            | "json.remove"
            | "json.verify_schema"
            | "net.cidr_contains_matches"
            | "net.cidr_expand"
            | "net.cidr_merge"
            | "net.lookup_ip_addr"
            | "numbers.range"
            | "numbers.range_step"
            | "object.filter"
            | "object.keys"
            | "object.remove"
            | "object.union"
            | "object.union_n"
            | "opa.runtime"
            | "or"
            | "providers.aws.sign_req"
            | "regex.find_all_string_submatch_n"
            | "regex.find_n"
            | "regex.split"
            | "rego.metadata.chain"
            | "rego.parse_module"
            | "set_diff"
            | "sort"
            | "split"
            | "strings.split_n"
            | "time.clock"
            | "time.date"
            | "time.diff"
            | "union"
            | "uri.parse"
            | "urlquery.decode_object"
            | "uuid.parse"
            | "walk"
    )
}
