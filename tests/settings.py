"""The site's own settings, made quick: nothing here changes what is tested."""

import os

os.environ["ENVIRONMENT"] = "local"
os.environ["ENV_FILE"] = ""
os.environ["STAFF_MFA_REQUIRED"] = "false"  # what a test of the second step changes
os.environ.setdefault("DATA_DIR", "var/tests")

from clinic.settings import *  # noqa: F403
from clinic.settings import DATA_DIR, DATABASES, STATIC_ROOT, STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, so that other threads and processes of a test see the same database.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR.absolute() / "test.sqlite3")}
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns when there is none
