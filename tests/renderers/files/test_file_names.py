"""File names are valid on every system, by Windows' rules as in Python 3.13."""

from __future__ import annotations

import itertools
import ntpath
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.renderers.files.file_names import is_reserved, portable, unreserved

DEVICES = ["con", "prn", "aux", "nul", "conin$", "conout$"] + [
    f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"
]
NOT_IN_PYTHON = {"com0", "lpt0"}
"""Reserved by Microsoft's documentation but not by Python."""
NAMES = st.text(st.sampled_from("conprnaulpt0159¹$COM. -_x"), min_size=1, max_size=7) | st.builds(
    "{}{}".format,
    st.sampled_from(DEVICES),
    st.text(st.sampled_from(". -_x2"), max_size=4),
)


def by_python(name: str) -> bool:
    return bool(ntpath.isreserved(name))  # type: ignore[attr-defined]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("written", ["{}", "{}.txt", "{}.2-abc.mp4", "{} .x", "{}."])
def test_device_names_are_reserved_in_any_case(device: str, written: str) -> None:
    for name in (written.format(device), written.format(device.upper())):
        assert is_reserved(name)
        assert not is_reserved(unreserved(name))


if sys.version_info >= (3, 13):  # Older Pythons have no list of reserved names.

    @given(NAMES)
    def test_unreserved_names_are_never_reserved(name: str) -> None:
        assert not by_python(unreserved(name))
        if name.partition(".")[0].rstrip(" ").lower() not in NOT_IN_PYTHON:
            wants_change = by_python(name) or not name.strip(" .")
            assert wants_change == (unreserved(name) != name)

    def test_every_character_that_python_rejects_is_replaced() -> None:
        for character in map(chr, itertools.chain(range(256), (0x2028, 0x1F3AC))):
            name = f"a{character}b"
            is_separator = character in '/\\:"'
            assert (portable(name) != name) == (by_python(name) or is_separator), repr(character)
            assert not by_python(portable(name))


@given(st.text(st.characters(exclude_characters='<>:"/\\|?*', min_codepoint=32), min_size=1))
def test_valid_names_stay_unchanged(name: str) -> None:
    if not is_reserved(name) and not re.search(r"[ .]$", name):
        assert portable(name) == unreserved(name) == name
