"""What OpenTimelineIO's own tools load: an adapter for scripts, and a media linker.

Registered by the entry point ``opentimelineio.plugins``; what is here stands in
``plugin_manifest.json``.
Every program that uses OpenTimelineIO imports this package, so it imports nothing.
"""
