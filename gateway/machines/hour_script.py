"""What Redis does for the shared hour: each script is one step, and nothing comes between its commands.

All of them look first whether Redis still holds what was told to it: the mark names its epoch and the `run_id` of the
Redis that was told, every other key carries the epoch too. Else all of it is void, and an epoch begins anew.
Times are Redis' own, in milliseconds; an answer begins with the time.

| key | holds |
| --- | --- |
| mark | epoch, `run_id`, number of the last entry, when it began and opens, who has which reserve |
| log | what happened in the last hour, for all processes to follow: kind, lane, owner, process, attempt, when |
| owners | each owner's last attempt |
| window | an owner's attempts of the last hour: what the limit is held to |
| closed | until when PlanDocket said (429) that an owner's hour is spent |
"""

_SHARED = """
local time = redis.call('TIME')
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local mark = redis.call('HMGET', KEYS[1], 'epoch', 'run', 'n', 't', 'begun', 'opens', 'knows')
local now = math.max(time[1] * 1000 + math.floor(time[2] / 1000), tonumber(mark[4] or 0))
local epoch = mark[1]
local is_whole = epoch and mark[2] == run and redis.call('EXISTS', KEYS[2]) == 1
    and redis.call('ZSCORE', KEYS[3], epoch)

local function lost()
    redis.call('DEL', KEYS[1])
    return {now, 'lost'}
end

local function add(entry, window)
    local n = redis.call('HINCRBY', KEYS[1], 'n', 1)
    redis.call('HSET', KEYS[1], 't', now)
    redis.call('XADD', KEYS[2], 'MINID', '~', now - window, now .. '-' .. n, 'e', entry)
end

-- Whether an owner's window is whole: it carries epoch and owner, or nothing of it can be missing.
local function has_window(owner, window)
    local name = 'mark:' .. epoch .. ':' .. owner
    if not redis.call('ZSCORE', KEYS[4], name) then
        local last = redis.call('ZSCORE', KEYS[3], owner)
        if last and tonumber(last) > now - window then return false end
        redis.call('DEL', KEYS[4])
        redis.call('ZADD', KEYS[4], 'inf', name)
    end
    redis.call('PEXPIRE', KEYS[4], window + 60000)
    return true
end
"""

TAKE = (
    _SHARED
    + """
local given, process, owner, lane, limit, window, probe = unpack(ARGV)
if not is_whole then return lost() end
if epoch ~= given then return {now, 'other'} end
if now < tonumber(mark[6]) then return {now, 'shut', mark[6] - now} end
if not has_window(owner, window) then return lost() end
local closed = redis.call('HMGET', KEYS[5], 'until', 'probe')
if closed[1] and tonumber(closed[1]) > now then
    if probe == '0' or tonumber(closed[2] or 0) > now then return {now, 'closed', closed[1] - now} end
    redis.call('HSET', KEYS[5], 'probe', now + probe)
end
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - window)
local over = redis.call('ZCARD', KEYS[4]) - 1 - limit
if over >= 0 then
    return {now, 'full', redis.call('ZRANGE', KEYS[4], over, over, 'WITHSCORES')[2] + window - now}
end
local id = epoch .. '.' .. (mark[3] + 1)
add('sent ' .. lane .. ' ' .. owner .. ' ' .. process .. ' ' .. id .. ' ' .. now, window)
redis.call('ZADD', KEYS[4], now, id)
redis.call('ZADD', KEYS[3], now, owner)
return {now, 'granted', id}
"""
)
"""Count an attempt: granted, or why not, and for how long (ms); `lost` and `other` need a greeting first."""

