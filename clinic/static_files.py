"""Static files as they are served: compressed, named by their content, and style sheets without white space."""

import re

from django.core.files.base import ContentFile, File
from whitenoise.storage import CompressedManifestStaticFilesStorage

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def minify_css(css: str) -> str:
    """Return `css` without comments and needless white space; what stands in strings must not need it."""
    css = " ".join(COMMENT.sub("", css).split())
    css = re.sub(r"\s*([{};,>])\s*", r"\1", css).replace(": ", ":").replace(";}", "}")
    return re.sub(r"(?<![\w.])0(\.\d)", r"\1", re.sub(r"#([\da-f])\1([\da-f])\2([\da-f])\3\b", r"#\1\2\3", css))


class StaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc] # WhiteNoise is untyped
    """WhiteNoise's storage; the public style sheet, which holds up every first page, is minified."""

    def _save(self, name: str, content: File) -> str:
        if name == "clinic/site.css":
            content = ContentFile(minify_css(content.read().decode()).encode())
        return str(super()._save(name, content))
