//! Chains from a leaf up to a root, as Go builds and checks them.

use super::super::super::value::{Elements, Entries, Value, number};
use super::super::operand::fail;
use super::super::{Context, Failure};
use super::certificate::Certificate;
use super::{constraints, host, policies};

/// So many signatures are checked at most while chains are built.
const MAX_CHECKS: usize = 100;

/// A signature's work: that of a few hundred kilobytes.
const CHECK_CHARGE: usize = 4096;

/// Usages by OPA's names; the place is Go's number.
const USAGES: [&[u8]; 14] = [
    b"KeyUsageAny",
    b"KeyUsageServerAuth",
    b"KeyUsageClientAuth",
    b"KeyUsageCodeSigning",
    b"KeyUsageEmailProtection",
    b"KeyUsageIPSECEndSystem",
    b"KeyUsageIPSECTunnel",
    b"KeyUsageIPSECUser",
    b"KeyUsageTimeStamping",
    b"KeyUsageOCSPSigning",
    b"KeyUsageMicrosoftServerGatedCrypto",
    b"KeyUsageNetscapeServerGatedCrypto",
    b"KeyUsageMicrosoftCommercialCodeSigning",
    b"KeyUsageMicrosoftKernelCodeSigning",
];

/// Any usage will do.
const ANY: usize = 0;
const SERVER: usize = 1;

/// What a chain is verified for.
#[derive(Debug, Clone, Default)]
pub(super) struct Options {
    host: Vec<u8>,
    /// Nanoseconds since 1970; the query's time where it is absent.
    time: Option<i64>,
    usages: Vec<usize>,
}

fn unquoted(text: &[u8]) -> &[u8] {
    let mut text = text;
    while let [b'"', rest @ ..] | [rest @ .., b'"'] = text {
        text = rest;
    }
    text
}

impl Options {
    /// The options of an object. `MaxConstraintComparisons` bounds nothing: Go's checks take no longer than sorting.
    pub(super) fn read(options: &Value<'_>) -> Result<Self, Failure> {
        let mut found = Self::default();
        for (key, value) in options.as_object().into_iter().flat_map(Entries::iter) {
            match key.as_bytes() {
                None => {}
                Some(b"DNSName") => {
                    found.host = unquoted(value.as_bytes().ok_or_else(|| fail("'DNSName' should be a string"))?).to_vec();
                }
                Some(b"CurrentTime") => found.time = Some(integer(&value, "CurrentTime", "valid int64 number")?),
                Some(b"MaxConstraintComparisons") => drop(integer(&value, "MaxConstraintComparisons", "valid number")?),
                Some(b"KeyUsages") => found.usages = usages(&value)?,
                Some(_) => return Err(fail("invalid key option")),
            }
        }
        Ok(found)
    }
}

fn integer(value: &Value<'_>, name: &str, wanted: &str) -> Result<i64, Failure> {
    if !value.is_number() {
        return Err(fail(format!("'{name}' should be a number")));
    }
    number::to_i64(value).ok_or_else(|| fail(format!("'{name}' should be a {wanted}")))
}

fn usages(value: &Value<'_>) -> Result<Vec<usize>, Failure> {
    let list: Elements<'_> =
        value.as_array().or_else(|| value.as_set()).ok_or_else(|| fail("'KeyUsages' should be an Array or Set"))?;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for name in list.iter().filter_map(|one| one.as_bytes()).map(unquoted) {
        match USAGES.iter().position(|usage| *usage == name) {
            Some(usage) => known.push(usage),
            None => unknown.push(String::from_utf8_lossy(name)),
        }
    }
    if unknown.is_empty() {
        return Ok(known);
    }
    Err(fail(format!("invalid entries for 'KeyUsages' found: [{}]", unknown.join(" "))))
}

/// Where in a chain a certificate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Leaf,
    Between,
    Root,
}

/// One verification.
struct Verification<'c, 'a, 'd> {
    root: &'c Certificate<'a, 'd>,
    /// Those between, each once.
    between: Vec<&'c Certificate<'a, 'd>>,
    now_ns: i64,
    checks: usize,
}

type Chain<'c, 'a, 'd> = Vec<&'c Certificate<'a, 'd>>;

/// The first chain that verifies: the first certificate is the root, the last one the leaf.
pub(super) fn verify<'c, 'a, 'd>(
    ctx: &mut Context<'a>,
    all: &'c [Certificate<'a, 'd>],
    options: &Options,
) -> Result<Option<Chain<'c, 'a, 'd>>, Failure> {
    let [root, between @ .., leaf] = all else { return Ok(None) };
    let mut each: Chain<'c, 'a, 'd> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    each.extend(between.iter().filter(|one| seen.insert(one.raw)));
    ctx.charge(all.len())?;
    let mut verification = Verification { root, between: each, now_ns: options.time.unwrap_or(ctx.clock.now_ns()), checks: 0 };
    if !verification.is_valid(leaf, Place::Leaf, &[]) {
        return Ok(None);
    }
    if !options.host.is_empty() && !host::is_named(&leaf.extensions.names, &options.host) {
        return Ok(None);
    }
    let chains = if leaf.raw == root.raw { vec![vec![leaf]] } else { verification.build(ctx, leaf)? };
    for chain in chains {
        ctx.charge(chain.iter().map(|one| one.raw.len() / 8).sum())?;
        if policies::are_valid(&chain) && has_usage(&chain, &options.usages) && constraints::allow(&chain) {
            return Ok(Some(chain));
        }
    }
    Ok(None)
}

