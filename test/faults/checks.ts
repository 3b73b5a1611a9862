import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { createClient } from "@libsql/client";
import type { Sample } from "../../src/domain/sample.ts";
import { FIRST_MESSAGE_ID, followingMessageId } from "../../src/streams/message-id.ts";
import {
  AnswerError,
  type Completed,
  type Rider,
  type StoredMessage,
  type Workout,
} from "../support/rider.ts";
import { type Post, samplesIn } from "./posting.ts";

/** All the messages of a stream; none where there is no such stream. */
export async function readStream(rider: Rider, streamName: string): Promise<StoredMessage[]> {
  const messages: StoredMessage[] = [];
  for (;;) {
    const start = followingMessageId(messages.at(-1)?.id ?? FIRST_MESSAGE_ID);
    const page = await readPage(rider, `/api/streams/${streamName}/messages?start=${start}&count=1000`);
    if (page.length === 0) return messages;
    messages.push(...page);
  }
}

async function readPage(rider: Rider, path: string): Promise<StoredMessage[]> {
  try {
    return (await rider.call<{ messages: StoredMessage[] }>("GET", path)).messages;
  } catch (error) {
    if (error instanceof AnswerError && error.status === 404) return [];
    throw error;
  }
}

export function samplesOf(messages: readonly StoredMessage[]): Sample[] {
  return messages.map(({ data }) => JSON.parse(data.message) as Sample);
}

/** The messages of a post are in one piece, under the ids that it was told. */
export function checkIds(messages: readonly StoredMessage[], acknowledged: readonly Post[]): void {
  const positions = new Map(messages.map(({ id }, index) => [id, index]));
  for (const { samples, ids } of acknowledged) {
    const position = ids && positions.get(ids.first);
    ok(position !== undefined, `message ${ids?.first} was acknowledged and is gone`);
    const piece = messages.slice(position, position + samples.length);
    deepStrictEqual(
      samplesOf(piece),
      samples,
      `message ${ids?.first} is not followed by the rest of its batch`,
    );
    equal(piece.at(-1)?.id, ids?.last);
  }
}

/** Of `kept`: every acknowledged sample once and as it was, a batch wholly or not at all, and nothing else. */
export function checkKept(kept: readonly Sample[], posts: readonly Post[]): void {
  const byTime = new Map(kept.map((sample) => [sample.timestamp, sample]));
  equal(byTime.size, kept.length, "samples are there twice");
  const found = posts.filter(({ samples, ids }) => {
    const there = samples.filter((sample) => byTime.has(sample.timestamp));
    if (ids) equal(there.length, samples.length, `of ${samples.length} samples acknowledged, some are gone`);
    ok(there.length === 0 || there.length === samples.length, "a batch is there in part");
    return there.length > 0;
  });
  const sent = samplesIn(found);
  deepStrictEqual(
    sent.map(({ timestamp }) => byTime.get(timestamp)),
    sent,
    "samples have changed",
  );
  equal(sent.length, kept.length, "there are samples that nobody sent");
}

export function telemetryOf(rider: Rider, { id }: Pick<Workout, "id">): Promise<Sample[]> {
  return rider.call<Sample[]>("GET", `/api/workouts/${id}/telemetry`);
}

/** Completing and completing again give the same answer, and the summary counts what is in the telemetry. */
export async function checkCompletion(rider: Rider, { id }: Pick<Workout, "id">): Promise<void> {
  const once = await rider.call<Completed>("POST", `/api/workouts/${id}/complete`);
  const again = await rider.call<Completed>("POST", `/api/workouts/${id}/complete`);
  deepStrictEqual(again, once, "completing again gave another answer");
  equal(once.workout.status, "COMPLETED");
  const telemetry = await telemetryOf(rider, { id });
  equal(
    once.workout.summary?.sampleCount,
    telemetry.length,
    "the summary does not count what the telemetry has",
  );
  equal(once.archivedMessages, telemetry.length);
}

/** Both files are sound; to be asked once no server has them open. */
export async function checkIntegrity(directory: string): Promise<void> {
  for (const file of ["bpt.db", "streams.db"]) {
    const client = createClient({ url: `file:${join(directory, file)}` });
    const integrity = await client.execute("PRAGMA integrity_check");
    const foreignKeys = await client.execute("PRAGMA foreign_key_check");
    client.close();
    equal(integrity.rows[0]?.[0], "ok", `${file} is damaged`);
    equal(foreignKeys.rows.length, 0, `${file} has broken references`);
  }
}