GREET = (
    _SHARED
    + """
local process, known, slots = ARGV[1], ARGV[2], tonumber(ARGV[3])
local window, opening = tonumber(ARGV[4]), tonumber(ARGV[5])
local is_new = 0
if not is_whole then
    redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
    epoch = tostring(math.max(now, known + 1))
    redis.call('HSET', KEYS[1], 'epoch', epoch, 'run', run, 'n', 0, 't', now, 'begun', now, 'opens', now + opening,
        'knows', 0, 'contact', 0)
    redis.call('ZADD', KEYS[3], 'inf', epoch)
    redis.call('XADD', KEYS[2], now .. '-0', 'e', 'begun')
    mark = redis.call('HMGET', KEYS[1], 'epoch', 'run', 'n', 't', 'begun', 'opens', 'knows')
    is_new = 1
end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - window)
for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], 2 * window + 60000) end

-- A reserve is its holder's until an hour after it was last heard, and usable by the next another hour later.
local mine, mine_from, free, free_from = 0, 0, 0, 0
for slot = 1, slots do
    local held = redis.call('HGET', KEYS[1], 's' .. slot)
    local holder, heard, from = string.match(held or '', '(%S+) (%S+) (%S+)')
    if mine == 0 and holder == process then
        mine, mine_from = slot, tonumber(from)
    elseif free == 0 and not held then
        free, free_from = slot, mark[7] == '1' and mark[5] + 2 * window or now
    elseif free == 0 and now - heard >= window then
        free, free_from = slot, heard + 2 * window
    end
end
local may_have = (known == '0' or known == epoch) and now >= tonumber(mark[6])
if mine == 0 and free > 0 and may_have then mine, mine_from = free, free_from end
if mine > 0 then redis.call('HSET', KEYS[1], 's' .. mine, process .. ' ' .. now .. ' ' .. mine_from) end
return {now, tonumber(epoch), tonumber(mark[3]), math.max(0, mark[6] - now), mine, math.max(0, mine_from - now),
    tonumber(mark[7]), is_new}
"""
)
"""Say that a process is there: `gateway.machines.member.Greeting` is the answer."""

ACCOUNT = (
    _SHARED
    + """
local given, process, source, owner, window, opening, is_done, contact, slot, usable_in = unpack(ARGV)
if not is_whole then return lost() end
if epoch ~= given then return {now, 'other'} end
if source == 'file' and mark[7] == '1' then return {now, 'known'} end
local latest = 0
if owner ~= '' and not has_window(owner, window) then return lost() end
for i = 11, #ARGV, 3 do
    local t = now - ARGV[i + 2]
    local before = redis.call('ZSCORE', KEYS[4], ARGV[i + 1])
    if not before then add('sent ' .. ARGV[i] .. ' ' .. owner .. ' - ' .. ARGV[i + 1] .. ' ' .. t, window) end
    if not before or tonumber(before) < t then redis.call('ZADD', KEYS[4], t, ARGV[i + 1]) end
    latest = math.max(latest, t)
end
if latest > 0 then redis.call('ZADD', KEYS[3], 'GT', latest, owner) end
if source == 'process' then redis.call('HSET', KEYS[1], 'knows', 1) end
if source == 'process' and contact == '1' and is_done == '1' then redis.call('HSET', KEYS[1], 'contact', 1) end
if source == 'process' or contact == '0' then
    local is_known = redis.call('HGET', KEYS[1], 'contact') == '1'
    redis.call('HSET', KEYS[1], 'opens', mark[5] + (is_known and opening or window))
end
local held = redis.call('HGET', KEYS[1], 's' .. slot)
if slot ~= '0' and not held then
    redis.call('HSET', KEYS[1], 's' .. slot, process .. ' ' .. now .. ' ' .. (now + usable_in))
end
return {now, 'told'}
"""
)
"""Tell a new epoch an owner's attempts by their ages (lane, attempt, age), or that all were told; then it opens."""

NOTE = (
    _SHARED
    + """
local kind, process, owner, lane, id, wait, window = unpack(ARGV)
if not is_whole then return lost() end
if kind == 'back' then redis.call('ZREM', KEYS[4], id) end
if kind == 'open' then redis.call('DEL', KEYS[5]) end
if kind == 'closed' then
    redis.call('HSET', KEYS[5], 'until', now + wait)
    redis.call('PEXPIRE', KEYS[5], wait)
end
if kind == 'leave' then
    local held = redis.call('HGET', KEYS[1], 's' .. id)
    if held and string.match(held, '%S+') == process then redis.call('HSET', KEYS[1], 's' .. id, '- 0 0') end
    return {now, 'left'}
end
add(kind .. ' ' .. lane .. ' ' .. owner .. ' ' .. process .. ' ' .. id .. ' ' .. (now + wait), window)
return {now, 'noted'}
"""
)
"""Tell all that an attempt never left, or the hour is closed or open; or that a process goes, its reserve unspent."""
