"""Read YAML safely into plain data, with the place of every value.

Only ``true``, ``false``, ``null`` and plain numbers are not text: unlike YAML 1.1, ``no`` and
``24:00`` stay strings. Numbers with a point are exact `Fraction`s. Tags, duplicate keys, merge keys
and alias bombs are rejected.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TypeAlias

import yaml

from ...renderers.error_text import one_line
from ..errors import InputError, Place, Problem
from ..files.text_encoding import decode, unix_lines

MOST_BYTES = 32 << 20
MOST_VALUES = 500_000
"""Most values of a document, with aliases expanded."""
MOST_PROBLEMS = 1000
"""Most problems reported of one document."""
DEEPEST = 40
_INTEGER = re.compile(r"[-+]?(0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"[-+]?(\d{1,18}\.\d{0,18}|\.\d{1,18})([eE][-+]?\d{1,2})?")
_TAGS = frozenset({"str", "int", "float", "bool", "null", "timestamp", "value", "map", "seq"})
_WORDS = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "~": None,
    "": None,
}

Value: TypeAlias = "dict[str, Value] | list[Value] | str | int | Fraction | bool | None"
Key: TypeAlias = "str | int"
KeyPath: TypeAlias = tuple[Key, ...]
Mark: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class YamlSource:
    """A document and the places of its values: lines and columns, 1-based.

    Attributes:
        file: path as the user wrote it.
        sha256: of the file's content.
        data: the plain data.
        values: start of each value, by its path.
        keys: start of each key, by the path of its value.
    """

    file: str
    sha256: str
    data: Value
    values: Mapping[KeyPath, Mark]
    keys: Mapping[KeyPath, Mark]

    def problem(self, path: KeyPath, what: str, hint: str = "", *, at_key: bool = False) -> Problem:
        """Return a problem at the value of a path, else at its nearest parent."""
        marks = self.keys if at_key else self.values
        place = path
        while place and place not in marks:
            place, marks = place[:-1], self.values
        return Problem.at(
            Place(self.file, *marks.get(place, (1, 1)), format_path(path)), what, hint
        )


def format_path(path: KeyPath) -> str:
    """Return a path as in messages.

    >>> format_path(("scenes", 2, "transition", "type"))
    'scenes[2].transition.type'
    """
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".")


def read_yaml(path: Path, name: str, *, may_be_empty: bool = False) -> YamlSource:
    """Read a YAML file.

    Args:
        path: the file.
        name: its path in messages.
        may_be_empty: whether a file without values, as of comments alone, is an empty mapping.

    Raises:
        InputError: it is missing, too large, not text, not YAML, or has rejected features.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(Problem.in_file(name, "is larger than 32 MB"))
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(Problem.in_file(name, "no such file")) from error
    except OSError as error:
        raise InputError(Problem.in_file(name, f"cannot be read: {error.strerror}")) from error
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        text = decode(content)
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(error.encoding, "replace")
        before = unix_lines(before.removeprefix("\ufeff"))
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        place = Place(name, line, column)
        raise InputError(Problem.at(place, "is not UTF-8 text", "save it as UTF-8")) from error
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise InputError(_syntax_problem(name, text, error)) from error
    except yaml.YAMLError as error:
        what = one_line(error)
        raise InputError(Problem.in_file(name, f"is not YAML: {what}")) from error
    except _TooManyValuesError as error:
        what = f"holds more than {MOST_VALUES:,} values"
        raise InputError(Problem.in_file(name, what)) from error
    except RecursionError as error:
        raise InputError(Problem.in_file(name, "is nested too deeply")) from error
    if node is None and may_be_empty:
        return YamlSource(name, sha256, {}, {(): (1, 1)}, {})
    if node is None:
        raise InputError(Problem.at(Place(name, 1, 1), "is empty"))
    _reject_expansion(node, name)
    builder = _Builder(name)
    data = builder.build(node, ())
    if builder.problems:
        raise InputError(sorted(builder.problems))
    return YamlSource(name, sha256, data, builder.values, builder.keys)


def _syntax_problem(name: str, text: str, error: yaml.MarkedYAMLError) -> Problem:
    """Return a problem in a writer's words; libyaml and PyYAML's own parser word some otherwise."""
    mark = error.problem_mark or error.context_mark
    what, hint = error.problem or "cannot be parsed", error.context or ""
    if "cannot start any token" in what and mark:
        first = text[mark.index : mark.index + 1]
        what, hint = f"a value cannot begin with {first}", "put it in quotes"
    if "tab character" in what or what.endswith("\t"):
        what, hint = "a tab is not valid indentation", "indent with spaces"
    elif "end of stream" in what and "quoted scalar" in hint:
        mark = error.context_mark or mark
        what, hint = "the quote that opens here is not closed", "close it with the same character"
    elif what.startswith("mapping values are not allowed"):
        what = "a colon and a space are not allowed inside this value"
        hint = "put the text in quotes; a key is indented as its neighbours"
    elif what.startswith(("did not find expected", "expected <block end>", "expected ',' or")):
        if quote := mark and _open_quote(text, mark):
            what = f"the quote that opens here is closed in line {mark.line + 1} only"
            mark, hint = quote, "close it with the same character; double a ' between two of them"
        elif "',' or" not in what:
            what = "this does not continue the lines above"
            hint = "indent a key or '-' as its neighbours; put a whole text in one pair of quotes"
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    return Problem.at(Place(name, line, column), f"YAML: {what}", hint)


