"""OpenTimelineIO plugins: an adapter for scripts, and a media linker.

Registered by the entry point ``opentimelineio.plugins`` and listed in ``plugin_manifest.json``.
Every program that uses OpenTimelineIO imports this package, so it imports nothing.
"""
