-- Ends a session. KEYS: the session. ARGV: the channel for notifications about ended sessions.
-- Returns the beginning of its record, without most of its data; nothing if there was none.
local first = redis.call('GETRANGE', KEYS[1], 0, 1023)
if first == '' then
  return false
end
redis.call('DEL', KEYS[1])
-- An empty placeholder stays for a minute, so that a creation that was sent twice or delayed cannot
-- bring the session back. The session is deleted first, because a full server accepts no write
-- before that.
redis.call('SET', KEYS[1], '', 'PX', 60000)
-- A notification for watchers. They also poll, so it may fail.
redis.pcall('PUBLISH', ARGV[1], KEYS[1])
return first
