-- Replaces a record if it has not changed. KEYS: the session. ARGV: the expected revision; the new
-- record; its time to live in milliseconds. Returns 1 if it was replaced, otherwise the current
-- record; nothing if there is none.
local revision = redis.call('GETRANGE', KEYS[1], 5, 12)
if revision == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1
end
-- This command was sent again after a connection was lost, and the record was replaced already.
if revision == string.sub(ARGV[2], 6, 13) then
  return 1
end
return redis.call('GET', KEYS[1])
