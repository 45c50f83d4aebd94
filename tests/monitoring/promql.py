"""Which metrics and labels an expression of PromQL names. For expressions such as ours; whether they parse, Prometheus says."""

import re

GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
SELECTOR = re.compile(r"\b([a-zA-Z_]\w*)\b(?!\s*\()(?:\s*\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
WORDS = {"bool", "and", "or", "unless", "offset"}


def selectors(expression):
    """Each metric with its matchers: (name, [(label, operator, value)])."""
    rest = re.sub(r"\[[^]]*\]", "", GROUPING.sub("", expression))
    return [(name, MATCHER.findall(matchers)) for name, matchers in SELECTOR.findall(rest) if name not in WORDS]


def groupings(expression):
    """All labels by which something is grouped."""
    return {label.strip() for labels in GROUPING.findall(expression) for label in labels.split(",") if label.strip()}
