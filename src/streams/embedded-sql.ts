import type { Statement } from "../db/connection.ts";
import type { MessageId, StreamKey, StreamMessage } from "./buffer.ts";
import { type IdParts, idParts } from "./message-id.ts";
import type { StoredStream } from "./stream-index.ts";

/** The layout of the buffer's file, kept in PRAGMA user_version. */
export const FORMAT_VERSION = 1;

export function writtenByNewer(): Error {
  return new Error("The stream buffer was written by a newer version of this program. Start that version.");
}

export const READ_VERSION: Statement = { sql: "PRAGMA user_version" };

export const SCHEMA: Statement[] = [
  {
    sql: `CREATE TABLE IF NOT EXISTS stream (
     id INTEGER PRIMARY KEY,
     owner TEXT NOT NULL,
     name TEXT NOT NULL,
     created_ms INTEGER NOT NULL,
     created_seq INTEGER NOT NULL,
     UNIQUE (owner, name)
   ) STRICT`,
  },
  {
    sql: `CREATE TABLE IF NOT EXISTS message (
     stream_id INTEGER NOT NULL,
     ms INTEGER NOT NULL,
     seq INTEGER NOT NULL,
     data TEXT NOT NULL,
     PRIMARY KEY (stream_id, ms, seq)
   ) STRICT, WITHOUT ROWID`,
  },
  // The last id given out before a deletion: ids go on from it though the messages that bore them are gone.
  {
    sql: `CREATE TABLE IF NOT EXISTS high_water (
     only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
     ms INTEGER NOT NULL,
     seq INTEGER NOT NULL
   ) STRICT`,
  },
  // Streams that are gone, while some of their messages are still to be deleted.
  { sql: "CREATE TABLE IF NOT EXISTS deleted_stream (id INTEGER PRIMARY KEY) STRICT" },
  { sql: `PRAGMA user_version = ${FORMAT_VERSION}` },
];

/** The latest time in an id that is known of, epoch ms. */
export const LATEST_ID_TIME = `
  SELECT max(ms) FROM
    (SELECT ms FROM high_water UNION ALL SELECT ms FROM message UNION ALL SELECT created_ms FROM stream)`;

/** Has ids go on from a time in epoch ms, be the clock where it may. */
export const RAISE_IDS = `INSERT INTO high_water VALUES (1, ?, 0)
  ON CONFLICT DO UPDATE SET ms = excluded.ms, seq = excluded.seq`;

/** One row, one column: everything that is kept in memory of the streams, as JSON. */
export const READ_STATE: Statement = {
  sql: `
  SELECT json_object(
    'deleted', (SELECT json_group_array(id) FROM deleted_stream),
    'highWater', (SELECT ms || '-' || seq FROM high_water),
    'streams', (SELECT json_group_array(json_array(
      id, owner, name, created_ms || '-' || created_seq,
      (SELECT json_array(count(*), coalesce(sum(octet_length(data)), 0)) FROM message WHERE stream_id = stream.id),
      (SELECT ms || '-' || seq FROM message WHERE stream_id = stream.id ORDER BY ms, seq LIMIT 1),
      (SELECT ms || '-' || seq FROM message WHERE stream_id = stream.id ORDER BY ms DESC, seq DESC LIMIT 1)
    )) FROM stream)
  )`,
};

type State = {
  /** Ids of streams that are gone, but not yet all of their messages. */
  deleted: number[];
  highWater: MessageId | null;
  /** id, owner, name, creation, [length, bytes], first, last */
  streams: [number, string, string, MessageId, [number, number], MessageId | null, MessageId | null][];
};

/** What READ_STATE found: the streams, and the message ids that were the last of their kind. */
export function parseState(json: unknown): {
  streams: StoredStream[];
  ids: MessageId[];
  deleted: number[];
} {
  const state = JSON.parse(String(json)) as State;
  const streams = state.streams.map(([id, owner, name, created, [length, bytes], first, last]) => ({
    id,
    owner,
    name,
    length,
    bytes,
    firstMessageId: first,
    lastMessageId: last,
    lastActivity: idParts(last ?? created).milliseconds,
  }));
  const ids = [state.highWater, ...state.streams.flatMap(([, , , created, , , last]) => [created, last])];
  return { streams, ids: ids.filter((found) => found !== null), deleted: state.deleted };
}

