-- Say that this process is alive, and learn how many are.
--
-- KEYS[1]   the processes: a sorted set by when they were last seen, in microseconds
-- KEYS[2]   the token: made by the first to join, lost with everything else
-- ARGV      our id, a token in case there is none, for how many seconds one counts as alive
-- returns   the token, the number of processes

local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local alive = ARGV[3] * 1000000

-- First, since a Redis that is full refuses it only before anything else was written: whoever
-- joins a full one would be refused by the next call.
redis.call('SET', KEYS[2], ARGV[2], 'NX')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - alive)
redis.call('ZREMRANGEBYSCORE', KEYS[1], now + alive, '+inf')
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return { tonumber(redis.call('GET', KEYS[2])), redis.call('ZCARD', KEYS[1]) }
