-- Creates a record. KEYS: the session. ARGV: the record; its time to live in milliseconds. Returns
-- 1 if the record was created, 0 if its handle was taken.
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return 1
end
-- This command was sent again after a connection was lost, and the record exists already.
if redis.call('GETRANGE', KEYS[1], 5, 12) == string.sub(ARGV[1], 6, 13) then
  return 1
end
return 0
