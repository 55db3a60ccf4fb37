"""Identity tokens made by hand: good ones, and every bad one that we could think of."""

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from msgspec import Struct

OTHER_SECRET = "x" * 43
HOUR, DAY = 3600, 86_400
HS256 = {"alg": "HS256", "typ": "JWT"}


class Site(Struct, frozen=True, kw_only=True):
    """A site's backend: what it shares with the hub, and its clock."""

    secret: str
    key_id: str
    now: int = 0

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of a good token; a change of `None` leaves the claim out."""
        now = self.now or int(time.time())
        told = {"sub": "u_42", "aud": self.key_id, "exp": now + HOUR} | changes
        return {name: value for name, value in told.items() if value is not None}

    def token(self, header: Any = HS256, **changes: Any) -> str:
        """Return a token that this site signs."""
        return signed(header, self.claims(**changes), self.secret)

    def after(self, seconds: float) -> float:
        """Return a moment of this site's clock."""
        return (self.now or int(time.time())) + seconds


def b64(raw: bytes) -> str:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def encoded(part: Any) -> str:
    """Return a part of a token; text and bytes go in as they are."""
    if isinstance(part, bytes):
        return b64(part)
    return b64((part if isinstance(part, str) else json.dumps(part)).encode())


def signed(header: Any, payload: Any, secret: str | bytes, digest: str = "sha256") -> str:
    """Return a token of these parts, signed by HMAC."""
    key = secret.encode() if isinstance(secret, str) else secret
    text = f"{encoded(header)}.{encoded(payload)}"
    return f"{text}.{b64(hmac.new(key, text.encode(), digest).digest())}"


@cache
def _rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _public_pem() -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return _rsa().public_key().public_bytes(serialization.Encoding.PEM, form)


def _rs256(site: Site) -> str:
    text = f"{encoded({'alg': 'RS256'})}.{encoded(site.claims())}"
    return f"{text}.{b64(_rsa().sign(text.encode(), padding.PKCS1v15(), SHA256()))}"


def _jwk(secret: str) -> Mapping[str, str]:
    return {"kty": "oct", "k": b64(secret.encode()), "alg": "HS256"}


def _unsigned(site: Site, alg: Any, signature: str = "") -> str:
    return f"{encoded({'alg': alg})}.{encoded(site.claims())}.{signature}"


def _again(site: Site) -> str:
    """Write the signature's last character so that its bytes stay the same."""
    token = site.token()
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + letters[letters.index(token[-1]) + 1]


def _flipped(site: Site) -> str:
    token = site.token()
    return token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]


def _swapped(site: Site) -> str:
    """Put other claims under a good signature."""
    header, _, signature = site.token().split(".")
    return f"{header}.{encoded(site.claims(sub='u_1'))}.{signature}"


def _other(site: Site, **header: Any) -> str:
    """Return what somebody without the secret can make."""
    return signed(HS256 | header, site.claims(), OTHER_SECRET)


Make = Callable[[Site], str]

FORGED: dict[str, Make] = {
    "alg none": lambda s: _unsigned(s, "none"),
    "alg None": lambda s: _unsigned(s, "None"),
    "alg none, signed": lambda s: s.token({"alg": "none"}),
    "alg none with a signature of zeros": lambda s: _unsigned(s, "none", "A" * 43),
    "alg empty": lambda s: s.token({"alg": ""}),
    "alg null": lambda s: s.token({"alg": None}),
    "alg a list": lambda s: s.token({"alg": ["HS256"]}),
    "alg missing": lambda s: s.token({"typ": "JWT"}),
    "alg in small letters": lambda s: s.token({"alg": "hs256"}),
    "HS512": lambda s: signed({"alg": "HS512"}, s.claims(), s.secret, "sha512"),
    "HS384 said, HS256 done": lambda s: s.token({"alg": "HS384"}),
    "RS256 by a key of its own": _rs256,
    "RS256 said, HS256 done": lambda s: s.token({"alg": "RS256"}),
    "public key as the secret": lambda s: signed(HS256, s.claims(), _public_pem()),
    "another key's secret": _other,
    "the empty secret": lambda s: signed(HS256, s.claims(), b""),
    "the key id as the secret": lambda s: signed(HS256, s.claims(), s.key_id),
    "the secret's bytes": lambda s: signed(
        HS256, s.claims(), base64.urlsafe_b64decode(s.secret + "=")
    ),
    "its own key in jwk": lambda s: _other(s, jwk=_jwk(OTHER_SECRET)),
    "a kid that is a path": lambda s: signed(
        HS256 | {"kid": "../../../../dev/null"}, s.claims(), b""
    ),
    "a kid that is SQL": lambda s: _other(s, kid=f"' UNION SELECT '{OTHER_SECRET}' --"),
    "a kid that is a number": lambda s: s.token(HS256 | {"kid": 1}),
    "jku": lambda s: _other(s, jku="http://127.0.0.1:9/jwks.json"),
    "x5u": lambda s: _other(s, x5u="http://127.0.0.1:9/cert.pem"),
    "crit": lambda s: s.token(HS256 | {"crit": ["exp"], "exp": 1}),
    "b64 false": lambda s: s.token(HS256 | {"b64": False, "crit": ["b64"]}),
    "no signature": lambda s: s.token().rpartition(".")[0] + ".",
    "a signature of zeros": lambda s: s.token().rpartition(".")[0] + "." + "A" * 43,
    "a short signature": lambda s: s.token()[:-1],
    "one bit of the signature": _flipped,
    "other claims": _swapped,
}
"""Nobody signed these with the key's secret for these claims, or not with HS256 alone."""

