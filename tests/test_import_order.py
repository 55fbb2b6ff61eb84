"""Imports run down `ORDER`, without circles between the folders of one line."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ORDER = (
    "compiler.__main__",
    "compiler.cli",
    "compiler.commands compiler.editors.plugin",
    "compiler.watch",
    "compiler.api",
    "compiler.stages compiler.doctor compiler.progress_display compiler.progress_bars",
    "compiler.evaluation",
    "compiler.editors",
    "compiler.page compiler.inspection",
    "compiler.provenance",
    "compiler.speech",
    "compiler.outputs",
    "compiler.assembly",
    "compiler.backend",
    "compiler.timeline",
    "compiler.report",
    "compiler.script",
    "compiler.media",
    "compiler.sync",
    "compiler.files",
    "compiler.plain_values compiler.progress_clock compiler.progress compiler.notices "
    "compiler.errors compiler.packages "
    "compiler.printing schemas",
    "renderers.run",
    "renderers.diffusion renderers.parallax",
    "renderers.camera",
    "renderers.fit",
    "renderers.image",
    "renderers.files",
    "renderers.registry renderers.torch_device",
    "renderers.base",
    "renderers.error_text",
)
"""From the command line down to the arithmetic. Names on one line have the same rank."""
PATHS = sorted(path for top in ("compiler", "renderers") for path in (ROOT / top).rglob("*.py"))
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PATHS
}


def rank(module: str) -> int | None:
    """Line of ORDER with the longest matching prefix of a module."""
    found = [
        (len(name), number)
        for number, line in enumerate(ORDER)
        for name in line.split()
        if f"{module}.".startswith(f"{name}.")
    ]
    return max(found)[1] if found else None


def imports(module: str) -> Iterator[str]:
    """Modules of the project that a module imports, also those imported inside functions."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level:
            up = package.split(".")[: len(package.split(".")) + 1 - node.level]
            base = ".".join([*up, *([node.module] if node.module else [])])
        else:
            base = (node.module or "").removeprefix("otio_gvideo.")
        for name in node.names:
            full = f"{base}.{name.name}"
            yield full if full in MODULES else base


@pytest.mark.parametrize("module", [m for m in MODULES if m not in ("compiler", "renderers")])
def test_imports_run_down(module: str) -> None:
    here = rank(module)
    assert here is not None, f"{module} has no place in ORDER"
    for imported in set(imports(module)):
        there = rank(imported)
        assert there is None or there >= here, f"{module} imports {imported}"


def test_sync_is_pure() -> None:
    for module in MODULES:
        if module.startswith("compiler.sync."):
            assert all(m.startswith("compiler.sync") for m in imports(module) if m in MODULES), (
                module
            )


def test_no_class_name_means_two_things() -> None:
    places: dict[str, list[str]] = {}
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(module)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
