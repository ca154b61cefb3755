-- Ends a session. KEYS: the session. ARGV: the channel on which ends are told.
-- Returns its record; nothing if there was none.
local record = redis.call('GET', KEYS[1])
if record then
  redis.call('DEL', KEYS[1])
  -- A hint to those who watch it. They ask by themselves now and then, so it may fail.
  redis.pcall('PUBLISH', ARGV[1], KEYS[1])
end
return record
