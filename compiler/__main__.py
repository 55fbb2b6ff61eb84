"""``python -m otio_gvideo.compiler`` is the command ``otio-gvideo``."""

import sys

from .cli import main

sys.exit(main())
