-- Messages as a backend sends them, each with an id, a text and often a person of its own.
--   wrk ... -s messages.lua URL -- KEY TAG CUSTOMERS
-- One thread only: the counter below and the figures at the end are this script's.

local NEW_EVERY = 10
local BODY = '{"direction":"inbound","body":"Message %09d: does the blue one come in a larger size, '
  .. 'and could it be here by Friday morning?","providerMessageId":"bench-%d-%09d",'
  .. '"customer":{"phoneE164":"+1%d%07d"},'
  .. '"visitor":{"path":"/pricing","referer":"https://google.com/"}}'
local HEAD = "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"
  .. "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"

local tag, known, head
local sent = 0

local function body()
  -- Of ten messages nine are by one of the customers that are there, one is by somebody new.
  if sent % NEW_EVERY == 0 then
    return BODY:format(sent, tag, sent, 600 + tag, sent)
  end
  return BODY:format(sent, tag, sent, 555, math.random(known) - 1)
end

function init(args)
  tag, known = tonumber(args[2]), tonumber(args[3])
  math.randomseed(tag)
  head = HEAD:format(wrk.path, wrk.headers["Host"], args[1], #body())
end

function request()
  sent = sent + 1
  return head .. body()
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    'bench {"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"status":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout
  ))
end
