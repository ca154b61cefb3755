-- Adds an entry to an owner's index. KEYS: the index. ARGV: the entry; when it began; the index's
-- time to live in milliseconds; the limit on the owner's sessions, 0 for none; how many entries to
-- return so that the caller checks whether they are void. Returns 1 and those entries; or 0 and all
-- entries, each with its time, if there is no room for one more. Condemned entries (see admit.lua)
-- take room here, so that a caller finishes their eviction.
local limit = tonumber(ARGV[4])
if limit > 0 and redis.call('ZCOUNT', KEYS[1], '-inf', '+inf') >= limit then
  local own = string.sub(ARGV[1], 1, 16)
  local others = 0
  for _, entry in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '+inf')) do
    if string.sub(entry, 1, 16) ~= own then
      others = others + 1
    end
  end
  if others >= limit then
    local entries = redis.call('ZRANGEBYSCORE', KEYS[1], 0, '+inf', 'WITHSCORES')
    table.insert(entries, 1, 0)
    return entries
  end
end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
local reply = {}
if ARGV[5] ~= '0' then
  reply = redis.call('ZRANDMEMBER', KEYS[1], ARGV[5])
end
table.insert(reply, 1, 1)
return reply
