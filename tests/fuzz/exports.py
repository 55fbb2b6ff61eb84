"""Files of other editors, exported from a timeline with every kind of item."""

from __future__ import annotations

import tempfile
from pathlib import Path

from otio_gvideo.compiler.api.export import export_timeline

from .media import put_media


def exported(suffix: str) -> bytes:
    """Return the file of a format; the same bytes on every machine."""
    from .targets.otio import cut

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        put_media(folder)
        timeline = cut()
        # An edit decision list has none of these.
        timeline.tracks[0][0].effects[0].time_scalar = 2.0
        timeline.tracks[0].pop()
        path = folder / "cut.otio"
        path.write_text(timeline.to_json_string())
        output = folder / f"export{suffix}"
        export_timeline(path, output)
        content = output.read_bytes()
    # No folder names, and no lengths that would be wrong in an archive.
    return content if suffix == ".otioz" else content.replace(name.encode(), b"/media")


def xml_attacks(root: bytes) -> dict[str, bytes]:
    """Small documents that expand, take long, or read other files."""
    laughs = b"".join(b'<!ENTITY a%d "%s">' % (n + 1, b"&a%d;" % n * 10) for n in range(20))
    head = b"<?xml version='1.0'?><!DOCTYPE %s [" % root
    body = b"]><%s>&a;</%s>" % (root, root)
    return {
        "a billion laughs": head + b'<!ENTITY a0 "ha">' + laughs + body.replace(b"&a;", b"&a20;"),
        "a quadratic entity": head
        + b'<!ENTITY a "%s">' % (b"a" * 100_000)
        + body.replace(b"&a;", b"&a;" * 100_000),
        "a file as an entity": head + b'<!ENTITY a SYSTEM "file:///etc/passwd">' + body,
        "a network as an entity": head + b'<!ENTITY a SYSTEM "http://127.0.0.1:9/a">' + body,
        "a device as a DTD": b'<!DOCTYPE %s SYSTEM "file:///dev/zero"><%s/>' % (root, root),
        "deep elements": b"<a>" * 200_000,
        "deep and closed": b"<a>" * 200_000 + b"</a>" * 200_000,
        "an encoding that is none": b"<?xml version='1.0' encoding='rot13'?><%s/>" % root,
    }
