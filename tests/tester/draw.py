"""Draws modules with tests of every outcome: what `opa test` and sark are given to run."""

import json
import random
import re

DATA = {
    "users": {"alice": {"roles": ["admin", "dev"], "age": 42}, "bob": {"roles": [], "age": 7.50}, "eve": {"roles": ["dev"], "age": None}},
    "limits": {"n": 3, "words": ["a", "b\"c", "ü"], "deep": {"er": {"x": [1, {"y": False}]}}},
}

POLICY = """package {package}

import data.users

allow if {{
	print("allow asks for", input.user, input.missing, "in {package}")
	some role in users[input.user].roles
	role == "admin"
}}

allow if {{
	input.user == "root"
	print("root", input)
}}

default level := 0

level := users[input.user].age if users[input.user].age

double(x) := y if {{
	y := x * 2
	print("double", x, y)
}}

pick(x) := "small" if x < 3

else := "large" if {{
	print("large", x)
	x > 5
}}

else := "middle"

conflict := 1 if input.user

conflict := 2 if count(input.user) > 2

names contains name if {{
	some name, user in users
	print("name", name, user.age)
	user.age > 5
}}

ages[name] := user.age if some name, user in users

rule_of_nobody if {{
	print("reached")
	data.nowhere.at_all
}}

same := n if {{
	n := count(input.user)
	print("same, first", n)
}}

same := n if {{
	print("same, second", input.user)
	n := count(input.user) + 0
}}

twice(x) := y if {{
	y := x * 2
	print("twice, first", x)
}}

twice(x) := y if {{
	y := x + x
	print("twice, second", y)
}}

walked if {{
	walk(data.limits, [p, v])
	print("walked", p)
	v == "ü"
}}

same_key := {{k: v | some k in ["a", "a"]; some v in [1, 2]}}
"""

VALUES = [
    "1", "2.50", "-1e3", '"text"', '"two words"', '"ü\\n"', "null", "true", "false", "[]", "{}", "set()", '[1, "a", [null]]', '{"a": {1, 2}}',
    '{"b", "a"}', "{[1], {2}}", "data.limits", "data.limits.deep.er", "data.nowhere", "input", "input.user", "users.alice", "double(4)", "pick(2)",
    '$"{data.limits.n}th"', '$"a {data.nowhere} b"', "[x | some x in data.limits.words]", "{x | some x in data.limits.words}", "{k: v.age | some k, v in data.users}",
    "count(data.users)", 'upper("ß")', "1 / 0", 'to_number("x")', "100000000000000000000", "sprintf(\"%v\", [{1}])",
]  # fmt: skip

WITH = [
    "", "", ' with input as {"user": "alice"}', ' with input as {"user": "bob"}', ' with input.user as "root"', ' with data.users.bob.roles as ["admin"] with input as {"user": "bob"}',
    ' with data.limits.n as 9', ' with count as 7', ' with input as {"user": "eve", "missing": [1]}',
]  # fmt: skip

EXPRESSIONS = [
    "allow{w}", "not allow{w}", "level > 10{w}", "level == 7.5{w}", "pick(4) == \"middle\"{w}", "pick(data.limits.n) == \"small\"{w}", "double(2) == 4", "double(3) == 4",
    "conflict == 1{w}", "count(names) == 2{w}", '"eve" in names', "rule_of_nobody{w}", "not rule_of_nobody{w}", "same_key.a == 1", "same == 3{w}", "same == 5{w}", "twice(2) == 4", "twice(2) + same == 7{w}", "walked", "not walked", "walked; same > 1{w}", "data.limits.n == 3{w}",
    "every u in users {{ u.age }}", "every u in users {{ print(\"every\", u.age); u.age > 6 }}", "every i, w in data.limits.words {{ print(i, w); i < 2 }}", "some u in users; u.age == 42", 'some n, u in users; print(n); u.roles[_] == "dev"',
    "x := ages.alice; x == 42", "x := ages.nobody; x", "y := [n | some n in names; print(\"in\", n)]; count(y) == 2", "not data.nowhere", "data.nowhere", "1 == 1", "1 == 2", "false", "true", '"text"', "0", "null",
    "input.user == \"x\"", "users[n].age == 42; print(n)", "count(data.limits.words) == 7{w}", "not false", "print(\"alone\")", 'object.get(users, "zoe", false)', "startswith(\"abc\", \"b\")",
    "startswith(data.limits.n, \"b\")", "walk(data.limits.deep, [p, v]); v == false; print(p)", "regex.match(\"^a\", data.limits.words[0])", "some n in [1, 2, 3]; print(n); n > 1; print(\"past\", n)", "a := 1; b := a + 1; print(a, b); b > a",
]  # fmt: skip

# With `import future.keywords.not`.
BODIES = ['not {{ print("in not"); false }}', 'not {{ some n in [1, 2]; print("not", n, data.nowhere); n > 1 }}', "not {{ allow{w} }}"]

CASES = [
    '{"note": "first", "x": 1, "want": 2}', '{"note": "second", "x": 2, "want": 4}', '{"note": "third", "x": 3, "want": 7}', '{"note": 4, "x": 4, "want": 8}', '{"note": true, "x": 5, "want": 10}', '{"note": "no x", "want": 1}', '{"note": ["a", 1], "x": 1, "want": 2}', '{"note": "first", "x": 1, "want": 3}', '{"note": null, "x": 0, "want": 0}', '{"note": "wo rd", "x": 6, "want": 0}'
]  # fmt: skip


