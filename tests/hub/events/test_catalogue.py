"""The kinds of events."""

import re
from typing import get_args

from hub.events import catalogue


def test_names_are_those_that_filters_take() -> None:
    """Each once, in the same order, written as noun.past_tense."""
    names = [kind.name for kind in catalogue.ALL]

    assert names == list(get_args(catalogue.EventName))
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", name) for name in names)


def test_each_kind_says_what_it_is_about() -> None:
    """A subject that there is, and a sentence."""
    for kind in catalogue.ALL:
        assert kind.subject in get_args(catalogue.Subject)
        assert re.fullmatch(r"[A-Z].+\.", kind.description)