/** id, owner, name, and milliseconds and sequence of the creation */
export type StreamRow = [number, string, string, number, number];
/** stream id, milliseconds, sequence, data */
export type MessageRow = [number, number, number, string];

/** Makes streams, from a JSON array of StreamRow. */
export function insertStreams(rows: string): Statement {
  return {
    sql: `INSERT INTO stream (id, owner, name, created_ms, created_seq)
          SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?)`,
    args: [rows],
  };
}

/** Stores messages, from a JSON array of MessageRow. */
export function insertMessages(rows: string): Statement {
  return {
    sql: `INSERT INTO message (stream_id, ms, seq, data)
          SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)`,
    args: [rows],
  };
}

/** The results have the bytes and the number of messages deleted, and the first id that is left. */
export function deleteMessages(streamId: number, through: IdParts): Statement[] {
  return [
    {
      sql: "SELECT coalesce(sum(octet_length(data)), 0) FROM message WHERE stream_id = ? AND (ms, seq) <= (?, ?)",
      args: [streamId, through.milliseconds, through.sequence],
    },
    deletion(streamId, through),
    {
      sql: "SELECT ms || '-' || seq FROM message WHERE stream_id = ? ORDER BY ms, seq LIMIT 1",
      args: [streamId],
    },
  ];
}

/** Deletes messages up to an id. */
export function deletion(streamId: number, through: IdParts): Statement {
  return {
    sql: "DELETE FROM message WHERE stream_id = ? AND (ms, seq) <= (?, ?)",
    args: [streamId, through.milliseconds, through.sequence],
  };
}

/** Takes the whole stream away at once; its messages, which may be many, are left to deletePage. */
export function deleteStream(streamId: number, lastId: IdParts): Statement[] {
  return [
    { sql: "DELETE FROM stream WHERE id = ?", args: [streamId] },
    { sql: "INSERT INTO deleted_stream VALUES (?)", args: [streamId] },
    {
      sql: `INSERT INTO high_water VALUES (1, ?, ?)
            ON CONFLICT DO UPDATE SET ms = excluded.ms, seq = excluded.seq`,
      args: [lastId.milliseconds, lastId.sequence],
    },
  ];
}

/** So many messages of a deleted stream go at once: a commit that keeps no rider's sample waiting. */
export const DELETED_PAGE = 1000;

/** Deletes a page of what a deleted stream has left; the first result tells how many. */
export function deletePage(streamId: number): Statement[] {
  return [
    {
      sql: `DELETE FROM message WHERE stream_id = ? AND (ms, seq) IN
              (SELECT ms, seq FROM message WHERE stream_id = ? ORDER BY ms, seq LIMIT ${DELETED_PAGE})`,
      args: [streamId, streamId],
    },
    {
      sql: `DELETE FROM deleted_stream WHERE id = ?
            AND NOT EXISTS (SELECT 1 FROM message WHERE stream_id = deleted_stream.id)`,
      args: [streamId],
    },
  ];
}

/** One commit that leaves nothing. */
export const WRITE_AND_TAKE_BACK: Statement[] = [
  { sql: "INSERT INTO deleted_stream VALUES (-1)" },
  { sql: "DELETE FROM deleted_stream WHERE id = -1" },
];

/** The number of a stream in the file. */
export function findStream({ owner, name }: StreamKey): Statement {
  return { sql: "SELECT id FROM stream WHERE owner = ? AND name = ?", args: [owner, name] };
}

/**
 * Messages between two ids as one text, a line each, `id data`: the client spends more time on making row
 * objects than SQLite on reading them. JSON texts have no line breaks of their own.
 */
export function readMessages(streamId: number, start: MessageId, end: MessageId, count: number): Statement {
  const from = idParts(start);
  const to = idParts(end);
  return {
    sql: `SELECT group_concat(ms || '-' || seq || ' ' || data, char(10)) FROM (
            SELECT ms, seq, data FROM message
            WHERE stream_id = ? AND (ms, seq) >= (?, ?) AND (ms, seq) <= (?, ?)
            ORDER BY ms, seq LIMIT ?)`,
    args: [streamId, from.milliseconds, from.sequence, to.milliseconds, to.sequence, count],
  };
}

export function parseMessages(streamName: string, lines: unknown): StreamMessage[] {
  if (typeof lines !== "string") return [];
  return lines.split("\n").map((line) => {
    const space = line.indexOf(" ");
    return { id: line.slice(0, space), streamName, data: line.slice(space + 1) };
  });
}