impl<'c, 'a, 'd> Verification<'c, 'a, 'd> {
    /// Whether a certificate may be the next one above the chain.
    fn is_valid(&self, one: &Certificate<'a, 'd>, place: Place, chain: &[&Certificate<'a, 'd>]) -> bool {
        let found = &one.extensions;
        let now = i128::from(self.now_ns);
        let nanos = |seconds: i64| i128::from(seconds) * 1_000_000_000;
        let named = chain.last().is_none_or(|child| child.issuer == one.subject);
        let in_time = now >= nanos(one.begins.seconds) && now <= nanos(one.ends.seconds);
        let may_sign = place != Place::Between || found.basic.is_some_and(|(may_sign, _)| may_sign);
        let length = found.basic.map(|(_, length)| length).filter(|length| *length >= 0);
        let short = length.is_none_or(|length| chain.len() as i64 - 1 <= length);
        found.unhandled.is_empty() && named && in_time && may_sign && short
    }

    /// All chains above a leaf, those found first that Go finds first: depth first, and without recursion.
    fn build(&mut self, ctx: &mut Context<'a>, leaf: &'c Certificate<'a, 'd>) -> Result<Vec<Chain<'c, 'a, 'd>>, Failure> {
        let mut chains = Vec::new();
        let mut levels = vec![(vec![leaf], self.candidates(leaf).into_iter())];
        while let Some((chain, candidates)) = levels.last_mut() {
            let Some((place, candidate)) = candidates.next() else {
                levels.pop();
                continue;
            };
            self.checks += 1;
            if self.checks > MAX_CHECKS {
                // What was found until then counts.
                break;
            }
            ctx.charge(CHECK_CHARGE + self.between.len() + chain.last().map_or(0, |child| child.signed.len() / 16))?;
            let signs = chain.last().is_some_and(|child| has_signed(candidate, child));
            if !candidate.has_key() || is_in(candidate, chain) || !signs || !self.is_valid(candidate, place, chain) {
                continue;
            }
            let longer = [chain.as_slice(), &[candidate]].concat();
            if place == Place::Root {
                chains.push(longer);
            } else {
                let next = self.candidates(candidate).into_iter();
                levels.push((longer, next));
            }
        }
        Ok(chains)
    }

    /// Whoever may have signed a certificate: the root first.
    fn candidates(&self, child: &Certificate<'a, 'd>) -> Vec<(Place, &'c Certificate<'a, 'd>)> {
        let root = (child.issuer == self.root.subject).then_some((Place::Root, self.root));
        root.into_iter().chain(self.parents(child).into_iter().map(|one| (Place::Between, one))).collect()
    }

    /// Those between that may have signed a certificate, the likeliest first: by the identifiers of their keys.
    fn parents(&self, child: &Certificate<'a, 'd>) -> Chain<'c, 'a, 'd> {
        let wanted = child.extensions.authority_key.unwrap_or_default();
        let rank = |one: &&Certificate<'a, 'd>| match one.extensions.subject_key.unwrap_or_default() {
            own if own == wanted => 0,
            own if own.is_empty() != wanted.is_empty() => 1,
            _ => 2,
        };
        let mut found: Chain<'c, 'a, 'd> = self.between.iter().filter(|one| one.subject == child.issuer).copied().collect();
        found.sort_by_key(rank);
        found
    }
}

/// Whether a chain has a certificate of the same subject, key and names: those that sign one another would make it endless.
fn is_in(candidate: &Certificate<'_, '_>, chain: &[&Certificate<'_, '_>]) -> bool {
    for one in chain.iter().filter(|one| one.subject == candidate.subject && one.key_info == candidate.key_info) {
        match (candidate.names_value(), one.names_value()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a == b => return true,
            (Some(_), Some(_)) => {}
            // As Go has it: the rest of the chain is not looked at.
            _ => return false,
        }
    }
    false
}

/// Whether the parent may sign, and has.
fn has_signed(parent: &Certificate<'_, '_>, child: &Certificate<'_, '_>) -> bool {
    const SIGNS: u16 = 1 << 5;
    let found = &parent.extensions;
    let refused = match found.basic {
        None => parent.version == 3,
        Some((may_sign, _)) => !may_sign,
    };
    let unusable = found.usage != 0 && found.usage & SIGNS == 0;
    !refused && !unusable && child.algorithm.verifies(parent.public(), child.signed, &child.signature)
}

/// Whether a usage is left that every certificate of the chain has, where it tells any.
fn has_usage(chain: &[&Certificate<'_, '_>], wanted: &[usize]) -> bool {
    if wanted.contains(&ANY) {
        return true;
    }
    let mut left: Vec<usize> = if wanted.is_empty() { vec![SERVER] } else { wanted.to_vec() };
    for one in chain.iter().rev() {
        let found = &one.extensions;
        let silent = found.usages.is_empty() && found.unknown_usages.is_empty();
        if !silent && !found.usages.contains(&ANY) {
            left.retain(|usage| found.usages.contains(usage));
        }
    }
    !left.is_empty()
}
