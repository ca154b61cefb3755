-- Ends a session if its record has not changed. KEYS: the session. ARGV: the revision that it had;
-- the channel on which ends are told.
-- Returns 1 if it was ended, otherwise the record as it is; nothing if there is none.
if redis.call('GETRANGE', KEYS[1], 5, 12) == ARGV[1] then
  redis.call('DEL', KEYS[1])
  -- For a minute an empty value holds the place; see end.lua.
  redis.call('SET', KEYS[1], '', 'PX', 60000)
  -- A hint to those who watch it. They ask by themselves now and then, so it may fail.
  redis.pcall('PUBLISH', ARGV[2], KEYS[1])
  return 1
end
return redis.call('GET', KEYS[1])
