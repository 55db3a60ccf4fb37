"""The hub, in the order in which a message passes through it.

request    a channel plugin declared the path and the wire type    plugins/*/__init__.py
auth       who is calling, and may this page use the key           hub/auth/callers.py, origins.py
limit      take one from each of the caller's buckets              hub/auth/admission.py, limits/
normalize  a plugin's pure function: wire type to Message          plugins/*/normalize.py
accept     many waiting messages, one batch, one commit            hub/accept/batch.py, steps.py
store      customer, conversation, session, message, event         hub/store/write/
events     what happened, as rows that workers claim               hub/store/outbox.py
deliver    tell the plugins and the hooks, send replies            hub/worker.py, deliveries/
"""
