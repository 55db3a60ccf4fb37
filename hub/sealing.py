"""The hub's secret: where it comes from, and what is done with it.

From `HUB_SECRET`; the embedded default makes one at its first start, beside the database. Three
keys are derived from it (HKDF, RFC 5869), so that no use tells anything about another: one encrypts
the secrets that plugins keep, one fingerprints legacy secrets, one vouches for challenges.
"""

import contextlib
import hmac
import os
import secrets
import stat
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.errors import SettingError
from hub.settings import Settings

SHORTEST_GOOD = 32
"""Characters below which a secret of the operator's own is worth a warning."""
_BYTES = 32
_CURE = "set HUB_SECRET to a long random text, the same for every process: openssl rand -hex 32"


class Sealer:
    """Keeps secrets at rest, under one secret of the hub."""

    def __init__(self, secret: str) -> None:
        """Derive the keys; the same secret opens what it sealed, on every host."""
        self._fernet = Fernet(urlsafe_b64encode(_derive(secret, b"clonvo-hub secrets at rest")))
        self._fingerprint_key = _derive(secret, b"clonvo-hub legacy secrets")
        self._mark_key = _derive(secret, b"clonvo-hub challenges")

    def seal(self, text: str) -> str:
        """Encrypt and authenticate a text (Fernet: AES-128-CBC and HMAC-SHA256)."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def unseal(self, sealed: str) -> str:
        """Return what was sealed; `SettingError` when it was sealed under another secret."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise SettingError(
                "hub_secret: the database holds secrets that were encrypted under another one"
            ) from error

    def fingerprint(self, text: str) -> str:
        """Return HMAC-SHA256 in hex: a legacy secret may be weak, and a bare hash of it a clue."""
        raw = text.encode("utf-8", "surrogatepass")
        return hmac.new(self._fingerprint_key, raw, sha256).hexdigest()

    def mark(self, raw: bytes) -> bytes:
        """Return HMAC-SHA256: what goes out with it is known again when it comes back."""
        return hmac.digest(self._mark_key, raw, "sha256")


def open_sealer(settings: Settings) -> Sealer:
    """Return the sealer of this hub; the embedded default makes its secret when there is none."""
    if settings.hub_secret:
        return Sealer(settings.hub_secret)
    if not settings.embedded:
        raise SettingError(f"hub_secret: missing; {_CURE}")
    return Sealer(_kept_beside(settings.database_file))


def secret_file(database: Path) -> Path:
    """Return where the embedded default keeps the secret of this database."""
    return database.with_name("hub.secret")


def _kept_beside(database: Path) -> str:
    file = secret_file(database)
    with contextlib.suppress(FileExistsError):
        if not file.exists():
            _make(file)
    try:
        secret = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"hub_secret: cannot read {file}: {error}") from error
    if not secret:
        raise SettingError(f"hub_secret: {file} is empty; restore it from a backup")
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingError(f"hub_secret: others may read {file}: chmod 600 {file}")
    return secret


def _make(file: Path) -> None:
    # Complete before it has its name, and a link does not replace: of two processes that start
    # together one wins, and neither reads half a secret.
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as handle:
            handle.write(secrets.token_urlsafe(_BYTES) + "\n")
            handle.flush()
            os.fsync(handle.fileno())
        os.link(draft, file)
    finally:
        draft.unlink()


def _derive(secret: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_BYTES, salt=None, info=purpose).derive(secret.encode())
