"""Django settings; all that varies between machines comes from ``config.env``."""

from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config import env
from config.logs import logging_config

BASE_DIR = env.BASE_DIR
VAR_DIR = BASE_DIR / "var"

DEBUG = env.flag("DEBUG")
SECRET_KEY = env.secret_key(VAR_DIR)
SECRET_KEY_FALLBACKS = env.items("SECRET_KEY_FALLBACKS")

# Where people reach the site; bots and sockets are judged by it too.
HOST = env.text("HOST", default="127.0.0.1")
PORT = env.number("PORT", default=8000)
PUBLIC_URL = env.origin("PUBLIC_URL")
LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS") or [
    *LOCAL_HOSTS,
    *([HOST] if HOST not in {"0.0.0.0", "::", *LOCAL_HOSTS} else []),  # noqa: S104
]
if PUBLIC_URL:
    ALLOWED_HOSTS.append(PUBLIC_URL.split("://")[1].rsplit(":", 1)[0])
if "*" in ALLOWED_HOSTS and not DEBUG:
    raise ImproperlyConfigured("Name the hosts in ALLOWED_HOSTS; * admits any.")
ALLOWED_ORIGINS = [
    *([PUBLIC_URL] if PUBLIC_URL else []),
    *env.items("ALLOWED_ORIGINS"),
]
CSRF_TRUSTED_ORIGINS = ALLOWED_ORIGINS
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", default=0)
IS_SECURE = PUBLIC_URL.startswith("https://")

REDIS_URL = env.text("REDIS_URL")

INSTALLED_APPS = [
    "config.apps.SiteConfig",
    "routing",
    "evolution",
    "relationships",
    "personas",
    "core",
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.discord",
    "channels",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "csp",
]

MIDDLEWARE = [
    "core.middleware.request_id",
    "core.metrics.measure",
    "core.audit.remember_request",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.form_encoding.refuse_broken_text",
    "core.middleware.AccessMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"

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
                "core.context_processors.site",
            ],
        },
    }
]

# -- Database --------------------------------------------------------------------

SQLITE_OPTIONS: dict[str, Any] = {
    # The write lock is taken at BEGIN, so that a read-then-write never fails
    # half-way with "database is locked".
    "transaction_mode": "IMMEDIATE",
    "timeout": 5,
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        " PRAGMA mmap_size=134217728; PRAGMA journal_size_limit=67108864;"
        " PRAGMA cache_size=-20000; PRAGMA temp_store=MEMORY;"
    ),
}
POSTGRES_OPTIONS: dict[str, Any] = {
    "pool": {
        "min_size": 1,
        "max_size": env.number("DATABASE_POOL", default=10, least=2),
        "timeout": 5,
    },
    "connect_timeout": 2,
    "options": (
        "-c statement_timeout=15000 -c lock_timeout=5000"
        " -c idle_in_transaction_session_timeout=30000"
    ),
}
_database: Any = dj_database_url.parse(
    env.text("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'dramatis.sqlite3'}")
)
if _database["ENGINE"].endswith("sqlite3"):
    _database["OPTIONS"] = SQLITE_OPTIONS
    # HTTP runs in a fixed set of threads; each keeps its connection.
    _database["CONN_MAX_AGE"] = 60
elif _database["ENGINE"].endswith("postgresql"):
    _database["OPTIONS"] = {**_database.get("OPTIONS", {}), **POSTGRES_OPTIONS}
else:
    raise ImproperlyConfigured("DATABASE_URL must name SQLite or PostgreSQL.")
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- What may vanish: cache, channel layer -------------------------------------

# In the database, so that the limits of sign-in hold in every process, and without
# Redis; and tries of characters. What is fast to read is kept in the process instead.
CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "core_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
CHANNEL_LAYERS: dict[str, Any] = {
    "default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}
}
if REDIS_URL:
    CHANNEL_LAYERS["default"] = {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            "hosts": [
                {
                    "address": REDIS_URL,
                    "socket_connect_timeout": 0.5,
                    "socket_timeout": None,
                }
            ],
            "prefix": "dramatis",
        },
    }

# -- Background work ---------------------------------------------------------------

