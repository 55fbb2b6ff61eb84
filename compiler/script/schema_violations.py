"""Violations of a JSON Schema, as messages that hint at a correction."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import islice
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from ..errors import Problem
from ..sync.rationals import parse_rational
from .shown_values import nearest, show
from .unknown_keys import hint_of_key
from .yaml_source import MOST_PROBLEMS, KeyPath, YamlSource

SYNONYMS = {
    "transition": {
        "fade": "dissolve",
        "crossfade": "dissolve",
        "cross_dissolve": "dissolve",
        "crossdissolve": "dissolve",
        "mix": "dissolve",
        "none": "cut",
        "hard_cut": "cut",
        "fade_to_black": "fade_black",
        "dip_to_black": "fade_black",
        "fade_to_white": "fade_white",
        "wipe": "wipe_left",
        "slide": "slide_left",
        "push": "push_left",
    },
    "fit": {fit: f"clip: {{fit: {fit}}}" for fit in ("trim", "hold", "loop", "speed")},
    "focus": {"center": "middle", "centre": "middle"},
    "camera move": {
        "zoom_in": "push_in",
        "zoom": "push_in",
        "dolly_in": "push_in",
        "zoom_out": "pull_out",
        "dolly_out": "pull_out",
        "ken_burns": "auto",
        "none": "static",
        "still": "static",
    },
}
"""Values of other tools, and ours for the same, by the title of their schema."""
_OTHER_KIND = frozenset({"type", "enum", "const"})
"""Rules that a value meant as something else breaks."""
_TYPES = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping of keys to values",
    "null": "empty",
}


def schema_violations(source: YamlSource, schema: Mapping[str, Any]) -> list[Problem]:
    """Return all violations of a schema in a document, in file order."""
    errors = Draft202012Validator(schema).iter_errors(source.data)
    told_once = (e for e in errors if not (e.validator == "type" and "enum" in e.schema))
    found = (problem for error in told_once for problem in _problems(source, error, schema))
    return sorted(set(islice(found, MOST_PROBLEMS)))


def _problems(
    source: YamlSource, error: ValidationError, whole: Mapping[str, Any]
) -> Iterable[Problem]:
    path: KeyPath = tuple(error.absolute_path)
    value: Any = error.instance
    schema: Any = error.schema
    rule, bound = error.validator, cast("Any", error.validator_value)
    title = schema.get("title", "value")
    if rule == "additionalProperties":
        known = list(schema["properties"])
        for key in value:
            if key not in known:
                hint = hint_of_key(key, schema, value, whole)
                here = (*path, key)
                yield source.problem(here, f"{key!r} is not a key here", hint, at_key=True)
    elif rule == "required":
        missing = next(key for key in bound if key not in value and repr(key) in error.message)
        rules = schema["properties"].get(missing, {})
        hint = f"add a list of {missing}" if rules.get("type") == "array" else _request(rules)
        yield source.problem(path, f"{missing!r} is missing", hint)
    elif rule == "enum":
        hint = _synonym(value, title) or nearest(value, bound)
        yield source.problem(path, f"{show(value)} is not {_a(title)}", hint)
    elif rule == "oneOf":
        of_its_type = _faults_within(error)
        for one in of_its_type:
            yield from _problems(source, one, whole)
        if not of_its_type:
            hint = _synonym(value, title) or _request(schema)
            yield source.problem(path, f"{show(value)} is not {_a(title)}", hint)
    elif rule == "const":
        yield source.problem(path, f"{show(value)} is not {show(bound)}", f"write {show(bound)}")
    elif rule == "type":
        kinds = [bound] if isinstance(bound, str) else bound
        yield source.problem(path, *_of_wrong_type(value, kinds, schema))
    elif rule == "pattern":
        hint = _ntsc(value, schema) or _request(schema)
        yield source.problem(path, f"{show(value)} is not {_a(title)}", hint)
    else:
        yield source.problem(path, _bound_broken(str(rule), value, bound))


def _of_wrong_type(value: Any, kinds: Sequence[str], schema: Mapping[str, Any]) -> tuple[str, str]:
    """Return the fact and a hint; a number with too many digits was read as text."""
    hint = _correction(value, kinds, schema) or _request(schema)
    is_number = not {"number", "integer"}.isdisjoint(kinds) and isinstance(value, str)
    if is_number and re.fullmatch(r"[-+]?\d{18,}(\.\d*)?", value):
        most = f"at most {show(schema['maximum'])}" if "maximum" in schema else hint
        return f"{show(value)} has too many digits", most
    wanted = " or ".join(_TYPES[kind] for kind in kinds)
    return f"{show(value)} is not {wanted}", hint


def _correction(value: Any, kinds: Sequence[str], schema: Mapping[str, Any]) -> str:
    """Return a hint with a value of the wrong type in the right form, if that is unambiguous."""
    if (
        kinds == ["string"]
        and isinstance(value, int | Fraction)
        and re.search(schema.get("pattern", "^" if "title" not in schema else "$^"), show(value))
    ):
        return f'put it in quotes, as in "{show(value)}"'
    if "object" in kinds and isinstance(value, str | bool):
        key = next(iter(schema.get("required", schema.get("properties", ()))), None)
        rules = schema.get("properties", {}).get(key, {})
        names_a_thing = key != "id" and len(schema.get("required", ())) <= 1
        if names_a_thing and "$ref" not in rules and Draft202012Validator(rules).is_valid(value):
            return f"write it as {{{key}: {value if isinstance(value, str) else show(value)}}}"
    return _ntsc(value, schema)


def _ntsc(value: Any, schema: Mapping[str, Any]) -> str:
    """Return a hint with the exact rate for a rounded one such as 29.97."""
    if schema.get("title") != "frame rate" or isinstance(value, bool):
        return ""
    try:
        stated = parse_rational(value) if isinstance(value, str) else Fraction(value)
        whole = round(stated * 1001 / 1000)
    except (ValueError, TypeError, ZeroDivisionError):
        return ""
    exact = Fraction(whole * 1000, 1001)
    return f'write "{exact}"' if 0 < abs(exact - stated) < Fraction(1, 100) else ""


def _synonym(value: object, title: str) -> str:
    ours = SYNONYMS.get(title, {}).get(str(value).replace("-", "_").lower())
    return f"that is {ours!r} here" if ours else ""


def _a(title: str) -> str:
    return f"{'an' if title[0] in 'aeiou' else 'a'} {title}"


def _bound_broken(rule: str, value: object, bound: object) -> str:
    sayings = {
        "minimum": f"{show(value)} is less than {show(bound)}",
        "maximum": f"{show(value)} is more than {show(bound)}",
        "exclusiveMinimum": f"{show(value)} is not more than {show(bound)}",
        "exclusiveMaximum": f"{show(value)} is not less than {show(bound)}",
        "multipleOf": f"{show(value)} is not a multiple of {show(bound)}",
        "minLength": "is empty",
        "maxLength": f"is longer than {show(bound)} characters",
        "minItems": f"the list is shorter than {show(bound)}" if value else "the list is empty",
        "maxItems": f"the list is longer than {show(bound)}",
    }
    return sayings.get(rule, f"{show(value)} breaks the rule {rule} of the format")


def _faults_within(error: ValidationError) -> list[ValidationError]:
    """Return the faults by the alternative that a value is meant as, if its type tells."""
    branches: dict[object, list[ValidationError]] = {}
    for fault in error.context or ():
        branches.setdefault(fault.schema_path[0], []).append(fault)
    for faults in branches.values():
        if not any(one.validator in _OTHER_KIND and not one.path for one in faults):
            return faults
    return []


def _request(schema: Mapping[str, Any]) -> str:
    """Return a hint that asks for a value, made of the first sentence of its description."""
    kind = schema.get("type")
    if kind == "object":
        examples = schema.get("examples", ())
        known = [*next(iter(examples), ()), *schema.get("properties", ())]
        keys = schema.get("required") or [key for key in known if key != "id"][:2]
        return f"write it as {{{', '.join(f'{key}: ...' for key in keys)}}}" if keys else ""
    sentence = str(schema.get("description", "")).split(". ", 1)[0].rstrip(".")
    sentence = re.split(r";(?![^()]*\))", sentence, maxsplit=1)[0]
    if not sentence or kind == "boolean" or "enum" in schema:
        return ""
    words = re.findall(r"[^\s,:(]+", sentence)
    # "GPU memory" and "LoRAs" keep their capitals.
    if words[0] == "A" or words[0][1:].islower():
        sentence = sentence[0].lower() + sentence[1:]
    are_many = kind == "array" or any(re.fullmatch(r"\w*[^\Ws]s", word) for word in words[:2])
    if are_many or words[0] in ("A", "An", "The"):
        return f"give {sentence}"
    if " of " in re.split(r"[,:(]", sentence, maxsplit=1)[0]:
        return f"give the {sentence}"
    return f"give {_a(sentence)}"
