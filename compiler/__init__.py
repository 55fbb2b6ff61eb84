"""The compiler: script and narration in, timeline and reel out.

>>> from otio_gvideo.compiler import compile_script

Names are imported on first use: a worker that only needs the sync arithmetic does not load the
bindings of ffmpeg.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..renderers.run.attempts import Attempt, AttemptLog
    from .api.check import check_video
    from .api.compile import compile_script
    from .api.compile_options import Until
    from .api.diff import TimelineDiff, diff_timelines
    from .api.evaluate import evaluate_timeline
    from .api.export import Exported, export_timeline
    from .api.flatten import flatten_timeline
    from .api.init import init_script
    from .api.plan import CompilePlan, PlannedSlot, PlannedSum, plan_script
    from .api.relink import relink_timeline
    from .api.render import render_timeline
    from .api.view import Viewed, view_timeline
    from .editors.changes import Change
    from .editors.reimport import SlotToRender
    from .editors.relink import Relinked
    from .errors import CompileError, InputError, Place, Problem, WorkError
    from .evaluation.evaluation import Evaluation, Take
    from .evaluation.measure import Measures
    from .evaluation.worker import MadeTake
    from .inspection.findings import Check, Finding
    from .inspection.voice_offset import VoiceOffset
    from .notices import Notice
    from .progress import OnProgress, Progress, Stage
    from .report import Loudness, Report, SceneReport, SlotReport
    from .script.model import Quality
    from .stages.missing_downloads import MissingDownload
    from .stages.output_options import OutputOptions
    from .stages.planned_clips import PlannedClip
    from .stages.slot_needs import SlotNeeds
    from .sync.types import Word

_HOME = {
    "Attempt": ".renderers.run.attempts",
    "AttemptLog": ".renderers.run.attempts",
    "Change": "editors.changes",
    "Check": "inspection.findings",
    "CompileError": "errors",
    "CompilePlan": "api.plan",
    "Evaluation": "evaluation.evaluation",
    "Exported": "api.export",
    "Finding": "inspection.findings",
    "InputError": "errors",
    "Loudness": "report",
    "MadeTake": "evaluation.worker",
    "Measures": "evaluation.measure",
    "MissingDownload": "stages.missing_downloads",
    "Notice": "notices",
    "OnProgress": "progress",
    "OutputOptions": "stages.output_options",
    "PlannedClip": "stages.planned_clips",
    "PlannedSlot": "api.plan",
    "PlannedSum": "api.plan",
    "Place": "errors",
    "Problem": "errors",
    "Progress": "progress",
    "Quality": "script.model",
    "Relinked": "editors.relink",
    "Report": "report",
    "SceneReport": "report",
    "SlotNeeds": "stages.slot_needs",
    "SlotReport": "report",
    "SlotToRender": "editors.reimport",
    "Stage": "progress",
    "Take": "evaluation.evaluation",
    "TimelineDiff": "api.diff",
    "Until": "api.compile_options",
    "Viewed": "api.view",
    "VoiceOffset": "inspection.voice_offset",
    "Word": "sync.types",
    "WorkError": "errors",
    "check_video": "api.check",
    "compile_script": "api.compile",
    "diff_timelines": "api.diff",
    "evaluate_timeline": "api.evaluate",
    "export_timeline": "api.export",
    "flatten_timeline": "api.flatten",
    "init_script": "api.init",
    "plan_script": "api.plan",
    "relink_timeline": "api.relink",
    "render_timeline": "api.render",
    "view_timeline": "api.view",
}

__all__ = [
    "Attempt",
    "AttemptLog",
    "Change",
    "Check",
    "CompileError",
    "CompilePlan",
    "Evaluation",
    "Exported",
    "Finding",
    "InputError",
    "Loudness",
    "MadeTake",
    "Measures",
    "MissingDownload",
    "Notice",
    "OnProgress",
    "OutputOptions",
    "Place",
    "PlannedClip",
    "PlannedSlot",
    "PlannedSum",
    "Problem",
    "Progress",
    "Quality",
    "Relinked",
    "Report",
    "SceneReport",
    "SlotNeeds",
    "SlotReport",
    "SlotToRender",
    "Stage",
    "Take",
    "TimelineDiff",
    "Until",
    "Viewed",
    "VoiceOffset",
    "Word",
    "WorkError",
    "check_video",
    "compile_script",
    "diff_timelines",
    "evaluate_timeline",
    "export_timeline",
    "flatten_timeline",
    "init_script",
    "plan_script",
    "relink_timeline",
    "render_timeline",
    "view_timeline",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
