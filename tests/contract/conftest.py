"""The app in this process, for the tests of this folder."""

from tests.support.app import api, make_api

__all__ = ["api", "make_api"]
