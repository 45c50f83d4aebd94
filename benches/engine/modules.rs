//! Policies as a platform with many teams has them, as many as one wants, each in a package of its own.

/// Modules of which so many are libraries that the others import.
const LIBRARIES: usize = 50;

/// A small module. The first are libraries, each but the first of which imports the one before; every other one imports one of them.
pub(crate) fn small(number: usize) -> String {
    if number < LIBRARIES { library(number) } else { service(number) }
}

/// What `small` asks for in the package of a number.
pub(crate) fn small_path(number: usize) -> String {
    format!("data.services.s{number}.allow")
}

fn library(number: usize) -> String {
    let (import, above) = match number.checked_sub(1) {
        Some(before) => {
            (format!("import data.lib.l{before}\n\n"), format!("\nsenior(user) if l{before}.owns(user, \"team{before}\")\n"))
        }
        None => (String::new(), String::new()),
    };
    format!(
        r#"package lib.l{number}

{import}levels := {{"read": 1, "write": 2, "admin": 3}}

owns(user, team) if {{
	some membership in user.teams
	membership.team == team
	membership.level >= {level}
}}

senior(user) if user.level >= {senior}
{above}"#,
        level = number % 4,
        senior = number % 3 + 3,
    )
}

fn service(number: usize) -> String {
    let library = number % LIBRARIES;
    format!(
        r#"package services.s{number}

import data.lib.l{library}

default allow := false

allow if {{
	input.service == "service-{number}"
	l{library}.owns(input.user, "team{team}")
	l{library}.levels[input.action] <= input.user.level
	not suspended
}}

suspended if input.user.id in {{"user{a}", "user{b}"}}
"#,
        team = number % 20,
        a = number * 7,
        b = number * 11,
    )
}

/// A module of about 40 lines: defaults, a set of reasons, a function, `not`, a comprehension, an object for an answer.
pub(crate) fn typical(number: usize) -> String {
    format!(
        r#"# Who may use the tools of team {number}.
package teams.t{number}

default allow := false

levels := {{"read": 1, "invoke": 2, "write": 3, "admin": {admin}}}

decision := {{"allow": allow, "reasons": reasons, "limit": limit}}

allow if {{
	member
	levels[input.action] <= input.user.level
	startswith(input.path, "/api/teams/{number}/")
	count(reasons) == 0
}}

# Whoever is on call may read.
allow if {{
	input.action == "read"
	"oncall-{number}" in input.user.roles
}}

member if "team-{number}" in teams

teams := {{team | some team in input.user.teams; not startswith(team, "former-")}}

reasons contains "suspended" if input.user.id in data.suspended

reasons contains sprintf("network %s is not of team %d", [input.ip, {number}]) if not near(input.ip)

reasons contains "no second factor" if {{
	levels[input.action] >= {sensitive}
	not input.user.mfa
}}

near(ip) if net.cidr_contains("10.{a}.{b}.0/24", ip)

limit := 100 if {{
	input.user.tier == "gold"
}} else := {limit}
"#,
        admin = 4 + number % 2,
        sensitive = 2 + number % 2,
        a = number / 250,
        b = number % 250,
        limit = 10 + number % 7,
    )
}

pub(crate) fn typical_path(number: usize) -> String {
    format!("data.teams.t{number}.decision")
}

/// What `typical` decides: yes, for the package of that number.
pub(crate) fn typical_input(number: usize) -> Vec<u8> {
    serde_json::json!({
        "user": {"id": "user0777", "level": 3, "teams": [format!("team-{number}"), "former-7"], "roles": ["dev"], "mfa": true, "tier": "gold"},
        "action": "write", "path": format!("/api/teams/{number}/tools/t-117"), "ip": format!("10.{}.{}.9", number / 250, number % 250),
    })
    .to_string()
    .into_bytes()
}
