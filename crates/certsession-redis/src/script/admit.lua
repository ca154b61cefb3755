-- Adds an entry to a full index, after the caller has found out which entries are void. KEYS: the
-- index. ARGV: the entry; when it began; the index's time to live in milliseconds; the limit; 1 to
-- evict the oldest entries, 0 to refuse; the void entries. Evicted entries are condemned with a
-- negative score: they no longer count, but stay until their sessions are ended, so that another
-- caller can finish an interrupted eviction. Returns 1 and the entries whose sessions the caller
-- must end, or 0 if there is no room.
for i = 6, #ARGV do
  redis.call('ZREM', KEYS[1], ARGV[i])
end
local own = string.sub(ARGV[1], 1, 16)
local entries = redis.call('ZRANGEBYSCORE', KEYS[1], 0, '+inf', 'WITHSCORES')
local others = {}
for i = 1, #entries, 2 do
  if string.sub(entries[i], 1, 16) ~= own then
    table.insert(others, i)
  end
end
local excess = #others + 1 - tonumber(ARGV[4])
if excess > 0 and ARGV[5] == '0' then
  return {0}
end
-- Include up to 16 condemned entries that earlier calls left: their callers may still be ending the
-- sessions.
local condemned = {}
for _, entry in ipairs(redis.call('ZREVRANGEBYSCORE', KEYS[1], '(0', '-inf', 'LIMIT', 0, 16)) do
  if string.sub(entry, 1, 16) ~= own then
    table.insert(condemned, entry)
  end
end
for i = 1, excess do
  local at = others[i]
  redis.call('ZADD', KEYS[1], -1 - tonumber(entries[at + 1]), entries[at])
  table.insert(condemned, entries[at])
end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
table.insert(condemned, 1, 1)
return condemned
