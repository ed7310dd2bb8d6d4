"""Django settings from environment variables; see `.env.example`.

`ENVIRONMENT=production`, the default, refuses to start without what a real clinic needs. `local` is for `make run`,
`make dev` and the tests: plain http on this machine, mail written to files, keys generated in `var/`.
"""

import base64
import datetime as dt
import os
import re
import secrets
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from cryptography.fernet import Fernet, MultiFernet
from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvValidationError, validate

from clinic.lib.zone_data import use_locked_zone_data

use_locked_zone_data()  # before anything reads a zone

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env(eager=False)
if env_file := os.environ.get("ENV_FILE", str(BASE_DIR / ".env")):
    env.read_env(env_file, recurse=False)  # the environment takes precedence; a missing file is ignored

# Read first and validated together below, so that an operator sees every mistake at once.
ENVIRONMENT = env.str("ENVIRONMENT", "production", validate=validate.OneOf(["production", "local"]))
DEBUG = env.bool("DEBUG", False)
DATA_DIR = env.path("DATA_DIR", BASE_DIR / "var")
SECRET_KEY = env.str("SECRET_KEY", "")
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])
ENCRYPTION_KEYS: list[str] = env.list("ENCRYPTION_KEYS", [])
PRIVACY_KEYS: list[str] = env.list("PRIVACY_KEYS", [])
EVIDENCE_SIGNING_KEYS: list[str] = env.list("EVIDENCE_SIGNING_KEYS", [])
AUDIT_KEYS: list[str] = env.list("AUDIT_KEYS", [])
AUDIT_CHAIN_HEAD_FILE = env.path("AUDIT_CHAIN_HEAD_FILE", DATA_DIR / "audit-head")
RESTORE_JOURNAL_FILE = env.path("RESTORE_JOURNAL_FILE", AUDIT_CHAIN_HEAD_FILE.with_name("restore-journal"))
AUTO_ASSIGN_LEADS = env.bool("AUTO_ASSIGN_LEADS", True)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", [])
SITE_URL = env.str("SITE_URL", "")
TRUSTED_PROXY_COUNT = env.int(
    "TRUSTED_PROXY_COUNT", 1 if ENVIRONMENT == "production" else 0, validate=validate.Range(min=0, max=5)
)
DATABASE_URL = env.str("DATABASE_URL", "")
DATABASE_POOL_SIZE = env.int("DATABASE_POOL_SIZE", 8, validate=validate.Range(min=1, max=200))
EMAIL_HOST = env.str("EMAIL_HOST", "")
EMAIL_PORT = env.int("EMAIL_PORT", 587, validate=validate.Range(min=1, max=65535))
EMAIL_SECURITY = env.str("EMAIL_SECURITY", "starttls", validate=validate.OneOf(["starttls", "tls", "none"]))
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", 20, validate=validate.Range(min=1, max=120))
EMAIL_PROVIDER = env.str("EMAIL_PROVIDER", "", validate=validate.OneOf(["", "mailgun", "postmark", "sendgrid"]))
EMAIL_PROVIDER_KEY = env.str("EMAIL_PROVIDER_KEY", "")
EMAIL_PROVIDER_DOMAIN = env.str("EMAIL_PROVIDER_DOMAIN", "")
EMAIL_WEBHOOK_SECRET = env.str("EMAIL_WEBHOOK_SECRET", "")
EMAIL_WEBHOOK_SIGNING_KEY = env.str("EMAIL_WEBHOOK_SIGNING_KEY", "")
IMAP_HOST = env.str("IMAP_HOST", "")
IMAP_PORT = env.int("IMAP_PORT", 993, validate=validate.Range(min=1, max=65535))
IMAP_SECURITY = env.str("IMAP_SECURITY", "tls", validate=validate.OneOf(["tls", "starttls", "none"]))
IMAP_USER = env.str("IMAP_USER", "")
IMAP_PASSWORD = env.str("IMAP_PASSWORD", "")
IMAP_FOLDER = env.str("IMAP_FOLDER", "INBOX")
TEXT_PROVIDER = env.str("TEXT_PROVIDER", "", validate=validate.OneOf(["", "twilio"]))
TWILIO_ACCOUNT_SID = env.str("TWILIO_ACCOUNT_SID", "")
TWILIO_AUTH_TOKEN = env.str("TWILIO_AUTH_TOKEN", "")
TWILIO_SENDER = env.str("TWILIO_SENDER", "")
TWILIO_API_URL = env.str("TWILIO_API_URL", "https://api.twilio.com")
METRICS_ALLOWED_NETWORKS_TEXT: list[str] = env.list("METRICS_ALLOWED_NETWORKS", ["127.0.0.0/8", "::1/128"])
OUTGOING_ALLOWED_NETWORKS_TEXT: list[str] = env.list("OUTGOING_ALLOWED_NETWORKS", [])
RETENTION_UNCONFIRMED_DAYS = env.int("RETENTION_UNCONFIRMED_DAYS", 30, validate=validate.Range(min=3))
RETENTION_DATA_EXPORT_DAYS = env.int("RETENTION_DATA_EXPORT_DAYS", 7, validate=validate.Range(min=1))
RETENTION_MESSAGE_BODY_DAYS = env.int("RETENTION_MESSAGE_BODY_DAYS", 365, validate=validate.Range(min=1))
RETENTION_LEAD_DAYS = env.int("RETENTION_LEAD_DAYS", 6 * 366, validate=validate.Range(min=366))
PUBLIC_FORM_RATE_LIMIT = env.int("PUBLIC_FORM_RATE_LIMIT", 2000, validate=validate.Range(min=1))
STAFF_MFA_REQUIRED = env.bool("STAFF_MFA_REQUIRED", True)
STAFF_SESSION_IDLE_MINUTES = env.int("STAFF_SESSION_IDLE_MINUTES", 30, validate=validate.Range(min=1, max=480))
PUBLISH_SHIPPED_PAGES = env.bool("PUBLISH_SHIPPED_PAGES", ENVIRONMENT != "production")
LOG_LEVEL = env.str("LOG_LEVEL", "INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]))

try:
    env.seal()
except EnvValidationError as error:
    raise ImproperlyConfigured(f"Settings from the environment are not usable: {error.error_messages}") from None

PRODUCTION = ENVIRONMENT == "production"
if PRODUCTION:
    required = {
        "SECRET_KEY": SECRET_KEY,
        "ENCRYPTION_KEYS": ENCRYPTION_KEYS,
        "AUDIT_KEYS": AUDIT_KEYS,
        "PRIVACY_KEYS": PRIVACY_KEYS,
        "ALLOWED_HOSTS": ALLOWED_HOSTS,
        "EMAIL_HOST": EMAIL_HOST or EMAIL_PROVIDER,
    }
    missing = [name for name, value in required.items() if not value]
    if missing:
        raise ImproperlyConfigured(
            f"Production needs {', '.join(missing)} in the environment, see .env.example. (ENVIRONMENT=local does not.)"
        )
    if DEBUG:
        raise ImproperlyConfigured("DEBUG=true shows patients' data on error pages: production refuses it.")
    if not STAFF_MFA_REQUIRED:
        raise ImproperlyConfigured(
            "STAFF_MFA_REQUIRED=false is for trying the site out: production requires a second step."
        )
    if len(SECRET_KEY) < 50:
        raise ImproperlyConfigured("SECRET_KEY is shorter than 50 characters.")
    if any(len(key) < 40 for key in AUDIT_KEYS):
        raise ImproperlyConfigured("AUDIT_KEYS are at least 40 characters each.")
    if any(len(key) < 40 for key in PRIVACY_KEYS):
        raise ImproperlyConfigured("PRIVACY_KEYS are at least 40 characters each.")
    if "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured("ALLOWED_HOSTS=* lets anyone forge the site's name: list the names.")
else:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    ALLOWED_HOSTS = ALLOWED_HOSTS or ["127.0.0.1", "localhost", "[::1]"]


def local_secret(path: Path, new: str) -> str:
    """Return the secret stored at `path`, created from `new` at the first start.

    The file is readable by its owner only.

    Safe when several processes start at once: the hard link is atomic, so all of them read the first one's secret.
    """
    if not path.exists():
        candidate = path.with_suffix(f".{os.getpid()}")
        candidate.touch(mode=0o600)
        candidate.write_text(new)
        with suppress(FileExistsError):
            path.hardlink_to(candidate)
        candidate.unlink()
    return path.read_text()


def check_group(name: str, chosen: bool, needed: dict[str, Any]) -> None:
    """Refuse half a configuration: all of `needed` when the group is chosen, none of it otherwise.

    Raises ImproperlyConfigured.
    """
    missing = [setting for setting, value in needed.items() if not value]
    if chosen and missing:
        raise ImproperlyConfigured(f"{name} needs {', '.join(missing)} too, see .env.example.")
    if not chosen and len(missing) < len(needed):
        given = ", ".join(setting for setting, value in needed.items() if value)
        raise ImproperlyConfigured(f"{given} without {name} would do nothing, see .env.example.")


if EMAIL_HOST and EMAIL_PROVIDER:
    raise ImproperlyConfigured("EMAIL_HOST and EMAIL_PROVIDER: choose one of them to send mail.")
check_group(
    f"EMAIL_PROVIDER={EMAIL_PROVIDER}",
    bool(EMAIL_PROVIDER),
    {
        "EMAIL_PROVIDER_KEY": EMAIL_PROVIDER_KEY,
        "EMAIL_WEBHOOK_SECRET": EMAIL_WEBHOOK_SECRET,
        **({"EMAIL_PROVIDER_DOMAIN": EMAIL_PROVIDER_DOMAIN} if EMAIL_PROVIDER in ("", "mailgun") else {}),
        **({"EMAIL_WEBHOOK_SIGNING_KEY": EMAIL_WEBHOOK_SIGNING_KEY} if EMAIL_PROVIDER != "postmark" else {}),
    },
)
if EMAIL_WEBHOOK_SECRET and ":" not in EMAIL_WEBHOOK_SECRET:
    raise ImproperlyConfigured("EMAIL_WEBHOOK_SECRET is a user and a password for the provider: random:random.")
check_group("IMAP_HOST", bool(IMAP_HOST), {"IMAP_USER": IMAP_USER, "IMAP_PASSWORD": IMAP_PASSWORD})
check_group(
    "TEXT_PROVIDER=twilio",
    TEXT_PROVIDER == "twilio",
    {
        "TWILIO_ACCOUNT_SID": TWILIO_ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": TWILIO_AUTH_TOKEN,
        "TWILIO_SENDER": TWILIO_SENDER,
    },
)
SECRET_KEY = SECRET_KEY or local_secret(DATA_DIR / "secret_key", secrets.token_urlsafe(64))
ENCRYPTION_KEYS = ENCRYPTION_KEYS or [local_secret(DATA_DIR / "encryption_key", Fernet.generate_key().decode())]
PRIVACY_KEYS = PRIVACY_KEYS or [local_secret(DATA_DIR / "privacy_key", secrets.token_urlsafe(64))]
if not PRODUCTION:
    EVIDENCE_SIGNING_KEYS = EVIDENCE_SIGNING_KEYS or [
        local_secret(DATA_DIR / "evidence_key", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    ]
if any(not re.fullmatch(r"[A-Za-z0-9_-]{43}=?", key) for key in EVIDENCE_SIGNING_KEYS):
    raise ImproperlyConfigured("EVIDENCE_SIGNING_KEYS are made by manage.py make_evidence_key: 32 bytes in base64.")
AUDIT_KEYS = AUDIT_KEYS or [local_secret(DATA_DIR / "audit_key", secrets.token_urlsafe(64))]
try:
    MultiFernet([Fernet(key) for key in ENCRYPTION_KEYS])
except ValueError:
    raise ImproperlyConfigured("ENCRYPTION_KEYS are Fernet keys: 32 bytes each, in URL-safe base64.") from None

try:
    OUTGOING_ALLOWED_NETWORKS = [ip_network(network) for network in OUTGOING_ALLOWED_NETWORKS_TEXT]
    METRICS_ALLOWED_NETWORKS = [ip_network(network) for network in METRICS_ALLOWED_NETWORKS_TEXT]
except ValueError as error:
    raise ImproperlyConfigured(f"METRICS_ALLOWED_NETWORKS, OUTGOING_ALLOWED_NETWORKS: {error}.") from None

# Links in messages are built from this, never from the Host header, which an attacker can forge.
SITE_URL = (SITE_URL or (f"https://{ALLOWED_HOSTS[0]}" if PRODUCTION else "http://127.0.0.1:8000")).rstrip("/")
if urlsplit(SITE_URL).scheme not in ({"https"} if PRODUCTION else {"http", "https"}) or not urlsplit(SITE_URL).hostname:
    raise ImproperlyConfigured(f"SITE_URL is not an address this mode can use: {SITE_URL!r}.")

INSTALLED_APPS = [
    "clinic.apps.CareDeskConfig",  # django.contrib.admin with CareDesk as the default site
    "content",
    "signups",
    "crispy_forms",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "clinic.apps.ClinicConfig",
]
MIDDLEWARE = [
    "clinic.middleware.request_id.request_id_middleware",
    "clinic.middleware.security_headers.security_headers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "clinic.middleware.public_cache.strip_cookies_from_public_responses",
    "clinic.middleware.last_good_page.keep_last_good_page",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "clinic.middleware.request_validation.reject_other_charsets",
    "clinic.wsgi_middleware.reject_unbuffered_body",
    "allauth.account.middleware.AccountMiddleware",
    "clinic.staff_auth.middleware.StaffSessionMiddleware",
    "clinic.middleware.request_validation.reject_duplicate_parameters",
    "clinic.offer.one_offer_per_request",
    "clinic.admin_site.activate_clinic_time_zone",
    "clinic.error_views.method_not_allowed_page",
]
ROOT_URLCONF = "clinic.urls"
WSGI_APPLICATION = "clinic.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "content.context_processors.clinic",
                "signups.web.done.done_message",
            ]
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = ["crispy_clinic"]
CRISPY_TEMPLATE_PACK = "crispy_clinic"
CRISPY_FAIL_SILENTLY = False
# By dotted name, because `content` and `signups` do not import each other.
CONTENT_AUDIT_HANDLER = "signups.audit.model_admin.record_content_change"
SIGNUPS_OFFER_PROVIDER = "clinic.offer.load_offer"
# Jobs of `manage.py run_worker`, with the seconds between runs while a job finds nothing to do. A job is called with a
# clock and returns how much it did; several machines may run it at once.
WORKER_JOBS = {
    "signups.ops.heartbeats.record_heartbeat": 10.0,
    "signups.messages.delivery.deliver_due": 1.0,
    "signups.audit.chain.append_to_chain": 1.0,
    "signups.privacy.restoration.journal_due": 1.0,
    "signups.privacy.restoration.drop_old_entries": 86_400.0,
    "signups.privacy.export_jobs.run_next_export_step": 5.0,
    "signups.trials.waitlist.notify_waitlist": 300.0,
    "signups.calls.clock_changes.list_changed_calls": 3600.0,
    "signups.calls.earlier_times.offer_freed_slots": 5.0,
    "signups.calls.calendar_sync.check_next_calendar": 5.0,
    "signups.privacy.retention.apply_due_rules": 86_400.0,
    "signups.ops.rate_limit.delete_expired": 3600.0,
    "clinic.cleanup.delete_expired_sessions": 600.0,
    "clinic.staff_auth.digest.send_failed_sign_ins": 600.0,
    "content.actions.publication.publish_due_articles": 20.0,
    "signups.reports.daily_metrics.refresh_metrics": 300.0,
    "signups.desk.bulk_jobs.run_next_bulk_step": 1.0,
    "signups.imports.actions.run_next_import_step": 2.0,
    "signups.imports.undo.run_next_undo_step": 2.0,
    "clinic.cleanup.checkpoint_wal": 60.0,
}
if IMAP_HOST:
    WORKER_JOBS["signups.messages.imap_mailbox.read_mailbox"] = 60.0
if AUTO_ASSIGN_LEADS:
    WORKER_JOBS["signups.assignment.actions.assign_unassigned"] = 5.0


# --- Database -----------------------------------------------------------------------------------------------------
def database(url: str) -> dict[str, Any]:
    """Return one entry of DATABASES."""
    entry: dict[str, Any] = {**dj_database_url.parse(url)}
    match entry["ENGINE"]:
        case "django.db.backends.sqlite3":
            entry["OPTIONS"] = {
                # Lock at BEGIN: upgrading a read transaction to a write fails at once with "database is locked".
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # FULL, though SQLite's default, is explicit: a confirmed save must survive a power cut.
                # secure_delete overwrites deleted rows in the file with zeros.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;",
            }
        case "django.db.backends.postgresql":
            entry["CONN_HEALTH_CHECKS"] = True  # no failed request after the server restarts
            # PgBouncer in transaction mode: no cursor may outlive a transaction (Django prepares no statements).
            entry["DISABLE_SERVER_SIDE_CURSORS"] = True
            # After five seconds without a free connection, the 503 page.
            pool = {"min_size": 1, "max_size": DATABASE_POOL_SIZE, "timeout": 5}
            entry.setdefault("OPTIONS", {})["pool"] = pool
        case engine:
            raise ImproperlyConfigured(f"A DATABASE_URL must name PostgreSQL or SQLite, not {engine}.")
    return entry


DATABASES = {"default": database(DATABASE_URL or f"sqlite:///{DATA_DIR / 'clinic.sqlite3'}")}

SILENCED_SYSTEM_CHECKS = [
    "models.W040",  # SQLite ignores covering indexes, which it does not need
    "axes.W002",  # the axes middleware would answer lockouts; the sign-in views do instead
]

# --- Time, language, files ------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-us"
USE_I18N = False
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.AppDirectoriesFinder"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "clinic.static_files.StaticFilesStorage"
    },
}
WHITENOISE_MAX_AGE = 3600  # seconds, for unhashed names; hashed ones are immutable

