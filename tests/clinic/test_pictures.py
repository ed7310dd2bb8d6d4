"""The icons and the picture of shared links, as browsers and other sites will read them."""

import struct

import pytest
from django.contrib.staticfiles import finders

from clinic import pictures


@pytest.fixture
def finder(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    return pictures.PictureFinder()


def collected(finder):
    return {path: storage.path(path) for path, storage in finder.list([])}


def read(path):
    with open(path, "rb") as file:
        return file.read()


def png_size(image):
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", image[16:24])


def test_pictures_have_their_sizes(finder):
    found = collected(finder)
    assert {path: png_size(read(found[path])) for path in found if path.endswith(".png")} == {
        "clinic/apple-touch-icon.png": (180, 180),
        "clinic/icon-192.png": (192, 192),
        "clinic/icon-512.png": (512, 512),
        "clinic/icon-maskable-512.png": (512, 512),
        "clinic/og.png": (1200, 630),
    }


def test_favicon_holds_an_image_for_each_size(finder):
    icon = read(collected(finder)["clinic/favicon.ico"])
    reserved, kind, count = struct.unpack("<HHH", icon[:6])
    entries = list(struct.iter_unpack("<BBBBHHII", icon[6 : 6 + 16 * count]))
    images = [icon[entry[7] : entry[7] + entry[6]] for entry in entries]
    assert (reserved, kind, [entry[:2] for entry in entries]) == (0, 1, [(16, 16), (32, 32), (48, 48)])
    assert [png_size(image) for image in images] == [(16, 16), (32, 32), (48, 48)]
    assert all(image.endswith(b"IEND\xaeB`\x82") for image in images)


def test_nothing_is_drawn_twice(finder):
    first = {path: (place, finder.storage.get_modified_time(path)) for path, place in collected(finder).items()}
    second = {path: (place, finder.storage.get_modified_time(path)) for path, place in collected(finder).items()}
    assert first == second


def test_missing_picture_is_drawn_again(finder):
    collected(finder)
    finder.storage.delete("clinic/og.png")
    assert png_size(read(finder.find("clinic/og.png"))) == (1200, 630)


def test_site_finds_its_pictures_and_only_those(finder):
    assert finder.find("clinic/other.png") == []
    assert finders.find("clinic/favicon.ico").endswith("favicon.ico")
