import { expect, test } from "bun:test";
import { join } from "node:path";
import { LARGEST_SAMPLE } from "../src/domain/sample.ts";
import { MAX_BYTES } from "../src/domain/telemetry-codec.ts";
import { SMALL_BODY } from "../src/http/body.ts";
import {
  BUFFER_LIMITS,
  LISTENER_LIMITS,
  LONGEST_SPAN_DAYS,
  MAX_BATCH_BYTES,
  MAX_BATCH_MESSAGES,
  MAX_KEYS,
  MAX_LISTED_MESSAGES,
  MAX_MESSAGE_BYTES,
  MAX_SETTINGS_BYTES,
} from "../src/limits.ts";
import { MAX_REQUEST_BYTES } from "../src/server.ts";
import { LARGEST_BACKLOG } from "../src/streams/listener.ts";

const number = (value: number) => value.toLocaleString("en");
const KIB = 1024;
const MIB = 1024 * KIB;

/** What docs/limits.md has in the first two columns of its first table. */
const BOUNDS: [what: string, bound: string][] = [
  ["A message", `${MAX_MESSAGE_BYTES / KIB} KB`],
  ["A batch", `${number(MAX_BATCH_MESSAGES)} messages, ${MAX_BATCH_BYTES / MIB} MB`],
  ["Any other body", `${SMALL_BODY / KIB} KB`],
  ["A request of any kind", `${MAX_REQUEST_BYTES / MIB} MB`],
  ["Messages of a stream", number(BUFFER_LIMITS.messages)],
  ["Their size", `${BUFFER_LIMITS.bytes / MIB} MB`],
  ["One sample, merged from messages of the same time", `${number(LARGEST_SAMPLE)} characters`],
  ["A ride, compressed", `${MAX_BYTES / MIB} MB`],
  ["Streams of a rider", number(BUFFER_LIMITS.streams)],
  ["Messages in a list", number(MAX_LISTED_MESSAGES)],
  ["Listeners of a rider", number(LISTENER_LIMITS.ofOwner)],
  ["Listeners of a server", number(LISTENER_LIMITS.ofInstance)],
  ["What waits for a slow listener", `${number(LARGEST_BACKLOG)} characters`],
  ["API keys of a rider", number(MAX_KEYS)],
  ["Settings of a rider", `${MAX_SETTINGS_BYTES / KIB} KB`],
  ["Days of training load", number(LONGEST_SPAN_DAYS)],
];

test("docs/limits.md has the limits that there are, and all of them", async () => {
  const text = await Bun.file(join(import.meta.dir, "../docs/limits.md")).text();
  const [, table = ""] = text.split("\n| --- | --- | --- | --- |\n");
  const rows = table.split("\n\n")[0]?.split("\n") ?? [];
  const cells = rows.map((row) => row.split("|").map((cell) => cell.trim()));
  expect(cells.map(([, what, bound]) => [what, bound])).toEqual(BOUNDS);
});
