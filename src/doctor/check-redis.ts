import { evictionProblem, readRedisFacts, redisWarnings } from "../streams/redis-facts.ts";
import type { Finding } from "./finding.ts";

/** Whether Redis keeps what it has acknowledged; nothing where it does not answer, which is told elsewhere. */
export async function checkRedis(redis: { url: string; token: string }): Promise<Finding[]> {
  const facts = await readRedisFacts(redis).catch(() => undefined);
  if (!facts) return [];
  const problem = evictionProblem(facts);
  const findings: Finding[] = [];
  if (problem !== undefined) findings.push(finding("problem", problem));
  for (const warning of redisWarnings(facts)) findings.push(finding("warning", warning));
  const message =
    "Redis throws nothing away when its memory is full, and keeps a log of what it acknowledges";
  return findings.length > 0 ? findings : [{ check: "redis", status: "ok", message }];
}

/** What to do is the last sentence of those that tell a risk. */
function finding(status: "problem" | "warning", told: string): Finding {
  const end = told.lastIndexOf(". ");
  return { check: "redis", status, message: told.slice(0, end), advice: told.slice(end + 2) };
}