def _open_quote(text: str, mark: yaml.Mark) -> yaml.Mark | None:
    """Return the start of a quoted text of several lines that ends at a place of an error."""
    found = None
    try:
        for token in yaml.scan(text, Loader=_Loader):
            if token.start_mark.index >= mark.index:
                break
            is_quoted = isinstance(token, yaml.ScalarToken) and token.style in ("'", '"')
            spans = is_quoted and token.start_mark.line < token.end_mark.line == mark.line
            found = token.start_mark if spans else None
    except yaml.YAMLError:
        pass
    return found


class _TooManyValuesError(Exception):
    """A document holds more than `MOST_VALUES`."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML loader that stops at `MOST_VALUES`."""

    count = 0

    def resolve(self, kind: type[yaml.Node], _value: str | None, _implicit: object) -> str:
        """Return a neutral tag for an untagged value: `_Builder` interprets its text."""
        self.count += 1
        if self.count > MOST_VALUES:
            raise _TooManyValuesError
        if kind is yaml.ScalarNode:
            return "str"
        return "map" if kind is yaml.MappingNode else "seq"


def _reject_expansion(root: yaml.Node, file: str) -> None:
    """Reject alias bombs, by counting the values without expanding the aliases.

    Raises:
        InputError: a document has too many values, or a value contains itself.
    """
    sizes: dict[int, int] = {}

    def size_of(node: yaml.Node, depth: int) -> int:
        known = sizes.get(id(node))
        if known is None:
            mark = node.start_mark
            place = Place(file, mark.line + 1, mark.column + 1)
            if depth > DEEPEST:
                raise InputError(Problem.at(place, "the document is nested too deeply"))
            sizes[id(node)] = MOST_VALUES  # An alias to its own parent is infinite.
            known = 1 + sum(size_of(child, depth + 1) for child in _children(node))
            if known > MOST_VALUES:
                raise InputError(Problem.at(place, "the document expands without bound"))
            sizes[id(node)] = known
        return known

    size_of(root, 0)


def _children(node: yaml.Node) -> Iterable[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return chain.from_iterable(node.value)
    return node.value if isinstance(node, yaml.SequenceNode) else ()


class _Builder:
    """Collects the data, the places and the problems of a document."""

    def __init__(self, file: str):
        self._file = file
        self.values: dict[KeyPath, Mark] = {}
        self.keys: dict[KeyPath, Mark] = {}
        self.problems: list[Problem] = []

    def build(self, node: yaml.Node, path: KeyPath) -> Value:
        mark = (node.start_mark.line + 1, node.start_mark.column + 1)
        self.values.setdefault(path, mark)
        if len(path) > DEEPEST:
            what = "the document is nested too deeply"
            raise InputError(Problem.at(Place(self._file, *mark, format_path(path)), what))
        if node.tag.removeprefix("tag:yaml.org,2002:") not in _TAGS:
            self._reject(node, path, f"the tag {node.tag!r} is not allowed", "write a plain value")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, n)) for n, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Value]:
        mapping: dict[str, Value] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._reject(key_node, path, "a key must be a word")
                continue
            key = str(key_node.value)
            here = (*path, key)
            if key == "<<":
                self._reject(key_node, path, "merge keys are not allowed", "use `defaults`")
            elif key in mapping:
                line = self.keys[here][0]
                what = f"duplicate key {key!r}, first in line {line}"
                self._reject(key_node, here, what, "keep one of them")
            else:
                mark = key_node.start_mark
                self.keys[here] = (mark.line + 1, mark.column + 1)
                mapping[key] = self.build(value_node, here)
        return mapping

    def _scalar(self, node: yaml.ScalarNode) -> Value:
        text = str(node.value)
        if node.style in ("'", '"', "|", ">"):
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text):
            return Fraction(text)
        return text

    def _reject(self, node: yaml.Node, path: KeyPath, what: str, hint: str = "") -> None:
        mark = node.start_mark
        place = Place(self._file, mark.line + 1, mark.column + 1, format_path(path))
        self.problems.append(Problem.at(place, what, hint))
