"""Change a value of a script as a person would: one line, every other byte as it was."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from ..errors import InputError, Problem, WorkError
from ..files.text_encoding import decode
from ..outputs.paths import write_text
from ..script.yaml_source import Key, KeyPath, Value, format_path

_PLAIN = re.compile(r"[A-Za-z][\w]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
Scalar = str | int | float


@dataclass(frozen=True, slots=True)
class ScriptEdit:
    """A change of a script that is not written yet.

    Attributes:
        path: of the script.
        before, after: its text.
    """

    path: Path
    before: str
    after: str

    @property
    def diff(self) -> str:
        """The change as a unified diff; empty without one."""
        lines = difflib.unified_diff(
            self.before.splitlines(), self.after.splitlines(),
            self.path.name, self.path.name, lineterm="", n=2,
        )  # fmt: skip
        return "\n".join(lines)

    def write(self) -> None:
        """Write the script, if it still is what the change was made for.

        Raises:
            WorkError: it was changed meanwhile, or cannot be written.
        """
        if read_text(self.path) != self.before:
            raise WorkError(f"{self.path}: was changed meanwhile; look at the new change first")
        mode = self.path.stat().st_mode
        write_text(self.path.resolve(), self.after)
        self.path.chmod(mode & 0o7777)


def read_text(path: Path) -> str:
    """Read a script's text with its line ends.

    Raises:
        InputError: it cannot be read.
    """
    try:
        content = path.read_bytes()
        text = decode(content)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(Problem.in_file(path, "cannot be read")) from error
    if text.encode() != content:
        raise InputError(Problem.in_file(path, "is not plain UTF-8", "change it by hand"))
    return text


def edit_script(path: Path, changes: Mapping[KeyPath, Scalar]) -> ScriptEdit:
    """Set values of a script, of scenes above all.

    Args:
        path: of the script.
        changes: new values by their paths, such as ``("scenes", 2, "seed")``. Missing keys are
            added to the mapping that their parent is.

    Raises:
        InputError: the script is no YAML, or a value shares its text with another one.
    """
    before = after = read_text(path)
    for place, value in changes.items():
        after = _set(after, place, value, path)
    return ScriptEdit(path, before, after)


def _set(text: str, place: KeyPath, value: Scalar, file: Path) -> str:
    """Return the text with one value set, and nothing else changed."""
    node = _compose(text, file)
    wanted = _with(_plain(node), place, value)
    for depth, key in enumerate(place):
        found = _child(node, key)
        if found is None:
            if not isinstance(node, yaml.MappingNode):
                raise _refusal(file, place)
            rest = place[depth + 1 :]
            changed = _insert(text, node, str(key), _flow(rest, value))
            break
        node = found
    else:
        if not isinstance(node, yaml.ScalarNode) or node.style in ("|", ">"):
            raise _refusal(file, place)
        changed = text[: node.start_mark.index] + _scalar(value) + text[node.end_mark.index :]
    if _plain(_compose(changed, file)) != wanted:
        raise _refusal(file, place)
    return changed


def _insert(text: str, node: yaml.MappingNode, key: str, value: str) -> str:
    """Add a key to a mapping: in its braces, or on a line after its last short value."""
    entry = f"{key}: {value}"
    if node.flow_style:
        if not node.value:
            at = node.start_mark.index + 1
            return f"{text[:at]}{entry}{text[at:]}"
        at = node.value[-1][1].end_mark.index
        return f"{text[:at]}, {entry}{text[at:]}"
    first = node.value[0][0].start_mark
    newline = "\r\n" if "\r\n" in text else "\n"
    for _, last in reversed(node.value):
        is_short = isinstance(last, yaml.ScalarNode) and last.style not in ("|", ">")
        is_empty = last.start_mark.index == last.end_mark.index
        if (is_short or getattr(last, "flow_style", False)) and not is_empty:
            end = text.find("\n", last.end_mark.index)
            line = f"{' ' * first.column}{entry}"
            if end < 0:
                return f"{text}{newline}{line}"
            return f"{text[: end + 1]}{line}{newline}{text[end + 1 :]}"
    return f"{text[: first.index]}{entry}{newline}{' ' * first.column}{text[first.index :]}"


def _flow(path: KeyPath, value: Scalar) -> str:
    """Return a value below further keys, as in ``{camera: push_in}``."""
    if not path:
        return _scalar(value)
    return f"{{{path[0]}: {_flow(path[1:], value)}}}"


def _scalar(value: Scalar) -> str:
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
        return value if plain else json.dumps(value, ensure_ascii=False)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _compose(text: str, file: Path) -> yaml.Node:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise InputError(Problem.in_file(file, "is not YAML", "mend it first")) from error
    if node is None:
        raise InputError(Problem.in_file(file, "is empty"))
    return node


def _child(node: yaml.Node, key: Key) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if name.value == key), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        found: yaml.Node = node.value[key]
        return found
    return None


def _plain(node: yaml.Node) -> Value:
    """Return a node as texts, lists and mappings, to compare."""
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return str(node.value)


def _with(data: Value, place: Sequence[Key], value: Scalar) -> Value:
    """Return data with a value set."""
    if not place:
        return f"{value:g}" if isinstance(value, float) else str(value)
    key, rest = place[0], place[1:]
    if isinstance(data, list) and isinstance(key, int) and key < len(data):
        return [_with(item, rest, value) if n == key else item for n, item in enumerate(data)]
    mapping = data if isinstance(data, dict) else {}
    return {**mapping, str(key): _with(mapping.get(str(key), {}), rest, value)}


def _refusal(file: Path, place: KeyPath) -> InputError:
    what = "cannot be changed alone: it is shared, or written over several lines"
    return InputError(Problem.in_file(file, what, "change it by hand", where=format_path(place)))
