import type { Logger } from "../logger.ts";
import { evictionProblem, readRedisFacts, redisWarnings } from "./redis-facts.ts";

const LOOK_EVERY_MS = 300_000;

/** What in the settings of Redis may cost samples that it has acknowledged. */
export interface RedisWatch {
  /** In sentences, the worst first; empty where nothing is known. */
  readonly risks: readonly string[];
  /** Whether it throws rides away when its memory is full. */
  readonly isEvicting: boolean;
  stop(): void;
}

/**
 * Looks at the settings of Redis at once and every five minutes, and tells the operator of each risk once.
 * @throws Error with a sentence for the operator when Redis throws away what it has acknowledged. One that is away at the
 * start is looked at later.
 */
export async function watchRedis(
  redis: { url: string; token: string },
  log: Pick<Logger, "warn" | "error">,
): Promise<RedisWatch> {
  let problem: string | undefined;
  let risks: readonly string[] = [];
  const told = new Set<string>();

  async function look(): Promise<void> {
    // Whoever writes and reads tells that it is away; what was known of it may still be so.
    const facts = await readRedisFacts(redis).catch(() => undefined);
    if (!facts) return;
    problem = evictionProblem(facts);
    risks = [...(problem === undefined ? [] : [problem]), ...redisWarnings(facts)];
  }

  function tell(): void {
    for (const risk of risks) {
      if (told.has(risk)) continue;
      told.add(risk);
      if (risk === problem) log.error(risk);
      else log.warn(risk);
    }
  }

  await look();
  if (problem !== undefined) throw new Error(problem);
  tell();
  const timer = setInterval(() => look().then(tell), LOOK_EVERY_MS).unref();
  return {
    get risks() {
      return risks;
    },
    get isEvicting() {
      return problem !== undefined;
    },
    stop: () => clearInterval(timer),
  };
}
