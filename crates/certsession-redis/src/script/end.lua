-- Ends a session. KEYS: the session. ARGV: the channel on which ends are told.
-- Returns its record; nothing if there was none.
local record = redis.call('GET', KEYS[1])
if not record or record == '' then
  return false
end
redis.call('DEL', KEYS[1])
-- For a minute an empty value holds the place, so that no creation that was sent twice, or was long
-- on its way, brings the session back. After the removal, since a full server takes no write first.
redis.call('SET', KEYS[1], '', 'PX', 60000)
-- A hint to those who watch it. They ask by themselves now and then, so it may fail.
redis.pcall('PUBLISH', ARGV[1], KEYS[1])
return record
