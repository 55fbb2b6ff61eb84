"""JSON Schemas as Markdown: a section for each mapping, a table row for each field."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

Schema = Mapping[str, Any]
_REF = "#/$defs/"
_TYPES = {"object": "mapping", "array": "list", "string": "text"}


def fields_of(root: Schema) -> str:
    """Return the fields of a schema: first the nested mappings, then the shared ones."""
    shared: dict[str, str] = {}
    parts = list(_sections(root, root, "", shared))
    done = 0
    while done < len(shared):
        name, key = list(shared.items())[done]
        parts.extend(_sections(root, root["$defs"][name], name, shared, key))
        done += 1
    return "\n".join(parts)


def leaves(root: Schema, node: Schema, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield path, type and description of every field, depth first."""
    for key, field in node.get("properties", {}).items():
        rules = _resolved(root, field)
        yield code(path + key), _type_of(root, rules), rules["description"]
        for suffix, child in _mappings(root, rules):
            yield from leaves(root, child, f"{path}{key}{suffix}.")


def _sections(
    root: Schema, node: Schema, path: str, shared: dict[str, str], key: str = ""
) -> Iterator[str]:
    """Yield the section of a mapping and those of the mappings in it.

    Args:
        root: the schema.
        node: the mapping.
        path: its heading; empty for the whole document.
        shared: shared mappings seen so far, with the key of the first field that has one.
        key: the key to show an example under; by default that of the path.
    """
    if path:
        yield f"## {path}\n\n{node['description']}\n"
    rows, below = [], []
    for name, field in node["properties"].items():
        rules = _resolved(root, field)
        where = f"{path}.{name}" if path else name
        inner = [(where + suffix, child) for suffix, child in _mappings(root, rules)]
        if inner and (home := _shared_name(field)):
            shared.setdefault(home, name)
            inner = [(home, inner[0][1])]
        else:
            below += inner
        anchor = _slug(inner[0][0]) if inner else ""
        required = name in node.get("required", ())
        rows.append(_row(root, name, rules, anchor, required=required))
    yield table(("field", "type", "default", "description"), rows)
    yield from _examples(node, path, key)
    for where, child in below:
        yield from _sections(root, child, where, shared)


def _row(root: Schema, key: str, rules: Schema, anchor: str, *, required: bool) -> tuple[str, ...]:
    kind = _type_of(root, rules)
    default = code(rules["default"]) if "default" in rules else ""
    text = rules["description"]
    if rules.get("examples") and not anchor:
        text += f" Example: {', '.join(map(code, rules['examples']))}."
    return (
        code(key),
        f"[{kind}](#{anchor})" if anchor else kind,
        "required" if required else default,
        text,
    )


def _examples(node: Schema, path: str, key: str) -> Iterator[str]:
    """Yield the examples of a mapping as YAML, below the key that holds it."""
    last = key or path.removesuffix(".NAME").rpartition(".")[2]
    for example in node.get("examples", ()):
        if isinstance(example, Mapping):
            shown = [example] if path.endswith("[]") else example
            shown = {"NAME": example} if path.endswith(".NAME") else shown
            document = {last.removesuffix("[]"): shown}
            text = yaml.safe_dump(document, sort_keys=False, width=88, default_flow_style=None)
            yield f"```yaml\n{text}```\n"


def _mappings(root: Schema, rules: Schema) -> list[tuple[str, Schema]]:
    """Return the mapping that a field holds, itself (""), in a list ("[]") or by name (".NAME")."""
    inner = [("", one) for one in (rules, *rules.get("oneOf", ()), *rules.get("anyOf", ()))]
    inner += [("[]", rules.get("items")), (".NAME", rules.get("additionalProperties"))]
    return [
        (suffix, found)
        for suffix, one in inner
        if isinstance(one, Mapping) and "properties" in (found := _resolved(root, one))
    ]


def _shared_name(rules: Schema) -> str:
    """Return the name of the shared mapping that a field, its items or its values refer to."""
    for one in (rules, rules.get("items"), rules.get("additionalProperties")):
        if isinstance(one, Mapping) and "$ref" in one:
            return str(one["$ref"].removeprefix(_REF))
    return ""


def _resolved(root: Schema, rules: Schema) -> Schema:
    """Return rules with their reference replaced; a description beside the reference wins."""
    if "$ref" not in rules:
        return rules
    return {**root["$defs"][rules["$ref"].removeprefix(_REF)], **rules}


def _type_of(root: Schema, rules: Schema) -> str:
    """Return a type in words, such as "number, 0 to 1"."""
    if "const" in rules:
        return code(rules["const"])
    if "enum" in rules:
        return listed([code(value) for value in rules["enum"]])
    choices = rules.get("oneOf", rules.get("anyOf"))
    if choices:
        return listed([_type_of(root, _resolved(root, one)) for one in choices])
    kinds = [rules["type"]] if isinstance(rules["type"], str) else rules["type"]
    if isinstance(rules.get("items"), Mapping):
        items = _type_of(root, _resolved(root, rules["items"]))
        return "list of " + re.sub(r"\b(mapping|number|integer)\b", r"\1s", items)
    return listed([_TYPES.get(kind, kind) for kind in kinds]) + _bounds(rules)


def _bounds(rules: Schema) -> str:
    """Return the bounds of a number after a comma; empty if there are none."""
    low, high = rules.get("minimum"), rules.get("maximum")
    if "exclusiveMinimum" in rules:
        upper = f", at most {high}" if high is not None else ""
        return f", more than {rules['exclusiveMinimum']}{upper}"
    if low is not None and high is not None:
        return f", {low} to {high}"
    return f", at least {low}" if low is not None else ""


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(row) + " |\n" for row in lines)


def code(value: object) -> str:
    """Return a value as inline code."""
    return f"`{value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}`"


def listed(words: list[str], last: str = "or") -> str:
    """Return words with commas, and ``last`` before the last one."""
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)


def _slug(heading: str) -> str:
    """Return the anchor that Markdown gives a heading."""
    return re.sub(r"[^\w\s-]", "", heading).strip().lower()