# --- Mail -----------------------------------------------------------------------------------------------------------
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend" if EMAIL_HOST else "clinic.email_backend.FileBackend"
if EMAIL_PROVIDER:
    EMAIL_BACKEND = f"anymail.backends.{EMAIL_PROVIDER}.EmailBackend"
ANYMAIL = {
    "MAILGUN_API_KEY": EMAIL_PROVIDER_KEY,
    "MAILGUN_SENDER_DOMAIN": EMAIL_PROVIDER_DOMAIN,
    "MAILGUN_WEBHOOK_SIGNING_KEY": EMAIL_WEBHOOK_SIGNING_KEY,
    "POSTMARK_SERVER_TOKEN": EMAIL_PROVIDER_KEY,
    "SENDGRID_API_KEY": EMAIL_PROVIDER_KEY,
    "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": EMAIL_WEBHOOK_SIGNING_KEY,
    "WEBHOOK_SECRET": EMAIL_WEBHOOK_SECRET,
    "REQUESTS_TIMEOUT": EMAIL_TIMEOUT,
}
EMAIL_USE_TLS = EMAIL_SECURITY == "starttls"
EMAIL_USE_SSL = EMAIL_SECURITY == "tls"
EMAIL_FILE_PATH = DATA_DIR / "mail"
# The backend of texts; "" when the clinic sends none: then no form offers them.
TEXT_BACKEND = {"twilio": "clinic.text_backends.TwilioBackend"}.get(
    TEXT_PROVIDER, "" if PRODUCTION else "clinic.text_backends.TextFileBackend"
)
TEXT_FILE_PATH = DATA_DIR / "texts"

