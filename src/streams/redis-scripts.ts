import { createHash } from "node:crypto";
import { BEGUN } from "./redis-keys.ts";

/* What has to happen at once in Redis happens in a script. redis-keys.ts says how the data lies. */

/**
 * How long what was deleted is still to be had for listeners, in ms: their instance may be cut off from Redis for so
 * long, or they may pause, and miss nothing.
 */
const DELETED_FOR_MS = 600_000;

/** How long it is known that a stream has ended, in ms: who comes back later than that is not told. */
const ENDS_KNOWN_FOR_MS = 86_400_000;

const COMMON = `
local BEGUN = '${BEGUN}'
local function parts(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end
local function newer(a, b)
  local ams, aseq = parts(a)
  local bms, bseq = parts(b)
  return ams > bms or (ams == bms and aseq > bseq)
end
-- The milliseconds, as text, and the sequence before the next id, which comes after the last one and a known one.
local function clock(last, now, known)
  local newest = redis.call('GET', last) or '0-0'
  if newer(known, newest) then newest = known end
  local ms, seq = parts(newest)
  if now > ms then ms, seq = now, -1 end
  return string.format('%.0f', ms), seq
end
-- Of an entry of the index: the name, if it is a deletion; its id; whether that was the end of the stream.
local function deletion(field, value)
  local id, ended = string.match(value, '^(%S+)(.*)$')
  return string.match(field, '^:(.*):'), id, ended ~= ''
end
-- Whether a stream ended after an id, as far as is known.
local function ended_after(index, name, known)
  local fields = redis.call('HGETALL', index)
  for position = 1, #fields, 2 do
    local deleted_name, id, ended = deletion(fields[position], fields[position + 1])
    if deleted_name == name and ended and newer(id, known) then return true end
  end
  return false
end
`;

const DEADLINE = `
-- Epoch ms by Redis's own clock; nil where scripts may not ask for it, and then nothing is late.
local time = redis.pcall('TIME')
time = not time.err and time[1] * 1000 + math.floor(time[2] / 1000) or nil
local function late(deadline)
  return time and time >= tonumber(deadline)
end
local LATE = {'LATE the command came after its time was up'}
`;

/** What the scripts answer where a stream, or an owner, has as much as it may have. */
export const FULL = "FULL";
export const TOO_MANY = "TOO_MANY";

/**
 * KEYS owners, last, then stream and index of each append; ARGV now in ms, an id that was given out, how many messages
 * and bytes a stream and how many streams an owner may have, then owner, name, deadline, number of messages and the
 * messages of each append. Stores messages, or where there are none makes the stream if it is not
 * there. Answers Redis's time, or 0, and for each append its first id, the others being the next in sequence, or
 * where there are no messages the id of the newest or of the creation; or a list with what failed. One that fails,
 * or came later than its deadline by Redis's time, leaves the others and the last id alone.
 */
