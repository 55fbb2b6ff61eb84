"""A document that was valid is not checked against the same schema again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from otio_gvideo.compiler.script.schema_check import check_schema
from otio_gvideo.compiler.script.yaml_source import YamlSource, read_yaml

NO_JSONSCHEMA = "otio_gvideo.compiler.script.schema_violations"


def source(folder: Path, text: str) -> YamlSource:
    path = folder / "script.yaml"
    path.write_text(text)
    return read_yaml(path, "script.yaml")


def test_a_valid_document_is_checked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTIO_GVIDEO_CACHE", str(tmp_path / "cache"))
    valid = "{version: 1, scenes: [{id: a, duration: 1, keyframe: a.png}]}"
    wrong = valid.replace("duration: 1", "duration: one")
    assert check_schema(source(tmp_path, valid), "script") == []
    (problem,) = check_schema(source(tmp_path, wrong), "script")
    monkeypatch.setitem(sys.modules, NO_JSONSCHEMA, None)
    # A comment is no part of the data.
    assert check_schema(source(tmp_path, f"# A title\n{valid}"), "script") == []
    for text, name, known in (
        (wrong, "script", None),
        (valid, "config", None),
        (valid, "script", {"transition": ["cut"]}),
    ):
        with pytest.raises(ImportError):
            check_schema(source(tmp_path, text), name, known)
    monkeypatch.undo()
    monkeypatch.setenv("OTIO_GVIDEO_CACHE", str(tmp_path / "cache"))
    assert check_schema(source(tmp_path, wrong), "script") == [problem]
