"""Select slots, qualities and takes by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import opentimelineio as otio

from ..errors import InputError, Problem
from ..script.model import Quality
from ..timeline.metadata import MEDIA_KEY
from ..timeline.slots import SlotClip, slot_clips
from ..timeline.takes import pick, picked_take, takes_of

SLOTS = 3
"""Number of slots to evaluate by default."""


def chosen_slots(
    timeline: otio.schema.Timeline, names: Sequence[str], path: Path
) -> list[SlotClip]:
    """Return the named slots; all for ``all``; by default `SLOTS`, spread over the reel.

    Raises:
        InputError: there are no slots, or a name is unknown.
    """
    slots = list(slot_clips(timeline))
    if not slots:
        hint = "compile a script to a timeline: --until timeline"
        raise InputError(Problem.in_file(path, "has no slots", hint))
    if list(names) == ["all"]:
        return slots
    if not names:
        count = min(SLOTS, len(slots))
        return [slots[(2 * n + 1) * len(slots) // (2 * count)] for n in range(count)]
    known = {slot.name for slot in slots}
    unknown = [name for name in names if name not in known]
    if unknown:
        hint = _known(slots)
        raise InputError(
            [Problem.in_file(path, f"{n!r} is not a slot", hint, where="--slots") for n in unknown]
        )
    return [slot for slot in slots if slot.name in names]


def _known(slots: Sequence[SlotClip]) -> str:
    return f"known: {', '.join(slot.name for slot in slots[:20])}" + ", …" * (len(slots) > 20)


def known_qualities(names: Sequence[str]) -> list[Quality]:
    """Return the named qualities, each once.

    Raises:
        InputError: a name is unknown.
    """
    known = get_args(Quality)
    problems = [
        Problem.option("--qualities", f"{name!r} is not a quality", f"known: {', '.join(known)}")
        for name in names
        if name not in known
    ]
    if problems:
        raise InputError(problems)
    return [quality for quality in known if quality in names]


def pick_takes(
    timeline: otio.schema.Timeline, picks: Sequence[str], names: Sequence[str], path: Path
) -> list[str]:
    """Activate takes.

    Args:
        timeline: with the takes; changed.
        picks: each ``TAKE`` for all slots that have it, or ``SLOT=TAKE``; the take ``none`` is the
            slot's own media.
        names: of the slots for picks without a slot; empty for all.
        path: of the timeline, for messages.

    Returns:
        The slots whose own media are active again, or were asked for by name.

    Raises:
        InputError: a slot or take is unknown.
    """
    slots = {slot.name: slot for slot in slot_clips(timeline)}
    wanted: list[tuple[SlotClip, str]] = []
    restored: list[str] = []
    problems = []
    for given in picks:
        name, _, take = given.rpartition("=")
        key = MEDIA_KEY if take == "none" else take
        if name and name not in slots:
            what, hint = f"{name!r} is not a slot", _known(list(slots.values()))
            problems.append(Problem.in_file(path, what, hint, where="--pick"))
            continue
        among = [slots[name]] if name else [s for s in slots.values() if _is_selected(s, names)]
        having = [slot for slot in among if key == MEDIA_KEY or key in takes_of(slot)]
        if not having:
            there = sorted({one for slot in among for one in takes_of(slot)})
            what = f"{name or 'no slot'} has {'no' if name else 'a'} take {take!r}"
            hint = f"there are {', '.join(there)}" if there else "evaluate makes takes"
            problems.append(Problem.in_file(path, what, hint, where="--pick"))
        wanted += [(slot, key) for slot in having]
        if key == MEDIA_KEY:
            restored += [slot.name for slot in having if name or picked_take(slot) is not None]
    if problems:
        raise InputError(problems)
    for slot, key in wanted:
        pick(slot, key)
    return [
        name
        for name in dict.fromkeys(restored)
        if slots[name].clip.active_media_reference_key == MEDIA_KEY
    ]


def _is_selected(slot: SlotClip, names: Sequence[str]) -> bool:
    return not names or list(names) == ["all"] or slot.name in names


def picked_takes(timeline: otio.schema.Timeline) -> dict[str, str]:
    """Return the active takes, by slot."""
    return {
        slot.name: slot.clip.active_media_reference_key
        for slot in slot_clips(timeline)
        if picked_take(slot) is not None
    }