const APPEND = `${COMMON}${DEADLINE}
local ms, seq = clock(KEYS[2], tonumber(ARGV[1]), ARGV[2])
local unused = seq
local answers = {time or 0}
local most_messages, most_bytes, most_streams = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local at = 6

-- The bytes of a stream; where an earlier version made it, about so many.
local function size(stream, length)
  local noted = length > 0 and redis.call('GET', stream .. ':bytes')
  if noted or length == 0 then return tonumber(noted or 0) end
  return length * #redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1][2][2]
end

local function full_of_streams(index)
  if redis.call('HLEN', index) < most_streams then return false end
  local count = 0
  for _, field in ipairs(redis.call('HKEYS', index)) do
    if string.sub(field, 1, 1) ~= ':' then count = count + 1 end
  end
  return count >= most_streams
end

local function make(index, owner, name)
  seq = seq + 1
  redis.call('HSET', index, name, ms .. '-' .. seq)
  redis.call('PERSIST', index)
  redis.call('SADD', KEYS[1], owner)
  return ms .. '-' .. seq
end

-- Where one is known already, which is gone and was not deleted, it stays: it tells that messages were lost.
local function begin(index, owner, name, id)
  local field = owner .. ':' .. name
  local known = redis.call('HGET', BEGUN, field)
  if known and not ended_after(index, name, known) then return end
  redis.call('HSET', BEGUN, field, id)
end

local function append(stream, index, owner, name, first, last)
  local answer = nil
  if last < first then
    local newest = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
    local there = newest and newest[1] or redis.call('HGET', index, name)
    if not there and full_of_streams(index) then return {'${TOO_MANY}'} end
    return there or make(index, owner, name)
  end
  local length = redis.call('XLEN', stream)
  local bytes = size(stream, length)
  for message = first, last do bytes = bytes + #ARGV[message] end
  if length + last - first + 1 > most_messages or bytes > most_bytes then return {'${FULL}'} end
  if length == 0 and redis.call('HEXISTS', index, name) == 0 then
    if full_of_streams(index) then return {'${TOO_MANY}'} end
    make(index, owner, name)
  end
  redis.call('SET', stream .. ':bytes', bytes)
  for message = first, last do
    local id = ms .. '-' .. (seq + 1)
    redis.call('XADD', stream, id, 'data', ARGV[message])
    if length == 0 and message == first then begin(index, owner, name, id) end
    seq = seq + 1
    answer = answer or id
  end
  return answer
end

for key = 3, #KEYS, 2 do
  local owner, name, deadline, count = ARGV[at], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3])
  local done, answer = true, LATE
  if not late(deadline) then
    done, answer = pcall(append, KEYS[key], KEYS[key + 1], owner, name, at + 4, at + 3 + count)
  end
  -- An error is a table here, and text in versions before Redis 7.
  if not done then answer = {type(answer) == 'table' and answer.err or tostring(answer)} end
  answers[#answers + 1] = answer
  at = at + 4 + count
end
if seq > unused then redis.call('SET', KEYS[2], ms .. '-' .. seq) end
-- The last that a Redis which throws away what was not used for longest is to throw away.
redis.call('TOUCH', BEGUN)
return answers
`;

/**
 * KEYS owners, last, stream, deleted, index; ARGV now in ms, an id that was given out, owner, name, deadline, through.
 * Deletes messages up to an id, and the stream when none is left. Answers Redis's time, or 0, and 1 if there was a stream; or, if it came later
 * than its deadline, a list that says so.
 */
const DELETE = `${COMMON}${DEADLINE}
local owners, last, stream, deleted, index = unpack(KEYS)
local now, known, owner, name, deadline, through = tonumber(ARGV[1]), unpack(ARGV, 2)
if late(deadline) then return {time, LATE} end
if redis.call('HEXISTS', index, name) == 0 and redis.call('EXISTS', stream) == 0 then return {time or 0, 0} end
local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
if first and newer(first[1], through) then return {time or 0, 1} end

-- What needs no memory comes first: once a script has written, Redis lets it go on though its memory is full.
local rest = redis.call('XRANGE', stream, '(' .. through, '+')
redis.call('DEL', stream .. ':bytes')
if first then redis.call('RENAME', stream, deleted) end
if #rest == 0 then redis.call('HDEL', index, name) end
redis.call('HDEL', BEGUN, owner .. ':' .. name)
local ms, seq = clock(last, now, known)
local mark = ms .. '-' .. (seq + 1)
redis.call('SET', last, mark)

local bytes = 0
for _, entry in ipairs(rest) do
  redis.call('XDEL', deleted, entry[1])
  redis.call('XADD', stream, entry[1], unpack(entry[2]))
  bytes = bytes + #entry[2][2]
end
if #rest > 0 then redis.call('HSET', BEGUN, owner .. ':' .. name, rest[1][1]) end
if bytes > 0 then redis.call('SET', stream .. ':bytes', bytes) end
redis.call('PEXPIRE', deleted, ${DELETED_FOR_MS})
redis.call('HSET', index, string.sub(deleted, #index + 1), #rest == 0 and mark .. ' end' or mark)

local live = false
local fields = redis.call('HGETALL', index)
for position = 1, #fields, 2 do
  local field = fields[position]
  local deleted_name, id, ended = deletion(field, fields[position + 1])
  if not deleted_name then
    live = true
  elseif not (ended and parts(id) > ms - ${ENDS_KNOWN_FOR_MS}) and redis.call('EXISTS', index .. field) == 0 then
    redis.call('HDEL', index, field)
  end
end
if not live then
  redis.call('SREM', owners, owner)
  redis.call('PEXPIRE', index, ${ENDS_KNOWN_FOR_MS})
end
return {time or 0, 1}
`;

