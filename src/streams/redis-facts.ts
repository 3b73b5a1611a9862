import { z } from "zod";
import { TIME_LIMIT_MS } from "./redis-commands.ts";
import { requestFailure, unavailable } from "./redis-errors.ts";

/** How a Redis keeps what it has acknowledged; undefined what it does not tell. */
export type RedisFacts = {
  /** In bytes; 0 is without a limit. */
  maxmemory: number | undefined;
  /** What happens at that limit. */
  policy: string | undefined;
  hasLog: boolean | undefined;
};

const answerSchema = z.object({ result: z.string() });

/**
 * Asks Redis how it is configured, by INFO, which a hosted one may refuse.
 * @throws AppError buffer_unavailable when it cannot be reached.
 */
export async function readRedisFacts({ url, token }: { url: string; token: string }): Promise<RedisFacts> {
  let body: unknown;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
      body: JSON.stringify(["INFO"]),
      signal: AbortSignal.timeout(TIME_LIMIT_MS),
    });
    if (response.status >= 500) throw unavailable(`HTTP error ${response.status}`);
    body = await response.json();
  } catch (error) {
    throw requestFailure(error);
  }
  const { data } = answerSchema.safeParse(body);
  const fields = new Map(data?.result.split("\r\n").map((line) => line.split(":", 2) as [string, string]));
  const maxmemory = fields.get("maxmemory");
  const log = fields.get("aof_enabled");
  return {
    maxmemory: maxmemory === undefined ? undefined : Number(maxmemory),
    policy: fields.get("maxmemory_policy"),
    hasLog: log === undefined ? undefined : log === "1",
  };
}

/** That Redis throws streams away when its memory is full; undefined where it does not, or does not tell. */
export function evictionProblem({ maxmemory, policy }: RedisFacts): string | undefined {
  if (!maxmemory || policy === undefined || policy === "noeviction") return undefined;
  return (
    `Redis throws rides under way away when its memory is full: its maxmemory-policy is ${policy}. ` +
    "Set it to noeviction, or give this service a Redis of its own."
  );
}

/** What else may cost samples that were acknowledged, in sentences. */
export function redisWarnings({ maxmemory, policy, hasLog }: RedisFacts): string[] {
  const warnings: string[] = [];
  if (maxmemory === 0 && policy !== undefined && policy !== "noeviction") {
    warnings.push(
      `The maxmemory-policy of Redis is ${policy}: once maxmemory is set, it throws rides away. Set noeviction.`,
    );
  }
  if (hasLog === false) {
    warnings.push(
      "Redis keeps no append-only file: when it ends, the rides under way are gone. Set appendonly yes.",
    );
  }
  if (policy === undefined || hasLog === undefined) {
    warnings.push(
      "Redis does not tell how it keeps data. See to it that its eviction is off and its data outlives a restart.",
    );
  }
  return warnings;
}
