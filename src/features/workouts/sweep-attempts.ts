import { and, eq, gte } from "drizzle-orm";
import type { Database, Executor } from "../../db/database.ts";
import { sweepAttempts } from "../../db/schema.ts";
import type { MessageId, StreamKey } from "../../streams/buffer.ts";
import { version } from "../../version.ts";

/** So often the sweep tries to bring a stream home before it sets it aside. */
export const MOST_ATTEMPTS = 3;

/** A stream that the sweep passes over, for as long as this is its last message. */
export type SetAside = StreamKey & { lastMessageId: MessageId | null; reason: string };

/**
 * Counts an attempt to bring a stream home, before it begins: one that ends the whole process counts too. Resolves to
 * the number of it, or to null where there is to be none: neither stream nor program has changed since the last in vain.
 */
export async function beginAttempt(
  database: Database,
  { owner, name }: StreamKey,
  lastMessageId: MessageId | null,
): Promise<number | null> {
  return database.transaction(async (transaction) => {
    const [latest] = await transaction.select().from(sweepAttempts).where(isOf({ owner, name }));
    const isAsItWas = latest?.lastMessageId === lastMessageId && latest.version === version;
    const before = isAsItWas ? latest.attempts : 0;
    if (before >= MOST_ATTEMPTS) return null;
    const attempt = { lastMessageId, version, attempts: before + 1, reason: null };
    await transaction
      .insert(sweepAttempts)
      .values({ userId: owner, streamName: name, ...attempt })
      .onConflictDoUpdate({ target: [sweepAttempts.userId, sweepAttempts.streamName], set: attempt });
    return attempt.attempts;
  });
}

/** Notes why the attempt under way has failed. */
export async function noteFailure(executor: Executor, key: StreamKey, reason: string): Promise<void> {
  await executor.update(sweepAttempts).set({ reason }).where(isOf(key));
}

/** Has a stream tried as if for the first time: it is home, or what failed was not the ride. */
export async function forgetAttempts(executor: Executor, key: StreamKey): Promise<void> {
  await executor.delete(sweepAttempts).where(isOf(key));
}

export async function listSetAside(executor: Executor): Promise<SetAside[]> {
  const rows = await executor
    .select()
    .from(sweepAttempts)
    .where(and(gte(sweepAttempts.attempts, MOST_ATTEMPTS), eq(sweepAttempts.version, version)));
  return rows.map(({ userId, streamName, lastMessageId, reason }) => ({
    owner: userId,
    name: streamName,
    lastMessageId,
    reason: reason ?? "each time the service ended meanwhile",
  }));
}

function isOf({ owner, name }: StreamKey) {
  return and(eq(sweepAttempts.userId, owner), eq(sweepAttempts.streamName, name));
}
