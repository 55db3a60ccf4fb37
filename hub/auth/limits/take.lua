-- Many calls under one reading of the clock. Each takes one from all of its buckets or from none.
--
-- KEYS[1]   the token: what says that this Redis has forgotten nothing since we joined
-- KEYS[2..] one log per bucket: a list of the counted calls in microseconds, oldest first
-- ARGV[1]   the token as we know it
-- ARGV[2]   msgpack: { windows of the logs in microseconds, calls }; a call is
--           { 1 to take or 0 to peek, index of a log, its limit, index of a log, its limit, ... }
-- returns   nothing if the token is another, else the time and for each call: 1 if it was counted
--           or 0, and for each of its buckets the count and the time of its oldest call (of a full
--           bucket: of the call that must leave before there is room), 0 if there is none

if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {} end

local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local windows, calls = unpack(cmsgpack.unpack(ARGV[2]))

-- The clock was set back: calls of the future count as made now, so that they leave in time.
local function bring_back(key)
  local stamps = redis.call('LRANGE', key, 0, -1)
  redis.call('DEL', key)
  for _, stamp in ipairs(stamps) do
    redis.call('RPUSH', key, math.min(tonumber(stamp), now))
  end
end

local function drop_expired(key, gone)
  local oldest = tonumber(redis.call('LINDEX', key, 0))
  while oldest and oldest <= gone do
    local expired = 0
    for _, stamp in ipairs(redis.call('LRANGE', key, 0, 99)) do
      if tonumber(stamp) > gone then break end
      expired = expired + 1
    end
    redis.call('LTRIM', key, expired, -1)
    oldest = tonumber(redis.call('LINDEX', key, 0))
  end
  return oldest
end

local function read(index)
  local key = KEYS[index + 1]
  local newest = tonumber(redis.call('LINDEX', key, -1))
  if not newest then return { key = key, count = 0, added = 0 } end
  if newest > now then bring_back(key) end
  local oldest = drop_expired(key, now - windows[index])
  return { key = key, count = redis.call('LLEN', key), added = 0, oldest = oldest }
end

local logs = setmetatable({}, { __index = function(self, index)
  local log = read(index)
  rawset(self, index, log)
  return log
end })

local function has_room(call)
  for i = 2, #call, 2 do
    if logs[call[i]].count >= call[i + 1] then return false end
  end
  return true
end

local function first_to_leave(log, limit)
  if log.count <= limit then return log.oldest or 0 end
  return tonumber(redis.call('LINDEX', log.key, log.count - limit)) or now
end

local answer = { now }
for _, call in ipairs(calls) do
  local counted = has_room(call) and call[1] or 0
  table.insert(answer, counted)
  for i = 2, #call, 2 do
    local log = logs[call[i]]
    log.count = log.count + counted
    log.added = log.added + counted
    if counted == 1 and not log.oldest then log.oldest = now end
    table.insert(answer, log.count)
    table.insert(answer, first_to_leave(log, call[i + 1]))
  end
end

for index, log in pairs(logs) do
  if log.added > 0 then
    local stamps = {}
    for i = 1, log.added do stamps[i] = now end
    redis.call('RPUSH', log.key, unpack(stamps))
    -- A second more than the window: a log must not go before its last call has left.
    redis.call('PEXPIRE', log.key, windows[index] / 1000 + 1000)
  end
end
return answer
