-- Puts an entry into the index of an owner who had no room for it, as the caller has looked at
-- which entries are void. KEYS: the index. ARGV: the entry; when it began; the index's time to
-- live in milliseconds; the limit; 1 if the oldest are to make room, 0 if not; the void entries.
-- Entries that make room are condemned by a negative score: they no longer count, and stay until
-- their sessions are ended, so that an end that was interrupted can be carried on.
-- Returns 1 and the entries whose sessions the caller is to end, or 0 if there is no room.
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
-- Some that were left over, if there are any: others may be about to end theirs.
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
