"""What an engine's tests came to."""

import base64
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class TestPlace:
    """A place in a policy. Rows and columns count from 1."""

    __test__: ClassVar[bool] = False  # pytest collects classes of such names

    file: str
    row: int
    col: int

    def __str__(self) -> str:
        return f"{self.file}:{self.row}:{self.col}"


@dataclass(frozen=True, slots=True)
class TestError:
    """What a test's evaluation ended with: OPA's code, such as "eval_conflict_error", or "eval_cancel_error" where the time was over."""

    __test__: ClassVar[bool] = False

    code: str
    message: str
    location: TestPlace | None = None

    def __str__(self) -> str:
        place = f"{self.location}: " if self.location is not None else ""
        return f"{place}{self.code}: {self.message}"


@dataclass(frozen=True, slots=True)
class TestFailure:
    """The expression that kept a test, or a case of it, from a value."""

    __test__: ClassVar[bool] = False

    location: TestPlace
    text: str

    def __str__(self) -> str:
        return f"{self.location}: {self.text}"


@dataclass(frozen=True, slots=True)
class SubResult:
    """A case of a test, `test_a[note]`."""

    name: str
    fail: bool = False
    failure: TestFailure | None = None
    sub_results: "dict[str, SubResult]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TestResult:
    """What a test came to. Its text is one line, or says what it printed as well.

    package, name   such as "data.a" and "test_b"; "test_b#01" for the second of the name
    duration        seconds
    output          what it printed, a line for each call
    output_dropped  how many bytes it printed beyond 1 MiB
    """

    __test__: ClassVar[bool] = False

    location: TestPlace
    package: str
    name: str
    duration: float
    fail: bool = False
    skip: bool = False
    error: TestError | None = None
    failure: TestFailure | None = None
    output: str = ""
    output_dropped: int = 0
    sub_results: dict[str, SubResult] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The name with its package, for `pytest.mark.parametrize`."""
        return f"{self.package}.{self.name}"

    @property
    def passed(self) -> bool:
        return not (self.fail or self.skip or self.error)

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        if self.skip:
            return f"{self.id}: SKIPPED"
        if self.error is not None:
            line = f"{self.id}: ERROR: {self.error}"
        elif self.fail:
            line = f"{self.id}: FAIL: {self.failure if self.failure is not None else self.location}"
        else:
            line = f"{self.id}: PASS"
        return f"{line}\n{self.output}" if self.output else line


@dataclass(frozen=True, slots=True)
class TestReport:
    """What tests came to, and what they covered.

    coverage    OPA's report: {"files": {policy: {"covered": [...], "not_covered": [...], "coverage": 50.0, …}}, "covered_lines",
                "not_covered_lines", "coverage"}
    """

    __test__: ClassVar[bool] = False

    results: list[TestResult]
    coverage: dict[str, Any]


def results(found: list[dict[str, Any]]) -> list[TestResult]:
    """The library's results."""
    return [_result(one) for one in found]


def _result(found: dict[str, Any]) -> TestResult:
    error = found.get("error")
    return TestResult(
        location=TestPlace(**found["location"]),
        package=found["package"],
        name=found["name"],
        duration=found["duration"] / 1e9,
        fail=found.get("fail", False),
        skip=found.get("skip", False),
        error=None if error is None else TestError(error["code"], error["message"], _place(error.get("location"))),
        failure=_failure(found.get("failure")),
        output=base64.b64decode(found.get("output", "")).decode(errors="replace"),
        output_dropped=found.get("output_dropped", 0),
        sub_results=_sub_results(found.get("sub_results")),
    )


def _place(found: dict[str, Any] | None) -> TestPlace | None:
    return None if found is None else TestPlace(**found)


def _failure(found: dict[str, Any] | None) -> TestFailure | None:
    return None if found is None else TestFailure(TestPlace(**found["location"]), found["text"])


def _sub_results(found: dict[str, Any] | None) -> dict[str, SubResult]:
    return {name: _sub_result(one) for name, one in (found or {}).items()}


def _sub_result(found: dict[str, Any]) -> SubResult:
    return SubResult(
        found.get("name", ""), found.get("fail", False), _failure(found.get("failure")), _sub_results(found.get("sub_results"))
    )
