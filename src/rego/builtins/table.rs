//! The table of all builtins, sorted by name.

use super::{Builtin, Function, aggregates, arithmetic, arrays, bits, casts, comparison, numbers, objects, sets, sprintf, strings, subset, types, walk};

/// The builtin of that name.
#[must_use]
pub fn lookup(name: &str) -> Option<&'static Builtin> {
    let at = TABLE.binary_search_by(|builtin| builtin.name.cmp(name)).ok()?;
    TABLE.get(at)
}

/// All builtins.
#[must_use]
pub fn all() -> &'static [Builtin] {
    TABLE
}

const fn of(name: &'static str, arity: usize, function: Function) -> Builtin {
    Builtin { name, arity, function, relation: false, nondeterministic: false }
}

const fn relation(name: &'static str, arity: usize, function: Function) -> Builtin {
    Builtin { relation: true, ..of(name, arity, function) }
}

static TABLE: &[Builtin] = &[
    of("abs", 1, arithmetic::abs),
    of("all", 1, aggregates::all),
    of("and", 2, sets::and),
    of("any", 1, aggregates::some),
    of("array.concat", 2, arrays::concat),
    of("array.flatten", 1, arrays::flatten),
    of("array.reverse", 1, arrays::reverse),
    of("array.slice", 3, arrays::slice),
    of("bits.and", 2, bits::and),
    of("bits.lsh", 2, bits::shift_left),
    of("bits.negate", 1, bits::negate),
    of("bits.or", 2, bits::or),
    of("bits.rsh", 2, bits::shift_right),
    of("bits.xor", 2, bits::xor),
    of("cast_array", 1, casts::cast_array),
    of("cast_boolean", 1, casts::cast_boolean),
    of("cast_null", 1, casts::cast_null),
    of("cast_object", 1, casts::cast_object),
    of("cast_set", 1, casts::cast_set),
    of("cast_string", 1, casts::cast_string),
    of("ceil", 1, arithmetic::ceil),
    of("concat", 2, strings::concat),
    of("contains", 2, strings::contains),
    of("count", 1, aggregates::count),
    of("div", 2, arithmetic::divide),
    of("endswith", 2, strings::ends_with),
    of("eq", 2, comparison::equal),
    of("equal", 2, comparison::equal),
    of("floor", 1, arithmetic::floor),
    of("format_int", 2, strings::format_int),
    of("gt", 2, comparison::greater),
    of("gte", 2, comparison::greater_or_equal),
    of("indexof", 2, strings::indexof),
    of("indexof_n", 2, strings::indexof_n),
    of("internal.member_2", 2, aggregates::member),
    of("internal.member_3", 3, aggregates::member_with_key),
    of("intersection", 1, sets::intersection),
    of("is_array", 1, types::is_array),
    of("is_boolean", 1, types::is_boolean),
    of("is_null", 1, types::is_null),
    of("is_number", 1, types::is_number),
    of("is_object", 1, types::is_object),
    of("is_set", 1, types::is_set),
    of("is_string", 1, types::is_string),
    of("lower", 1, strings::lower),
    of("lt", 2, comparison::less),
    of("lte", 2, comparison::less_or_equal),
    of("max", 1, aggregates::max),
    of("min", 1, aggregates::min),
    of("minus", 2, arithmetic::minus),
    of("mul", 2, arithmetic::multiply),
    of("neq", 2, comparison::not_equal),
    of("numbers.range", 2, numbers::range),
    of("numbers.range_step", 3, numbers::range_step),
    of("object.filter", 2, objects::filter),
    of("object.get", 3, objects::get),
    of("object.keys", 1, objects::keys),
    of("object.remove", 2, objects::remove),
    of("object.subset", 2, subset::subset),
    of("object.union", 2, objects::union),
    of("object.union_n", 1, objects::union_n),
    of("or", 2, sets::or),
    of("plus", 2, arithmetic::plus),
    of("product", 1, aggregates::product),
    of("rem", 2, arithmetic::remainder),
    of("replace", 3, strings::replace),
    of("round", 1, arithmetic::round),
    of("set_diff", 2, sets::set_diff),
    of("sort", 1, aggregates::sort),
    of("split", 2, strings::split),
    of("sprintf", 2, sprintf::sprintf),
    of("startswith", 2, strings::starts_with),
    of("strings.any_prefix_match", 2, strings::any_prefix_match),
    of("strings.any_suffix_match", 2, strings::any_suffix_match),
    of("strings.count", 2, strings::count),
    of("strings.replace_n", 2, strings::replace_n),
    of("strings.reverse", 1, strings::reverse),
    of("strings.split_n", 3, strings::split_n),
    of("substring", 3, strings::substring),
    of("sum", 1, aggregates::sum),
    of("to_number", 1, casts::to_number),
    of("trim", 2, strings::trim),
    of("trim_left", 2, strings::trim_left),
    of("trim_prefix", 2, strings::trim_prefix),
    of("trim_right", 2, strings::trim_right),
    of("trim_space", 1, strings::trim_space),
    of("trim_suffix", 2, strings::trim_suffix),
    of("type_name", 1, types::type_name),
    of("union", 1, sets::union),
    of("upper", 1, strings::upper),
    relation("walk", 1, walk::walk),
];
