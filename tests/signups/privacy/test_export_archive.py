"""The data copy: a page for people, and JSON that keeps everything."""

import json

from signups.privacy.export_archive import render_chunk

ROW = {
    "name": "Jo Miller",
    "dedupe key": "confirm:1",
    "signature": "cf1cb1f7:88",
    "html": "<p>Hi</p>",
    "granted": True,
    "close reason": "",
    "created at": "2026-11-30T17:30:00+00:00",
    "text": "1234567890The rest",
}


def test_page_says_what_people_understand():
    page = render_chunk("lead", [ROW]).html
    for words in ("Jo Miller", "Monday, November 30, 2026, 5:30 PM UTC", "Yes", "1234567890The rest"):
        assert words in page
    for words in ("Dedupe", "Signature", "cf1cb1f7", "&lt;p&gt;", "Close reason", "2026-11-30T"):
        assert words not in page


def test_json_keeps_everything():
    assert json.loads(render_chunk("lead", [ROW]).json) == ROW
