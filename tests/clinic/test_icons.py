"""Icons and the preview image of shared links."""

import struct
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders


def read(name):
    return Path(finders.find(f"clinic/{name}")).read_bytes()


def png_size(image):
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", image[16:24])


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("apple-touch-icon.png", (180, 180)),
        ("icon-192.png", (192, 192)),
        ("icon-512.png", (512, 512)),
        ("icon-maskable-512.png", (512, 512)),
        ("og.png", (1200, 630)),
    ],
)
def test_pictures_have_their_sizes(name, size):
    assert png_size(read(name)) == size


def test_favicon_holds_an_image_for_each_size():
    icon = read("favicon.ico")
    reserved, kind, count = struct.unpack("<HHH", icon[:6])
    entries = list(struct.iter_unpack("<BBBBHHII", icon[6 : 6 + 16 * count]))
    images = [icon[entry[7] : entry[7] + entry[6]] for entry in entries]
    assert (reserved, kind, [entry[:2] for entry in entries]) == (0, 1, [(16, 16), (32, 32), (48, 48)])
    assert [png_size(image) for image in images] == [(16, 16), (32, 32), (48, 48)]
    assert all(image.endswith(b"IEND\xaeB`\x82") for image in images)
