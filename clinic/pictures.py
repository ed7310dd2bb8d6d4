"""Icons and the picture shown with shared links, drawn from our own SVG when static files are collected.

They land in `VAR_DIR/pictures/clinic/`, where the finder below shows them to `collectstatic` and to the development
server; they are drawn again only when a drawing changes.
"""

import hashlib
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage
from django.template.loader import render_to_string

MARK = Path(__file__).parent / "static/clinic/mark.svg"


@dataclass(frozen=True)
class Drawing:
    """An SVG and the widths in pixels at which its file wants it."""

    svg: str
    widths: tuple[int, ...]


def drawings() -> dict[str, Drawing]:
    """Every file to make, by its name as a static file."""
    mark = MARK.read_text("utf-8")
    # Phones cut a touch icon's corners, and a maskable icon down to a circle of four fifths of its width.
    touch, maskable = (
        render_to_string("pictures/icon.svg", {"mark": mark, "scale": scale}) for scale in ("0.9", "0.75")
    )
    return {
        "clinic/favicon.ico": Drawing(mark, (16, 32, 48)),
        "clinic/icon-192.png": Drawing(mark, (192,)),
        "clinic/icon-512.png": Drawing(mark, (512,)),
        "clinic/icon-maskable-512.png": Drawing(maskable, (512,)),
        "clinic/apple-touch-icon.png": Drawing(touch, (180,)),
        "clinic/og.png": Drawing(render_to_string("pictures/og.svg", {"mark": mark}), (1200,)),
    }


def draw(folder: Path) -> None:
    """Makes what is missing in `folder`, and everything when a drawing changed."""
    import resvg_py  # only where static files are collected

    files = drawings()
    stamp = folder / ".made"
    made_of = hashlib.sha256(repr((resvg_py.__version__, files)).encode()).hexdigest()
    paths = {folder / name: drawing for name, drawing in files.items()}
    if all(path.exists() for path in (stamp, *paths)) and stamp.read_text() == made_of:
        return
    for path, drawing in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        images = {
            width: resvg_py.svg_to_bytes(svg_string=drawing.svg, width=width, skip_system_fonts=True)
            for width in drawing.widths
        }
        path.write_bytes(ico(images) if path.suffix == ".ico" else images.popitem()[1])
    stamp.write_text(made_of)


def ico(images: Mapping[int, bytes]) -> bytes:
    """An .ico of square PNGs by width: ICONDIR, one ICONDIRENTRY each, then the images as they are."""
    head = struct.pack("<HHH", 0, 1, len(images))
    offset = len(head) + 16 * len(images)
    for width, image in images.items():
        head += struct.pack("<BBBBHHII", width, width, 0, 0, 1, 32, len(image), offset)
        offset += len(image)
    return head + b"".join(images.values())


class PictureFinder(BaseFinder):
    """Draws before it is asked for what there is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.folder: Path = settings.VAR_DIR / "pictures"
        self.storage = FileSystemStorage(location=self.folder)

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        if path not in drawings():
            return []
        draw(self.folder)
        return [self.storage.path(path)] if find_all else self.storage.path(path)

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[Any]:
        draw(self.folder)
        for path in drawings():
            yield path, self.storage
