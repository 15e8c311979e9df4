"""What Redis does in one go for the feed of an owner's changes. Each answer begins with Redis' time and the epoch.

| key | holds |
| --- | --- |
| state | the mark (Redis' `run_id`), the epoch, the last number, who walks until when, its fencing number, its plan |
| stream | for each publish kind, id and number of what changed; its ids are epoch and number |
| gone, gone_at | for an hour the deletions: id and number, no content; and when they were |
| asked | what other processes were asked for, for the one that walks |
| alive, open | when each process was heard last, and the rows that it is writing |
| rows, for each resource | by id: number, process and digest of a row, and the row; since when that is all of them |

All of it expires an hour after the last process was there. An epoch is held while every key has its mark: one that is
missing (evicted), or another `run_id` (Redis was started anew, be it from its disk), is a loss of memory. A new epoch
begins above every one that was told.
"""

_PRELUDE = """
local STATE, STREAM, GONE, GONE_AT, ASKED, ALIVE, OPEN = unpack(KEYS, 1, 7)
local ROWS = 7
local time = redis.call('TIME')
local now, told = time[1] + time[2] / 1e6, time[1] .. string.format('.%06d', time[2])
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local kept = redis.call('HMGET', STATE, 'mark', 'epoch', 'n', 'fence', 'walker', 'until')
local epoch, n, fence, walker, till = kept[2], tonumber(kept[3] or 0), kept[4] or '0', kept[5], tonumber(kept[6] or 0)
local is_held = kept[1] == run and redis.call('HGET', GONE, 'mark') == epoch
for i = ROWS + 1, #KEYS do is_held = is_held and redis.call('HGET', KEYS[i], 'mark') == epoch end
local function keep() for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, 3600) end end
"""
_HELD = """
if not is_held or ARGV[1] ~= epoch then return {told, ''} end
"""

JOIN = (
    _PRELUDE
    + """
-- ARGV: the epoch known so far, or 0
local known = tonumber(ARGV[1])
if not is_held or known > tonumber(epoch) then
  epoch = string.format('%d', math.max(tonumber(time[1]), known + 1, tonumber(epoch or 0) + 1))
  n = 0
  redis.call('UNLINK', unpack(KEYS))
  redis.call('HSET', STATE, 'mark', run, 'epoch', epoch, 'n', '0', 'fence', '0')
  redis.call('HSET', GONE, 'mark', epoch)
  for i = ROWS + 1, #KEYS do redis.call('HSET', KEYS[i], 'mark', epoch) end
end
keep()
return {told, epoch, n}
"""
)
"""Begins a new epoch where Redis lost its memory. Answers the epoch and its last number."""

PUBLISH = (
    _PRELUDE
    + _HELD
    + """
-- ARGV: epoch, process, fencing number, notes, how many changes; of each change: place of its resource, id, kind,
-- number known before it was asked for, digest, row; then notes on resources: place, field, text, rows
-- kind: (p)ut, (g)one or (d)ropped; by a (r)ead, (w)rite or wal(k), or (o)ld: restored after a loss
local process, walks, notes, count = ARGV[2], ARGV[3] == fence, ARGV[4], tonumber(ARGV[5])
local here = string.format('%08x', epoch)
local number = here .. string.format('%010x', n + 1)
local changed, noted, refused = {}, {}, {}
for c = 0, count - 1 do
  local i, id, kind, base, digest, row = unpack(ARGV, 6 + c * 6, 11 + c * 6)
  local key, field, op, cause = KEYS[ROWS + i], i .. ':' .. id, string.sub(kind, 1, 1), string.sub(kind, 2, 2)
  local held = redis.call('HGET', key, id)
  local head = held or redis.call('HGET', GONE, field) or ''
  local last, by, why = string.sub(head, 1, 18), string.sub(head, 19, 34), string.sub(head, 35, 35)
  local is_taken
  if cause == 'o' then
    is_taken = last < base
  elseif kind == 'gw' then
    is_taken = true
  else
    local is_own = held and by == process and (cause ~= 'w' or why == 'w')  -- what it read may be others'
    is_taken = string.sub(base, 1, 8) == here and (last <= base or is_own) and (cause ~= 'k' or walks)
  end
  if is_taken then
    head = (cause == 'o' and base or number) .. process .. cause .. digest
    if op == 'p' then
      redis.call('HSET', key, id, head .. row)
      redis.call('HDEL', GONE, field)
      redis.call('ZREM', GONE_AT, field)
    else
      redis.call('HDEL', key, id)
      redis.call('HSET', GONE, field, head .. op .. told)
      redis.call('ZADD', GONE_AT, now, field)
    end
    changed[#changed + 1] = field
  else
    local is_known = head ~= '' and (not held or string.sub(held, 36, 43) == digest)
    refused[#refused + 1] = (is_known and 'k' or 'r') .. c
  end
end
for c = 6 + count * 6, #ARGV, 4 do
  local i, field, text, rows = unpack(ARGV, c, c + 3)
  local key = KEYS[ROWS + i]
  local before = redis.call('HGET', key, field) or ''
  if field ~= 'whole' then
    if (tonumber(before) or 0) < tonumber(text) then
      redis.call('HSET', key, field, text)
      noted[#noted + 1] = i
    end
  elseif rows == 'o' then
    if string.sub(before, 1, 18) < string.sub(text, 1, 18) then
      redis.call('HSET', key, field, text)
      noted[#noted + 1] = i
    end
  else
    local others = 1
    for _, name in ipairs({'whole', 'doubted', 'wanted'}) do others = others + redis.call('HEXISTS', key, name) end
    if not walks then
      refused[#refused + 1] = 'f' .. i
    elseif rows ~= '' and redis.call('HLEN', key) - others ~= tonumber(rows) then
      refused[#refused + 1] = 'c' .. i
    else
      redis.call('HSET', key, field, number .. text)
      noted[#noted + 1] = i
    end
  end
end
if #changed + #noted > 0 or notes ~= '' then
  n = n + 1
  redis.call('HSET', STATE, 'n', n)
  redis.call('XADD', STREAM, 'MAXLEN', '~', 10000, epoch .. '-' .. n, 'by', process, 'rows', table.concat(changed, ' '),
    'wholes', table.concat(noted, ' '), 'notes', notes)
  keep()
end
for _, field in ipairs(redis.call('ZRANGEBYSCORE', GONE_AT, '-inf', now - 3600, 'LIMIT', 0, 100)) do
  redis.call('HDEL', GONE, field)
  redis.call('ZREM', GONE_AT, field)
end
return {told, epoch, n, unpack(refused)}
"""
)
"""Answers the last number, and what was refused: a change by its place, (k)nown to be told already or not (r);
the whole of a resource, by who does not walk (f), or with another count of rows (c)."""