/**
 * KEYS index, last; ARGV after, count, the id from which on deletions count or "" where none do, and the name of the
 * stream or "" for all. Answers the last id given out, and runs of entries that belong to one stream, each as its key
 * and its entries: all of them in the order of their ids, and no more than were asked for. The end of a stream is an
 * entry without fields.
 */
const READ_AFTER = `${COMMON}
local index = KEYS[1]
local after, count, ended_after, name = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]

-- Where the next entry of a stream lies, or its end.
local function place(key, id, is_end)
  local ms, seq = parts(id)
  return {key = key, id = id, ms = ms, seq = seq, is_end = is_end}
end
local function later(a, b)
  return a.ms > b.ms or (a.ms == b.ms and a.seq > b.seq)
end

local keys = {}
local places = {}
local fields = redis.call('HGETALL', index)
for position = 1, #fields, 2 do
  local field = fields[position]
  local deleted_name, id, ended = deletion(field, fields[position + 1])
  if name == '' or name == (deleted_name or field) then
    if not deleted_name then
      keys[#keys + 1] = index .. ':' .. field
    elseif ended_after ~= '' and newer(id, ended_after) and newer(id, after) then
      keys[#keys + 1] = index .. field
      if ended then places[#places + 1] = place(index .. field, id, true) end
    end
  end
end

-- Some at a time: a call takes some thousand arguments at most.
for start = 1, #keys, 1000 do
  local command = {'XREAD', 'COUNT', 1, 'STREAMS'}
  local stop = math.min(start + 999, #keys)
  for position = start, stop do command[#command + 1] = keys[position] end
  for position = start, stop do command[#command + 1] = after end
  for _, found in ipairs(redis.call(unpack(command)) or {}) do
    places[#places + 1] = place(found[1], found[2][1][1])
  end
end
table.sort(places, later)

-- The oldest entry comes from the last place; its stream has the word up to the oldest entry of any other.
local runs = {}
while count > 0 and #places > 0 do
  local oldest = table.remove(places)
  local key, id = oldest.key, oldest.id
  local other = places[#places]
  local run = oldest.is_end and {{id, {}}}
    or redis.call('XRANGE', key, id, other and other.id or '+', 'COUNT', count)
  runs[#runs + 1] = {key, run}
  count = count - #run
  local rest = other and not oldest.is_end and redis.call('XRANGE', key, '(' .. other.id, '+', 'COUNT', 1)[1]
  if rest then
    local left = place(key, rest[1])
    local position = #places + 1
    while position > 1 and later(left, places[position - 1]) do position = position - 1 end
    table.insert(places, position, left)
  end
end
return {redis.call('GET', KEYS[2]) or '0-0', runs}
`;

/**
 * KEYS stream, index, begun; ARGV owner and name. Answers 1 if the stream has lost its first messages, or all, or is not
 * there, and nobody has deleted them, else 0.
 */
const LOST = `${COMMON}
local stream, index = unpack(KEYS)
local owner, name = unpack(ARGV)
local known = redis.call('HGET', BEGUN, owner .. ':' .. name)
local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
if known then
  local is_gone = not first or newer(first[1], known)
  return is_gone and not ended_after(index, name, known) and 1 or 0
end
if first or redis.call('HEXISTS', index, name) == 1 then return 0 end
return ended_after(index, name, '0-0') and 0 or 1
`;

export type Script = { text: string; sha: string };

export const APPEND_SCRIPT = script(APPEND);
export const DELETE_SCRIPT = script(DELETE);
export const READ_AFTER_SCRIPT = script(READ_AFTER);
export const LOST_SCRIPT = script(LOST);

/** By its SHA-1 Redis finds a script that it has been given before. */
function script(text: string): Script {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}
