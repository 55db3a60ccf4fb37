"""Rate limits: a log of the counted calls per bucket, exact in every sliding window.

`buckets.py` has the words, `memory.py` the log of one process, `shared_log.py` the log in Redis
that all processes share, `shared.py` what the hub uses when there is a Redis: the shared log, and
each process's share of the limit while Redis is out.
"""

from hub.auth.limits.buckets import Bucket, Limiter, Verdict, refusal
from hub.auth.limits.memory import MemoryLimiter, ShareLimiter

__all__ = [
    "Bucket",
    "Limiter",
    "MemoryLimiter",
    "ShareLimiter",
    "Verdict",
    "refusal",
]
