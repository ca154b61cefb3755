-- Reads a page of an index, oldest entries first. KEYS: the index. ARGV: the score and the entry of
-- the place to go on from (an empty entry for the first page, with the lowest score); how many
-- entries; the highest score. Returns entries, each with its score.
local from = tonumber(ARGV[1])
local last = ARGV[2]
local most = 2 * tonumber(ARGV[3])
-- Entries of one score are sorted by their bytes. Lua compares text by the server's locale.
local function is_behind(entry)
  for i = 1, #last do
    local a, b = string.byte(entry, i), string.byte(last, i)
    if a ~= b then
      return a ~= nil and a > b
    end
  end
  return #entry > #last
end
local page = {}
local offset = 0
repeat
  local entries =
    redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], ARGV[4], 'WITHSCORES', 'LIMIT', offset, ARGV[3])
  for i = 1, #entries, 2 do
    if tonumber(entries[i + 1]) ~= from or is_behind(entries[i]) then
      table.insert(page, entries[i])
      table.insert(page, entries[i + 1])
      if #page == most then
        return page
      end
    end
  end
  offset = offset + tonumber(ARGV[3])
until #entries < most
return page
