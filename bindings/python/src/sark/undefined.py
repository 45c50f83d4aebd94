"""The answer of a query that nothing defines."""

import enum
from typing import Final, Literal


class Undefined(enum.Enum):
    """The type of `UNDEFINED`: an enumeration with one member, so that type checkers narrow on `is`."""

    UNDEFINED = "undefined"

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "sark.UNDEFINED"

    __str__ = __repr__


UNDEFINED: Final = Undefined.UNDEFINED
"""What a query answers where nothing defines the document. It is falsy, and it is neither None (JSON's null) nor False."""
