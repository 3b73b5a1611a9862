import { createHash } from "node:crypto";

/*
 * What has to happen at once in Redis happens in a script. How the data lies:
 *
 *   workout:<owner>:<name>        a stream's messages, each an entry with one field `data`
 *   workout:<owner>:<name>:<key>  what one deletion of the last minute took of them, so that other instances can still
 *                                 hand it to their listeners; where all was deleted, the last entry has a field `end`
 *   workout:<owner>               a hash, the index of the owner's streams: <name> → id of its creation, which lies
 *                                 before its first message; `:<name>:<key>` → id at which that was deleted
 *   workouts                      a set of the owners that have streams
 *   workouts:last                 the last id given out: ids grow over all streams
 */

/** How long what was deleted is still to be had for listeners, in ms: longer than any of them sleeps. */
const ENDED_FOR_MS = 60_000;

const COMMON = `
local function parts(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end
local function newer(a, b)
  local ams, aseq = parts(a)
  local bms, bseq = parts(b)
  return ams > bms or (ams == bms and aseq > bseq)
end
-- The milliseconds, as text, and the sequence before the next id.
local function clock(last, now)
  local ms, seq = parts(redis.call('GET', last) or '0-0')
  if now > ms then ms, seq = now, -1 end
  return string.format('%.0f', ms), seq
end
`;

/**
 * KEYS owners, last, then stream and index of each append; ARGV now in ms, then owner, name, number of messages and
 * the messages of each append. Stores messages, or where there are none makes the stream if it is not there. Answers
 * for each append its first id, the others being the next in sequence, or where there are no messages the id of the
 * newest or of the creation; or a list with what failed. One that fails leaves the others and the last id alone.
 */
const APPEND = `${COMMON}
local ms, seq = clock(KEYS[2], tonumber(ARGV[1]))
local answers = {}
local at = 2

local function make(index, owner, name)
  seq = seq + 1
  redis.call('HSET', index, name, ms .. '-' .. seq)
  redis.call('PERSIST', index)
  redis.call('SADD', KEYS[1], owner)
  return ms .. '-' .. seq
end

local function append(stream, index, owner, name, first, last)
  local answer = nil
  if last < first then
    local newest = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
    return newest and newest[1] or redis.call('HGET', index, name) or make(index, owner, name)
  end
  for message = first, last do
    local id = ms .. '-' .. (seq + 1)
    if not redis.call('XADD', stream, 'NOMKSTREAM', id, 'data', ARGV[message]) then
      if redis.call('HEXISTS', index, name) == 0 then make(index, owner, name) end
      id = ms .. '-' .. (seq + 1)
      redis.call('XADD', stream, id, 'data', ARGV[message])
    end
    seq = seq + 1
    answer = answer or id
  end
  return answer
end

for key = 3, #KEYS, 2 do
  local count = tonumber(ARGV[at + 2])
  local done, answer = pcall(append, KEYS[key], KEYS[key + 1], ARGV[at], ARGV[at + 1], at + 3, at + 2 + count)
  -- An error is a table here, and text in versions before Redis 7.
  if not done then answer = {type(answer) == 'table' and answer.err or tostring(answer)} end
  answers[#answers + 1] = answer
  at = at + 3 + count
end
redis.call('SET', KEYS[2], ms .. '-' .. math.max(seq, 0))
return answers
`;

/**
 * KEYS owners, last, stream, ended, index; ARGV now in ms, owner, name, through. Deletes messages up to an id, and
 * the stream when none is left. Answers 1 if there was a stream.
 */
const DELETE = `${COMMON}
local owners, last, stream, ended, index = unpack(KEYS)
local now, owner, name, through = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
if redis.call('HEXISTS', index, name) == 0 then return 0 end
local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
if first and newer(first[1], through) then return 1 end

-- What needs no memory comes first: once a script has written, Redis lets it go on though its memory is full.
local rest = redis.call('XRANGE', stream, '(' .. through, '+')
if first then redis.call('RENAME', stream, ended) end
if #rest == 0 then redis.call('HDEL', index, name) end
local ms, seq = clock(last, now)
local mark = ms .. '-' .. (seq + 1)
redis.call('SET', last, mark)

for _, entry in ipairs(rest) do
  redis.call('XDEL', ended, entry[1])
  redis.call('XADD', stream, entry[1], unpack(entry[2]))
end
if #rest == 0 then redis.call('XADD', ended, mark, 'end', '1') end
redis.call('PEXPIRE', ended, ${ENDED_FOR_MS})
redis.call('HSET', index, string.sub(ended, #index + 1), mark)

local live = false
local fields = redis.call('HGETALL', index)
for position = 1, #fields, 2 do
  if string.sub(fields[position], 1, 1) ~= ':' then
    live = true
  elseif now - parts(fields[position + 1]) > ${ENDED_FOR_MS} then
    redis.call('HDEL', index, fields[position])
  end
end
if not live then
  redis.call('SREM', owners, owner)
  redis.call('PEXPIRE', index, ${ENDED_FOR_MS})
end
return 1
`;

/**
 * KEYS index; ARGV after, count, and the id from which on deletions count, or "" where none do. Answers as XREAD does,
 * but with an empty list where there is nothing.
 */
const READ_AFTER = `${COMMON}
local index = KEYS[1]
local after, count, ended_after = ARGV[1], ARGV[2], ARGV[3]
local keys = {}
local fields = redis.call('HGETALL', index)
for position = 1, #fields, 2 do
  local field, id = fields[position], fields[position + 1]
  if string.sub(field, 1, 1) ~= ':' then
    keys[#keys + 1] = index .. ':' .. field
  elseif ended_after ~= '' and newer(id, ended_after) and newer(id, after) then
    keys[#keys + 1] = index .. field
  end
end
local streams = {}
-- Some at a time: a call takes some thousand arguments at most.
for start = 1, #keys, 1000 do
  local command = {'XREAD', 'COUNT', count, 'STREAMS'}
  local stop = math.min(start + 999, #keys)
  for position = start, stop do command[#command + 1] = keys[position] end
  for position = start, stop do command[#command + 1] = after end
  for _, found in ipairs(redis.call(unpack(command)) or {}) do streams[#streams + 1] = found end
end
return streams
`;

export type Script = { text: string; sha: string };

export const APPEND_SCRIPT = script(APPEND);
export const DELETE_SCRIPT = script(DELETE);
export const READ_AFTER_SCRIPT = script(READ_AFTER);

/** By its SHA-1 Redis finds a script that it has been given before. */
function script(text: string): Script {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}
