"""YAML into plain data with the place of every value, safely.

What YAML 1.1 would guess is left alone: only ``true``, ``false``, ``null`` and plain numbers are
anything else than text, so ``no`` and ``24:00`` stay what was written. Numbers with a point are
exact `Fraction`s. Tags, duplicate keys, merge keys and documents that expand without bound are
refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TypeAlias

import yaml

from ..errors import InputError, Place, Problem
from ..files.text_encoding import decode, unix_lines

MOST_BYTES = 32 << 20
MOST_VALUES = 500_000
"""Of a document, aliases counted as often as they are used."""
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
Path_: TypeAlias = tuple[Key, ...]
Mark: TypeAlias = tuple[int, int]


@dataclass(slots=True)
class YamlSource:
    """A document and its places; lines and columns count from 1.

    Attributes:
        file: as the user named it.
        data: the plain data.
        values: where each value starts, by its path.
        keys: where each key of a mapping starts, by the path of its value.
    """

    file: str
    data: Value = None
    values: dict[Path_, Mark] = field(default_factory=dict)
    keys: dict[Path_, Mark] = field(default_factory=dict)

    def problem(self, path: Path_, what: str, hint: str = "", *, at_key: bool = False) -> Problem:
        """A problem with the value at a path, or at the nearest value above that there is."""
        marks = self.keys if at_key else self.values
        place = path
        while place and place not in marks:
            place, marks = place[:-1], self.values
        return Problem.at(Place(self.file, *marks.get(place, (1, 1)), where(path)), what, hint)


def where(path: Path_) -> str:
    """A path as people write it.

    >>> where(("scenes", 2, "transition", "type"))
    'scenes[2].transition.type'
    """
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".")


def read_yaml(path: Path, name: str, *, may_be_empty: bool = False) -> YamlSource:
    """Read a YAML file.

    Args:
        path: the file.
        name: what to call it in messages.
        may_be_empty: whether a file without a value, as of comments alone, is an empty mapping.

    Raises:
        InputError: it is missing, too large, no text, no YAML, or uses what is refused.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(Problem.in_file(name, "is larger than 32 MB"))
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(Problem.in_file(name, "no such file")) from error
    except OSError as error:
        raise InputError(Problem.in_file(name, f"cannot be read: {error.strerror}")) from error
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
        raise InputError(_syntax_problem(name, error)) from error
    except yaml.YAMLError as error:
        what = " ".join(str(error).split())
        raise InputError(Problem.in_file(name, f"is no YAML: {what}")) from error
    except _TooManyValuesError as error:
        what = f"holds more than {MOST_VALUES:,} values"
        raise InputError(Problem.in_file(name, what)) from error
    except RecursionError as error:
        raise InputError(Problem.in_file(name, "is nested too deeply")) from error
    if node is None and may_be_empty:
        return YamlSource(name, {}, {(): (1, 1)})
    if node is None:
        raise InputError(Problem.at(Place(name, 1, 1), "is empty"))
    _refuse_expansion(node, name)
    source = YamlSource(name)
    builder = _Builder(source)
    source.data = builder.build(node, ())
    if builder.problems:
        raise InputError(sorted(builder.problems))
    return source


def _syntax_problem(name: str, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    what = error.problem or "cannot be parsed"
    hint = error.context or ""
    if "'\\t'" in what or "tab" in what:
        what, hint = "a tab stands where blanks must", "indent with blanks"
    return Problem.at(Place(name, line, column), f"YAML: {what}", hint)


class _TooManyValuesError(Exception):
    """A document holds more than `MOST_VALUES`."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Composes a document, and stops at more values than are allowed."""

    count = 0

    def resolve(self, kind: type[yaml.Node], _value: str | None, _implicit: object) -> str:
        """Return the tag of a value that has none; what it means is said by its text."""
        self.count += 1
        if self.count > MOST_VALUES:
            raise _TooManyValuesError
        if kind is yaml.ScalarNode:
            return "str"
        return "map" if kind is yaml.MappingNode else "seq"


def _refuse_expansion(root: yaml.Node, file: str) -> None:
    """Count the values of a document as often as aliases repeat them, without repeating them.

    Raises:
        InputError: they are too many, or a value contains itself.
    """
    sizes: dict[int, int] = {}

    def size_of(node: yaml.Node, depth: int) -> int:
        known = sizes.get(id(node))
        if known is None:
            mark = node.start_mark
            place = Place(file, mark.line + 1, mark.column + 1)
            if depth > DEEPEST:
                raise InputError(Problem.at(place, "the document is nested too deeply"))
            sizes[id(node)] = MOST_VALUES  # An alias to what it stands in has no end.
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
    def __init__(self, source: YamlSource):
        self._source = source
        self.problems: list[Problem] = []

    def build(self, node: yaml.Node, path: Path_) -> Value:
        mark = (node.start_mark.line + 1, node.start_mark.column + 1)
        self._source.values.setdefault(path, mark)
        if len(path) > DEEPEST:
            what = "the document is nested too deeply"
            raise InputError(Problem.at(Place(self._source.file, *mark, where(path)), what))
        if node.tag.removeprefix("tag:yaml.org,2002:") not in _TAGS:
            self._refuse(node, path, f"the tag {node.tag!r} is not allowed", "write a plain value")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, n)) for n, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Value]:
        made: dict[str, Value] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(key_node, path, "a key must be a word")
                continue
            key = str(key_node.value)
            here = (*path, key)
            if key == "<<":
                self._refuse(key_node, path, "merge keys are not allowed", "use `defaults`")
            elif key in made:
                line = self._source.keys[here][0]
                what = f"the key {key!r} stands twice, first in line {line}"
                self._refuse(key_node, here, what, "keep one of them")
            else:
                mark = key_node.start_mark
                self._source.keys[here] = (mark.line + 1, mark.column + 1)
                made[key] = self.build(value_node, here)
        return made

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

    def _refuse(self, node: yaml.Node, path: Path_, what: str, hint: str = "") -> None:
        mark = node.start_mark
        place = Place(self._source.file, mark.line + 1, mark.column + 1, where(path))
        self.problems.append(Problem.at(place, what, hint))