FETCH = (
    _PRELUDE
    + _HELD
    + """
-- ARGV: epoch; then place of a resource, and id or field
local found = {told, epoch}
for c = 2, #ARGV, 2 do
  local i, field = ARGV[c], ARGV[c + 1]
  found[#found + 1] = redis.call('HGET', KEYS[ROWS + i], field) or redis.call('HGET', GONE, i .. ':' .. field) or ''
end
return found
"""
)
"""Answers what is held of each: a row, or its deletion; nothing where it was never told of."""

SCAN = (
    _PRELUDE
    + _HELD
    + """
-- ARGV: epoch, place of a resource, cursor, about how many rows
local found = redis.call('HSCAN', KEYS[ROWS + ARGV[2]], ARGV[3], 'COUNT', ARGV[4])
return {told, epoch, found[1], found[2]}
"""
)
"""Answers where to go on, 0 at the end, and ids with rows."""

BEAT = (
    _PRELUDE
    + _HELD
    + """
-- ARGV: epoch, process, seconds that a lease lasts, what was asked for, plan
local process, lasts = ARGV[2], tonumber(ARGV[3])
redis.call('HSET', ALIVE, process, told)
local plan, asked, orphans = '', {}, {}
local is_walker = walker == process or till < now
if is_walker then
  if walker ~= process then fence = string.format('%d', fence + 1) end
  plan = redis.call('HGET', STATE, 'plan') or ''
  redis.call('HSET', STATE, 'walker', process, 'until', string.format('%.6f', now + lasts), 'fence', fence)
  if ARGV[5] ~= '' then redis.call('HSET', STATE, 'plan', ARGV[5]) end
  asked = redis.call('LRANGE', ASKED, 0, -1)
  redis.call('DEL', ASKED)
  local open = redis.call('HGETALL', OPEN)
  for c = 1, #open, 2 do
    local heard = tonumber(redis.call('HGET', ALIVE, string.sub(open[c], 1, 16)) or 0)
    if heard < now - lasts then
      orphans[#orphans + 1] = open[c + 1]
      redis.call('HDEL', OPEN, open[c])
    end
  end
else
  plan = redis.call('HGET', STATE, 'plan') or ''
  if ARGV[4] ~= '' then
    redis.call('RPUSH', ASKED, ARGV[4])
    redis.call('LTRIM', ASKED, -200, -1)
  end
end
keep()
return {told, epoch, n, is_walker and fence or '', plan, asked, orphans}
"""
)
"""Answers the last number, the fencing number of who may walk, the plan, what was asked for, and abandoned writes."""

LEAVE = """
-- ARGV: epoch, process
redis.call('HDEL', KEYS[6], ARGV[2])
if redis.call('HMGET', KEYS[1], 'epoch', 'walker')[2] == ARGV[2] then redis.call('HSET', KEYS[1], 'until', 0) end
"""
"""Lets another process walk."""

ERASE = "redis.call('UNLINK', unpack(KEYS))"

ATTEMPT = """
-- ARGV: the attempt's name; the row, or nothing once it is over
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[7], ARGV[1], ARGV[2])
  redis.call('EXPIRE', KEYS[7], 600)
else
  redis.call('HDEL', KEYS[7], ARGV[1])
end
"""
"""Notes a row that is being written."""
