"""The style sheet as it is served says what its source says."""

import re

import pytest
from django.contrib.staticfiles import finders

from clinic.static_files import StaticFilesStorage, minify_css


@pytest.mark.parametrize(
    ("source", "served"),
    [
        ("/* a */ a { color: red; }\n", "a{color:red}"),
        ("a:hover > b,\n  c :is(d, e) { top: calc(1px + 2vw) }", "a:hover>b,c :is(d,e){top:calc(1px + 2vw)}"),
        ("@media (min-width: 1px) and (x) { a { b: c } }", "@media (min-width:1px) and (x){a{b:c}}"),
    ],
)
def test_only_needless_white_space_goes(source, served):
    assert minify_css(source) == served


def test_strings_of_the_style_sheet_hold_nothing_that_is_minified():
    with open(finders.find("clinic/site.css"), encoding="utf-8") as file:
        strings = re.findall(r'"[^"\n]*"', file.read())
    assert [text for text in strings if re.search(r"[{};,]|: |  ", text)] == []


def test_collected_style_sheet_is_minified(tmp_path):
    from django.core.files.base import ContentFile

    storage = StaticFilesStorage(location=tmp_path)
    storage.save("clinic/site.css", ContentFile(b"a { color: red; }\n"))
    storage.save("clinic/admin.css", ContentFile(b"a { color: red; }\n"))
    assert (tmp_path / "clinic/site.css").read_text() == "a{color:red}"
    assert (tmp_path / "clinic/admin.css").read_text() == "a { color: red; }\n"
