"""The endpoints below `/api/v1` that are no channel's."""

from hub.api import blocks, conversations, customers, events, me, messages, sessions

HANDLERS = [
    me.get_me,
    messages.list_messages,
    messages.get_message,
    customers.list_customers,
    customers.get_customer,
    customers.save_customer,
    conversations.list_conversations,
    conversations.get_conversation,
    conversations.change_conversation,
    sessions.list_sessions,
    sessions.get_session,
    events.list_events,
    events.list_event_types,
    blocks.list_blocks,
    blocks.make_block,
    blocks.remove_block,
]
