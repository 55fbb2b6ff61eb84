"""Parse a page like a browser without scripts: elements, texts, and the script's data."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

VOID = {"meta", "canvas", "input", "br", "path", "img"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    inside: list[Element] = field(default_factory=list)
    text: str = ""

    def all(self) -> Iterator[Element]:
        yield self
        for one in self.inside:
            yield from one.all()

    @property
    def words(self) -> str:
        """All text within."""
        return " ".join(" ".join(one.text for one in self.all()).split())

    @property
    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").split())


class Page(HTMLParser):
    """A parsed page; raises for elements that are nested wrongly."""

    def __init__(self, path: Path):
        super().__init__()
        self.path = path
        self.source = path.read_text("utf-8")
        self.root = Element("", {})
        self._open = [self.root]
        self.feed(self.source)
        assert [one.tag for one in self._open] == [""], "not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].inside.append(element)
        if tag not in VOID or (tag == "canvas"):
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].inside.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> within <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].text += data

    def find(self, tag: str = "", kind: str = "", **attributes: str) -> list[Element]:
        """Find elements by tag, class and attributes."""
        return [
            one
            for one in self.root.all()
            if (not tag or one.tag == tag)
            and (not kind or kind in one.classes)
            and all(one.attributes.get(name) == value for name, value in attributes.items())
        ]

    def by_id(self, name: str) -> Element:
        (found,) = self.find(id=name)
        return found

    @property
    def data(self) -> dict[str, Any]:
        document = json.loads(self.by_id("data").text)
        assert isinstance(document, dict)
        return document

    @property
    def facts(self) -> dict[str, str]:
        """The facts of the page's header, by label."""
        pairs = [pair for one in self.find("dl", "meta") for pair in one.inside]
        return {pair.inside[0].words: pair.inside[1].words for pair in pairs}

    @property
    def notes(self) -> str:
        return " ".join(one.words for one in self.find("section", "notes"))

    def slots(self) -> list[dict[str, str]]:
        """The rows of the slot table, by column head."""
        head, body = self.by_id("slots").inside
        names = [cell.words for cell in head.inside[0].inside]
        return [
            dict(zip(names, (cell.words for cell in row.inside), strict=True))
            for row in body.inside
        ]

    def detail(self, name: str) -> Element:
        """Return the panel's details of a named item."""
        return next(one for one in self.find("article") if one.attributes["aria-label"] == name)

    def picture(self, number: int) -> NDArray[np.uint8]:
        """Decode a thumbnail."""
        url = re.search(rf"\.t{number}\{{background-image:url\(data:\S+?,(\S+?)\)", self.source)
        assert url is not None
        with Image.open(io.BytesIO(base64.b64decode(url[1]))) as image:
            return np.asarray(image.convert("RGB"))

    def peaks(self, row: int) -> NDArray[np.uint8]:
        return np.frombuffer(base64.b64decode(self.data["peaks"][row]), np.uint8)

    def assert_safe(self) -> None:
        """Check that the page runs only its own script and loads only local files."""
        scripts = self.find("script")
        assert [one.attributes.get("type") for one in scripts] == ["application/json", None]
        digest = base64.b64encode(hashlib.sha256(scripts[1].text.encode()).digest()).decode()
        (policy,) = self.find("meta", **{"http-equiv": "Content-Security-Policy"})
        assert f"script-src 'sha256-{digest}';" in policy.attributes["content"]
        assert "default-src 'none'" in policy.attributes["content"]
        for element in self.root.all():
            for name, value in element.attributes.items():
                assert not name.startswith("on"), (element.tag, name)
                if name in ("src", "href"):
                    assert value.startswith(("./", "#", "file:///", "data:video/mp4;base64,"))
        assert not self.find("img")
        assert not self.find("link")
        urls = [*(one.get("u", "./") for one in self.data.get("seen", ())),
                *(one["u"] for one in self.data.get("heard", ()))]  # fmt: skip
        assert all(url.startswith(("./", "file:///")) for url in urls)