# Without a broker the server process runs the worker itself, in a thread.
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", default="memory://localhost//")
CELERY_IS_EMBEDDED = CELERY_BROKER_URL.startswith("memory://")
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {"polling_interval": 0.05} if CELERY_IS_EMBEDDED else {}
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "move-due-labels": {
        "task": "personas.move_due_labels",
        "schedule": 1.0,
        "options": {"expires": 5},
    },
    "resume-framework-runs": {
        "task": "personas.resume_framework_runs",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    "read-imports": {
        "task": "personas.read_imports",
        "schedule": 3.0,
        "options": {"expires": 3},
    },
    "prune-imports": {
        "task": "personas.prune_imports",
        "schedule": 3600.0,
        "options": {"expires": 600},
    },
    "deliver-webhooks": {
        "task": "core.deliver_webhooks",
        "schedule": 1.0,
        "options": {"expires": 5},
    },
    "prune-webhooks": {
        "task": "core.prune_webhooks",
        "schedule": 3600.0,
        "options": {"expires": 600},
    },
    "apply-stages": {
        "task": "evolution.apply_stages",
        "schedule": 1.0,
        "options": {"expires": 5},
    },
    "offer-stages": {
        "task": "evolution.offer_stages",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "compact-ledger": {
        "task": "relationships.compact",
        # A day becomes old once a day; but who knows when this machine is on.
        "schedule": 3600.0,
        "options": {"expires": 600},
    },
    "forget-details": {
        "task": "routing.forget_details",
        "schedule": 3600.0,
        "options": {"expires": 600},
    },
    "end-quiet": {
        "task": "routing.end_quiet",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "erase-due-texts": {
        "task": "routing.erase_due_texts",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "prune": {"task": "core.prune", "schedule": 3600.0, "options": {"expires": 600}},
    "prune-cache": {
        "task": "core.prune_cache",
        "schedule": 600.0,
        "options": {"expires": 300},
    },
}

# -- Telling other programs ----------------------------------------------------

# Then whoever may make webhooks reaches every machine that this one reaches.
WEBHOOKS_ALLOW_PRIVATE = env.flag("WEBHOOKS_ALLOW_PRIVATE")

# -- A language model to try characters out with -----------------------------------

# The only address of a model that is ever called; nothing that a card names is.
LLM_BASE_URL = env.endpoint("LLM_BASE_URL")
LLM_API_KEY = env.header("LLM_API_KEY")
LLM_MODEL = env.text("LLM_MODEL").strip()
LLM_TIMEOUT = env.number("LLM_TIMEOUT", default=60, least=1)
if LLM_BASE_URL and not LLM_MODEL:
    raise ImproperlyConfigured(
        "Set LLM_MODEL to the name of a model that LLM_BASE_URL offers."
    )

# -- People ------------------------------------------------------------------------

AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "core.accounts.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "core.accounts.SocialAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_PREVENT_ENUMERATION = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Dramatis"
# An invitation vouches for a person; no address has to.
MFA_ALLOW_UNVERIFIED_EMAIL = True
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {}
SIGN_IN_ORIGINS: list[str] = []
if env.text("DISCORD_CLIENT_ID"):
    SIGN_IN_ORIGINS.append("https://discord.com")
    SOCIALACCOUNT_PROVIDERS["discord"] = {
        "APP": {
            "client_id": env.text("DISCORD_CLIENT_ID"),
            "secret": env.text("DISCORD_CLIENT_SECRET"),
            "key": "",
        }
    }
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
if env.text("EMAIL_HOST"):
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = env.text("EMAIL_HOST")
    EMAIL_PORT = env.number("EMAIL_PORT", default=587, least=1)
    EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
    EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
    EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=True)
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", default="dramatis@localhost")

SESSION_COOKIE_NAME = "__Host-session" if IS_SECURE else "dramatis_session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_SECURE
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_FAILURE_VIEW = "core.views.errors.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if IS_SECURE else 0
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES and IS_SECURE else None
)
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        # Browsers judge the redirect that answers a form by it too.
        "form-action": [SELF, *SIGN_IN_ORIGINS],
        "frame-ancestors": [NONE],
    }
}

# -- Pages ---------------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
# WhiteNoise warns of a folder that is not there.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# Files are served from where they lie; nothing has to be collected first.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
# Forms are larger than API bodies, which core.parsing limits by itself.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024

# -- API -----------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "core.api.authentication.BotKeyAuthentication",
        "core.api.authentication.PersonAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["core.api.permissions.Allowed"],
    "DEFAULT_THROTTLE_CLASSES": ["core.api.throttling.KeyThrottle"],
    "DEFAULT_PARSER_CLASSES": ["core.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["core.api.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "core.api.renderers.AlwaysJSON",
    "EXCEPTION_HANDLER": "core.api.problems.handle",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Dramatis",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": [],
    "COMPONENT_SPLIT_REQUEST": True,
}

LOGGING = logging_config(is_debug=DEBUG, level=env.text("LOG_LEVEL", default="INFO"))
