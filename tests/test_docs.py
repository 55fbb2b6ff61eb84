"""Reference pages are current, and schemas are complete."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

import jsonschema
import pytest
from otio_gvideo import compiler, schemas
from otio_gvideo.compiler.editors.editor_profiles import EDITORS

DOCS = Path(__file__).parent.parent / "docs"
WRITTEN_BY_USERS = ("script", "config")
UNITS = re.compile(
    r"\b(seconds?|pixels|frames|frames per second|dB|LUFS|percent|GB|megabytes|0 to 1|0 to 1000|"
    r"beats|number|steps|position|point|rate factor|seed|[Ww]eight|guidance scale|profile|duration|"
    r"distance|version|time in the scene)\b",
    re.IGNORECASE,
)


def fields(node: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every field of a schema with its path, shared mappings included."""
    for key, rules in node.get("properties", {}).items():
        yield f"{path}.{key}", rules
        yield from fields(rules, f"{path}.{key}")
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), Mapping):
            yield from fields(node[key], f"{path}[]")
    for name, shared in node.get("$defs", {}).items():
        yield f"{path}${name}", shared
        yield from fields(shared, f"{path}${name}")


FIELDS = [
    pytest.param(rules, id=f"{name}{path}")
    for name in WRITTEN_BY_USERS
    for path, rules in fields(schemas.load(name))
]


def test_generated_pages_are_current(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS))
    from generate import stale

    assert stale() == [], "run python docs/generate.py"
    sys.modules.pop("generate")


@pytest.mark.parametrize("rules", FIELDS)
def test_every_field_is_described_and_has_a_default_or_an_example(rules: Mapping[str, Any]) -> None:
    if "$ref" in rules:
        return
    assert rules["description"].endswith(".")
    shown = {"default", "examples", "enum", "const", "oneOf", "properties", "items"}
    assert shown & set(rules) or rules["type"] == "boolean"


@pytest.mark.parametrize("rules", FIELDS)
def test_every_number_states_its_unit(rules: Mapping[str, Any]) -> None:
    kinds = rules.get("type", ())
    if "number" in kinds or "integer" in kinds:
        assert UNITS.search(rules["description"]), rules["description"]


@pytest.mark.parametrize("name", WRITTEN_BY_USERS)
def test_every_example_and_default_fits_its_own_schema(name: str) -> None:
    root = schemas.load(name)
    for path, rules in fields(root):
        validator = jsonschema.Draft202012Validator({**rules, "$defs": root.get("$defs", {})})
        stated = [rules["default"]] if "default" in rules else []
        for value in [*rules.get("examples", ()), *stated]:
            assert validator.is_valid(value), (path, value)


def texts_of_code() -> str:
    """All text constants of the product but docstrings, one a line."""
    nodes = [
        node
        for top in ("compiler", "renderers")
        for path in (DOCS.parent / top).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    ]
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    texts = (n for n in nodes if isinstance(n, ast.Constant) and id(n) not in docstrings)
    return "\n".join(n.value for n in texts if isinstance(n.value, str))


def test_every_heading_of_troubleshooting_is_a_message_of_the_code() -> None:
    page = (DOCS / "troubleshooting.md").read_text("utf-8")
    headings = re.findall(r"^### (.+)$", page, re.MULTILINE)
    assert len(headings) >= 20
    message = texts_of_code()
    for heading in headings:
        for part in re.split(r"…|; |is not ", heading):
            assert part.strip(" :()") in message, heading


def types_in(hint: Any) -> Iterator[type]:
    """The classes of this project in a type, and in the fields of those that are dataclasses."""
    for part in get_args(hint):
        yield from types_in(part)
    if inspect.isclass(hint) and hint.__module__.startswith("otio_gvideo."):
        yield hint
        if dataclasses.is_dataclass(hint):
            public = {f.name for f in dataclasses.fields(hint) if not f.name.startswith("_")}
            for name, field in get_type_hints(hint).items():
                yield from types_in(field) if name in public else ()


FUNCTIONS = [
    pytest.param(value, id=name)
    for name in compiler.__all__
    if inspect.isfunction(value := getattr(compiler, name))
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_types_of_public_functions_are_public(
    function: Callable[..., Any],
) -> None:
    found = {kind for hint in get_type_hints(function).values() for kind in types_in(hint)}
    assert {kind.__name__ for kind in found} <= set(compiler.__all__)
    assert all(inspect.getdoc(kind) for kind in found)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_argument_of_a_public_function_is_documented(function: Callable[..., Any]) -> None:
    page = inspect.getdoc(function) or ""
    for name in inspect.signature(function).parameters:
        assert re.search(rf"^    {name}: ", page, re.MULTILINE), name


def test_the_table_of_editors_names_the_formats_of_each_profile() -> None:
    for name, editor in EDITORS.items():
        text = (DOCS / "editors.md").read_text(encoding="utf-8")
        (row,) = (line for line in text.splitlines() if line.startswith(f"| `{name}` |"))
        told = set(re.findall(r"`(\.\w+)`", row.split("|")[3]))
        assert told == set(editor.suffixes) - {".srt", ".ass"}, name
