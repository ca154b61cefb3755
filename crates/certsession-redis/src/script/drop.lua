-- Ends a session if its record has not changed. KEYS: the session. ARGV: the expected revision; the
-- channel for notifications about ended sessions. Returns 1 if it was ended, otherwise the beginning
-- of the current record, without most of its data; nothing if there is none.
if redis.call('GETRANGE', KEYS[1], 5, 12) == ARGV[1] then
  redis.call('DEL', KEYS[1])
  -- An empty placeholder stays for a minute; see end.lua.
  redis.call('SET', KEYS[1], '', 'PX', 60000)
  -- A notification for watchers. They also poll, so it may fail.
  redis.pcall('PUBLISH', ARGV[2], KEYS[1])
  return 1
end
return redis.call('GETRANGE', KEYS[1], 0, 1023)
