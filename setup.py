"""The packages of the wheel, found; everything else is in pyproject.toml.

The folders ``compiler``, ``renderers`` and ``schemas`` are installed as ``otio_gvideo.*``, which
setuptools' own discovery has no option for.
"""

from setuptools import find_packages, setup

found = find_packages(include=["compiler*", "renderers*", "schemas*"])
setup(packages=[f"otio_gvideo.{name}" for name in found])