class Draw:
    """One run's modules."""

    def __init__(self, seed, tests):
        self.random = random.Random(seed)
        self.left = tests
        self.number = 0

    def files(self):
        """Texts by their paths."""
        files = {"data.json": json.dumps(DATA)}
        package = 0
        while self.left > 0:
            name = self.random.choice(["p{}", "deep.p{}", "deep.er.p{}", "q_{}.sub"]).format(package)
            path = name.replace(".", "/")
            files[f"{path}/policy.rego"] = POLICY.format(package=name)
            for at in range(self.random.randint(1, 2)):
                of_its_own = self.random.random() < 0.6
                # Two files of one package have no name in common: OPA counts duplicates in an order of its own.
                files[f"{path}/policy_{at}_test.rego"] = self.module(name + ("_test" if of_its_own else ""), name, at)
            package += 1
        return files

    def module(self, package, subject, at):
        count = min(self.left, self.random.randint(8, 40))
        self.left -= count
        has_not = self.random.random() < 0.5
        self.expressions = EXPRESSIONS + (BODIES if has_not else [])
        texts = [self.test(f"{package.replace('.', '_')}_{at}") for _ in range(count)]
        imports = "".join(f"import data.{subject}.{name}\n" for name in ("allow", "level", "double", "pick", "conflict", "names", "rule_of_nobody", "same_key", "ages", "same", "twice", "walked"))
        imports = imports if package != subject else ""
        users = "import data.users\n" + ("import future.keywords.not\n" if has_not else "")
        return f"package {package}\n\n{users}{imports}\n" + "\n".join(texts)

    def test(self, prefix):
        self.number += 1
        draw = self.random
        kind = draw.choice([self.plain] * 8 + [self.cases] * 4 + [self.valued, self.nested, self.skipped, self.defaulted, self.function, self.branched, self.set_of])
        # A third has a name that others have.
        name = f"{prefix}_again_{self.number % 3}" if kind == self.plain and draw.random() < 0.3 else f"{prefix}_{self.number}"
        return kind(name)

    def print(self):
        values = [self.random.choice(VALUES) for _ in range(self.random.randint(0, 4))]
        return f"print({', '.join(values)})"

    def body(self):
        draw = self.random
        lines = []
        for _ in range(draw.randint(1, 4)):
            if draw.random() < 0.3:
                lines.append(self.print())
            line = draw.choice(self.expressions).format(w=draw.choice(WITH))
            # What one expression declares, another must not.
            if not any(shared(line, other) for other in lines):
                lines.extend(line.split("; ") if "{" not in line and "[" not in line and draw.random() < 0.5 else [line])
        return " {\n" + "".join(f"\t{line}\n" for line in lines) + "}\n"

    def plain(self, name):
        return f"test_{name} if{self.body()}"

    def skipped(self, name):
        return f"todo_test_{name} if{self.body()}"

    def valued(self, name):
        return f"test_{name} := {self.random.choice(VALUES)}\n"

    def set_of(self, name):
        members = self.random.choice(["[1, 2]", "data.limits.words", "data.users", "data.nowhere", "set()"])
        return f"test_{name} contains x if some x in {members}\n"

    def nested(self, name):
        draw = self.random
        head = draw.choice(["group_{}.test_x", "group_{}.sub.test_x", 'group_{}["test_ö x"]', "test_{}.below.this", 'test_{}["wo rd"]', 'group_{}["a b"].test_y'])
        return f"{head.format(name)} if{self.body()}"

    def defaulted(self, name):
        value = self.random.choice(["true", "false", "1"])
        return f"default test_{name} := {value}\n\ntest_{name} if{self.body()}"

    def function(self, name):
        return f"test_{name}(z) := z\n" if self.random.random() < 0.3 else f"test_{name} if x_{name}(1)\n\nx_{name}(z) if{self.body()}"

    def branched(self, name):
        return f"test_{name} := 1 if{self.body()}\nelse := true if{self.body()}\nelse := false\n"

    def cases(self, name):
        draw = self.random
        cases = ", ".join([CASES[0], *draw.sample(CASES[1:], draw.randint(0, 4))])
        printed = draw.choice(["", "\tprint(\"case\", tc.note)\n", "\tprint(tc)\n"])
        check = draw.choice(["double(tc.x) == tc.want", "got := tc.x * 2\n\tprint(\"got\", got)\n\tgot == tc.want", "tc.x > 1", "true", "false", "every n in [tc.x] { n < 3 }", "not tc.x == 1", "data.nowhere == tc.x"])
        head, first = draw.choice([
            ("[tc.note]", "\tsome tc in [{cases}]\n"),
            ("[note]", "\tsome tc in [{cases}]\n\tnote := tc.note\n"),
            ("[tc.note][tc.x]", "\tsome tc in [{cases}]\n"),
            ("[i]", "\tsome i, tc in [{cases}]\n"),
            ("[tc.note].inner", "\tsome tc in [{cases}]\n"),
            ("[sprintf(\"%v\", [tc.note])]", "\tsome tc in [{cases}]\n"),
            ("[note]", "\tsome note, tc in {{c.note: c | some c in [{cases}]}}\n"),
        ])
        value = draw.choice(["", "", "", " := tc.x == 1", " := 1"])
        return f"test_{name}{head}{value} if {{\n{first.replace('{cases}', cases).replace('{{', '{').replace('}}', '}')}{printed}\t{check}\n}}\n"


def declared(line):
    """The names that a line declares for those after it."""
    return set(re.findall(r"\b([a-z])(?= :=|, [a-z] in|, [a-z]\]| in|\])", line))


def shared(line, other):
    """Whether two lines declare one name."""
    return bool(declared(line) & declared(other))