CLAIMS: dict[str, Make] = {
    "exp missing": lambda s: s.token(exp=None),
    "exp null": lambda s: signed(HS256, s.claims() | {"exp": None}, s.secret),
    "exp a text": lambda s: s.token(exp=str(int(s.after(HOUR)))),
    "exp a float": lambda s: s.token(exp=s.after(HOUR) + 0.5),
    "exp true": lambda s: s.token(exp=True),
    "exp huge": lambda s: s.token(exp=10**400),
    "exp NaN": lambda s: s.token(exp=float("nan")),
    "exp infinite": lambda s: s.token(exp=float("inf")),
    "exp negative": lambda s: s.token(exp=-1),
    "exp a list": lambda s: s.token(exp=[int(s.after(HOUR))]),
    "expired": lambda s: s.token(exp=int(s.after(-61))),
    "expired long ago": lambda s: s.token(exp=1),
    "24 hours and two minutes": lambda s: s.token(exp=int(s.after(DAY + 120))),
    "exp in milliseconds": lambda s: s.token(exp=int(s.after(HOUR)) * 1000),
    "nbf to come": lambda s: s.token(nbf=int(s.after(120))),
    "iat to come": lambda s: s.token(iat=int(s.after(120))),
    "iat a text": lambda s: s.token(iat="now"),
    "aud missing": lambda s: s.token(aud=None),
    "aud of another key": lambda s: s.token(
        aud=s.key_id[:-1] + ("0" if s.key_id[-1] != "0" else "1")
    ),
    "aud a list": lambda s: s.token(aud=[s.key_id]),
    "aud one of several": lambda s: s.token(aud=[s.key_id, "key_other"]),
    "aud in capitals": lambda s: s.token(aud=s.key_id.upper()),
    "aud empty": lambda s: s.token(aud=""),
    "sub missing": lambda s: s.token(sub=None),
    "sub empty": lambda s: s.token(sub=""),
    "sub a number": lambda s: s.token(sub=42),
    "sub too long": lambda s: s.token(sub="u" * 256),
    "sub with NUL": lambda s: s.token(sub="u\0"),
    "half a character": lambda s: signed(
        HS256, json.dumps(s.claims()).replace("u_42", "\\ud800"), s.secret
    ),
    "email no text": lambda s: s.token(email=["jane@example.com"]),
    "email too long": lambda s: s.token(email="e" * 321),
    "name too long": lambda s: s.token(name="n" * 201),
    "claims a list": lambda s: signed(HS256, [s.claims()], s.secret),
    "claims not JSON": lambda s: signed(HS256, b"\xff\xfe", s.secret),
    "claims empty": lambda s: signed(HS256, "", s.secret),
    "claims in claims": lambda s: signed(HS256, s.token(), s.secret),
}
"""Signed by the site, and still not what a token has to say."""

SHAPES: dict[str, Make] = {
    "words": lambda s: "let me in",
    "one part": lambda s: "a" * 60,
    "two parts": lambda s: s.token().rpartition(".")[0],
    "four parts": lambda s: s.token() + ".e30",
    "five parts, as encrypted": lambda s: (
        f"{encoded({'alg': 'dir', 'enc': 'A128GCM'})}..e30.e30.e30"
    ),
    "padded": lambda s: s.token() + "=",
    "standard base64": lambda s: s.token(pad="??>>~~").replace("_", "/").replace("-", "+") + "/",
    "the same signature in other letters": _again,
    "with a line break in it": lambda s: s.token().replace(".", ".\t", 1),
    "with a blank in it": lambda s: s.token().replace(".", ". ", 1),
    "in quotation marks": lambda s: f'"{s.token()}"',
    "with its scheme": lambda s: f"Bearer {s.token()}",
    "larger than any": lambda s: s.token(more="m" * 4096),
    "a header that nests": lambda s: s.token("[" * 900),
}
"""These are no compact JWT of ours at all."""

BAD = FORGED | CLAIMS | SHAPES
