"""Names in OTIO metadata and media references that the whole project shares."""

import opentimelineio as otio

NAMESPACE = "otio_gvideo"
"""Key of this project's metadata."""
GENERATOR_KIND = "otio_gvideo.shot"
"""Kind of the `GeneratorReference` that holds a recipe."""
GENERATOR_KEY = "generator"
KEYFRAME_KEY = "keyframe"
MEDIA_KEY = otio.schema.Clip.DEFAULT_MEDIA_KEY
