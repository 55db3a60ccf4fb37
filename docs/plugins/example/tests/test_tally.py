"""The observer."""

from hub_sms.tally import TALLY


def test_messages_of_every_channel_are_counted(hub):
    """A message is counted once, after its commit, when the worker tells the plugins."""
    body = {"body": "hi", "customer": {"phoneE164": "+15551234567"}}
    hub.post("/api/v1/messages", body, hub.as_server)
    before = dict(TALLY.counts)

    hub.work()

    assert (before, dict(TALLY.counts)) == ({}, {("api", "inbound"): 1})