# --- Safety ---------------------------------------------------------------------------------------------------------
HTTPS = SITE_URL.startswith("https:")
CSRF_FAILURE_VIEW = "clinic.error_views.csrf_failed"
CSRF_TRUSTED_ORIGINS = [SITE_URL]
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_AGE = None  # until the browser session ends
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would sign staff out when they follow a link from their mail
MESSAGE_STORAGE = "clinic.message_storage.MessageStorage"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/"]  # load balancers probe over plain http
SECURE_HSTS_SECONDS = 63_072_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
# clinic/middleware/security_headers.py sets the other headers; `check --deploy` expects these.
# With "no-referrer" browsers post forms with `Origin: null`, which the CSRF check rejects.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"  # for browsers without support for `frame-ancestors`
DATA_UPLOAD_MAX_MEMORY_SIZE = 100_000  # bytes; the longest form needs a hundredth of it
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
FILE_UPLOAD_HANDLERS = ["clinic.middleware.request_validation.ImportOnlyUploadHandler"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
] + [{"NAME": "clinic.staff_auth.passwords.ClinicWordsValidator"}]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # for older accounts; rehashed at their next sign-in
]

# --- Staff sign-in: allauth without its features for customers (clinic/staff_auth/) ---------------------------------
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
SESSION_COOKIE_AGE = 12 * 60 * 60  # seconds, one shift; idle sessions end sooner
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
ACCOUNT_ADAPTER = "clinic.staff_auth.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_FORMS = {
    "login": "clinic.staff_auth.forms.SignInForm",
    "change_password": "clinic.staff_auth.forms.NewPasswordForm",
}
ACCOUNT_RATE_LIMITS = False  # django-axes and clinic/staff_auth/forms.py count instead
MFA_RATE_LIMITS = False
MFA_ADAPTER = "clinic.staff_auth.adapters.MFAAdapter"
MFA_FORMS = {
    "authenticate": "clinic.staff_auth.forms.CodeForm",
    "reauthenticate": "clinic.staff_auth.forms.ReauthenticateCodeForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
MFA_TOTP_TOLERANCE = 1  # a phone's clock may be half a minute off
MFA_ALLOW_UNVERIFIED_EMAIL = True  # a superuser creates the accounts
# django-axes: five wrong passwords for one account from one address lock it out for 15 minutes.
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_HANDLER = "clinic.staff_auth.lockout.LockoutHandler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = dt.timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # otherwise an attacker could prolong a lockout for ever
AXES_CLIENT_IP_CALLABLE = "clinic.staff_auth.lockout.client_ip"
AXES_USERNAME_CALLABLE = "clinic.staff_auth.lockout.username_key"
AXES_DISABLE_ACCESS_LOG = True  # the audit log has the sign-ins
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False  # no user names or addresses in the log
CACHES = {
    # allauth stores used codes here, so that none works twice: shared by all processes.
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "clinic_cache"},
    "memory": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},  # one per process
}

# --- Logs: to standard error, without addresses, names, bodies or private links ----------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"no_paths": {"()": "clinic.log_redaction.RedactPathFilter"}},
    "formatters": {
        "line": {
            "()": "clinic.log_redaction.RedactingFormatter",
            "format": "{asctime} {levelname} {request_id} {name} {message}",
            "datefmt": "%Y-%m-%dT%H:%M:%S%z",
            "style": "{",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["no_paths"]}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    # Replaces Django's handlers: its mail to ADMINS would contain complete requests.
    "loggers": {
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "twilio": {"level": "WARNING"},  # below it logs whole requests
    },
}
