"""Who a WhatsApp message proves its sender to be: by user id, then by WhatsApp id."""

from hub.sdk import Identity, Message

WA_ID = "wa_id"
USER_ID = "wa_bsuid"


def identities_of(message: Message) -> list[Identity]:
    """Return the ids that Meta vouches for, strongest first; each holds within one account.

    The user id comes first because it stays when a person changes their number's owner.
    """
    account = message.facts.get("account", "")
    found = ((USER_ID, message.facts.get("user_id")), (WA_ID, message.facts.get("wa_id")))
    return [Identity(kind, value, value, account) for kind, value in found if value]
