"""What the page can ask for: to approve slots, to see a change of the script, to write it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import InputError
from .live_state import LiveState
from .script_edit import ScriptEdit
from .watched_edit import WatchedEdit


class PageRequests:
    """Carries out the requests of the page, in threads of the server.

    Args:
        state: whose approvals grow.
        edit: returns the script as it was compiled last; None before that.
        on_approved: called after an approval.
    """

    def __init__(
        self,
        state: LiveState,
        edit: Callable[[], WatchedEdit | None],
        on_approved: Callable[[], None],
    ):
        self._state, self._edit, self._on_approved = state, edit, on_approved
        self._proposed: dict[str, ScriptEdit] = {}

    def __call__(self, name: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Carry out a request.

        ``approve`` lets models render slots: ``keys``. ``propose`` returns a change of the script
        as a ``diff`` and its ``edit``: of ``slot``, and ``what`` is ``seed``, ``renderer`` or
        ``take``. ``write`` writes it: ``edit``.

        Raises:
            InputError, WorkError: it cannot be done.
        """
        edit = self._edit()
        if name == "approve":
            keys = asked.get("keys")
            self._state.approved.update(map(str, keys if isinstance(keys, list) else ()))
            self._on_approved()
            return {}
        if name == "propose" and edit is not None:
            made = edit.propose(asked)
            if not made.diff:
                return {"edit": "", "diff": "The script says so already."}
            key = hashlib.sha256(f"{made.before}\0{made.after}".encode()).hexdigest()
            self._proposed = {key: made}  # The page shows one at a time.
            return {"edit": key, "diff": made.diff}
        if name == "write":
            proposed = self._proposed.pop(str(asked.get("edit")), None)
            if proposed is None:
                raise InputError("there is no such change any longer; look at it again")
            proposed.write()
            return {}
        raise InputError(f"{name!r} is no request")
