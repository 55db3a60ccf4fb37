"""Identity tokens: who is proved by a good one, and that no bad one proves anybody."""

from uuid import UUID

import pytest

from hub import ids
from hub.auth import identity
from hub.auth.identity import Identities
from hub.errors import Forbidden
from hub.proofs import Proved
from hub.store.admin.identity import OFF, Rule, Sealed
from tests.support.tokens import BAD, DAY, FORGED, HS256, OTHER_SECRET, Site, encoded, signed

KEY = UUID("0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1")
SECRET = "s3cret_of-this-site" + "A" * 24
NOW = 1_800_000_000
SITE = Site(secret=SECRET, key_id=ids.wire("key", KEY), now=NOW)
ASKED = Rule("optional", (Sealed(SECRET),))
JANE = Proved(external_user_id="u_42")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch):
    """Set the hub's clock; it stands at `NOW`."""

    def stand(seconds: float) -> None:
        monkeypatch.setattr(identity, "moment", lambda: int(seconds * 1000))

    stand(NOW)
    return stand


@pytest.fixture
def check():
    """Return who a token proves, by a rule whose secrets are not sealed."""
    checking = Identities(lambda sealed: sealed)

    def run(token: str | None, rule: Rule = ASKED) -> Proved | None:
        found = checking.check(rule, KEY, token)
        return found.proved if found else None

    return run


@pytest.fixture
def refusal(check):
    """Return the code of a token's refusal; fail when it is taken."""

    def run(token: str | None, rule: Rule = ASKED) -> str | None:
        with pytest.raises(Forbidden) as caught:
            check(token, rule)
        return caught.value.code

    return run


def test_a_good_token_proves_a_person(check) -> None:
    """The id, and e-mail and name when it tells them; an empty one tells nothing."""
    full = SITE.token(email="jane@example.com", name="Jane", iat=NOW, nbf=NOW, role="admin")

    assert check(SITE.token()) == JANE
    assert check(SITE.token(email="", name="")) == JANE
    assert check(full) == Proved(external_user_id="u_42", email="jane@example.com", name="Jane")


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_token_proves_nobody(refusal, kind: str) -> None:
    """Whatever is wrong with it, it is refused, with one code."""
    assert refusal(BAD[kind](SITE)) == "identity_invalid"


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_token_is_told_nothing_but_that(check, kind: str) -> None:
    """The sentence does not depend on claims that nobody has signed."""
    sentences = set()
    for site in (SITE, Site(secret=SECRET, key_id="key_other", now=1)):
        with pytest.raises(Forbidden) as caught:
            check(FORGED[kind](site))
        sentences.add(str(caught.value))

    assert len(sentences) == 1


@pytest.mark.parametrize(
    ("changes", "good"),
    [
        ({"exp": NOW - 59}, True),
        ({"exp": NOW - 60}, False),
        ({"exp": NOW + DAY}, True),
        ({"exp": NOW + DAY + 59}, True),
        ({"exp": NOW + DAY + 60}, False),
        ({"nbf": NOW + 60}, True),
        ({"nbf": NOW + 61}, False),
        ({"iat": NOW + 60}, True),
        ({"iat": NOW + 61}, False),
        ({"sub": "u" * 255}, True),
    ],
)
def test_clocks_may_be_a_minute_apart(check, refusal, changes: dict[str, int], good) -> None:
    """To the second: an hour, a day, a moment that is still to come."""
    token = SITE.token(**changes)

    if good:
        assert check(token) is not None
    else:
        assert refusal(token) == "identity_invalid"


def test_a_header_may_say_more_than_is_needed(check) -> None:
    """Libraries write `typ` and `kid`; a good signature is what counts."""
    assert check(SITE.token({"alg": "HS256"})) == JANE
    assert check(SITE.token(HS256 | {"kid": "2026-01"})) == JANE


def test_no_token_is_fine_unless_one_is_required(check, refusal) -> None:
    """`optional` takes what comes without one as ever; `required` does not."""
    required = Rule("required", ASKED.secrets)

    assert [check(token) for token in (None, "")] == [None, None]
    assert [refusal(token, required) for token in (None, "")] == ["identity_required"] * 2
    assert refusal("nonsense", required) == "identity_invalid"
    assert check(SITE.token(), required) == JANE


@pytest.mark.parametrize("rule", [OFF, Rule("off", ASKED.secrets)])
def test_off_looks_at_nothing(check, rule: Rule) -> None:
    """A good token proves nobody there, and a bad one is no offence."""
    assert [check(token, rule) for token in (None, SITE.token(), "nonsense")] == [None] * 3


def test_an_old_secret_counts_until_its_end(check, refusal, clock) -> None:
    """After a rotation with an overlap both count; then the new one alone."""
    new = Site(secret=OTHER_SECRET, key_id=SITE.key_id, now=NOW)
    rotated = Rule("optional", (Sealed(OTHER_SECRET), Sealed(SECRET, (NOW + DAY) * 1000)))
    tokens = [new.token(exp=NOW + DAY), SITE.token(exp=NOW + DAY)]

    assert [check(token, rotated) for token in tokens] == [JANE, JANE]
    clock(NOW + DAY - 0.001)
    assert [check(token, rotated) for token in tokens] == [JANE, JANE]
    clock(NOW + DAY)
    assert check(tokens[0], rotated) == JANE
    assert refusal(tokens[1], rotated) == "identity_invalid"


def test_without_a_living_secret_nothing_is_good(refusal) -> None:
    """Not even a token that is signed with nothing."""
    dead = Rule("required", (Sealed(SECRET, NOW * 1000),))

    assert refusal(SITE.token(), dead) == "identity_invalid"
    assert refusal(signed(HS256, SITE.claims(), b""), Rule("required")) == "identity_invalid"


def test_a_token_is_not_told_again(check) -> None:
    """The refusal shows nothing of what was sent, however wrong it is."""
    told = []
    for make in BAD.values():
        with pytest.raises(Forbidden) as caught:
            check(make(SITE))
        told.append(str(caught.value))

    assert not [text for text in told if "u_42" in text or SITE.key_id in text]
    assert not [text for text in told if encoded(HS256) in text]


def test_a_secret_is_unsealed_once() -> None:
    """What it costs to open is paid by the first token."""
    opened = []
    checking = Identities(lambda sealed: opened.append(sealed) or sealed)

    for _ in range(3):
        checking.check(ASKED, KEY, SITE.token())

    assert opened == [SECRET]
