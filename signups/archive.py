"""What we hold about somebody, as files they can keep."""

import io
import json
import zipfile
from typing import Any

from django.template.loader import render_to_string


def packed(held: dict[str, Any]) -> bytes:
    """A zip with `my-data.json` and `my-data.html` of what `privacy.export` returns."""
    tables = {name: rows if isinstance(rows, list) else [rows] for name, rows in held.items()}
    page = render_to_string("signups/my/export.html", {"tables": tables})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("my-data.json", json.dumps(held, ensure_ascii=False, indent=2))
        archive.writestr("my-data.html", page)
    return file.getvalue()
