-- Keeps a new record. KEYS: the session. ARGV: the record; its time to live in milliseconds.
-- Returns 1 if the record is kept, 0 if its handle was taken.
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return 1
end
-- Sent once more after a connection was lost: it is there already.
if redis.call('GETRANGE', KEYS[1], 5, 12) == string.sub(ARGV[1], 6, 13) then
  return 1
end
return 0
