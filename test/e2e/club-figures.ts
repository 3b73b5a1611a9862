import type { UpstashFront } from "../support/upstash-front.ts";
import { type Ride, sequenceIn } from "./club.ts";
import { type Faults, overlaps, RECOVERY_MS, type Span } from "./club-checks.ts";

/** A post that begins so long after its sample was due has waited for others: it tells nothing of a quiet service. */
const PUNCTUAL_MS = 100;

/** What was posted so shortly before something went away may still have been on its way to listeners; ms. */
const ON_ITS_WAY_MS = 1000;

/** From post to listener, in ms: on the instance that was posted to, and on the other. */
type DeliveryTimes = { same: number[]; other: number[] };

/** Redis commands a second, all of them together. */
export async function commandRate(
  front: UpstashFront,
  from: Promise<void>,
  to: Promise<void>,
): Promise<number> {
  await from;
  const [began, before] = [performance.now(), front.commands];
  await to;
  return ((front.commands - before) * 1000) / (performance.now() - began);
}

/** Of what was posted while nothing was away. */
export function deliveryTimes(rides: readonly Ride[], { outage, losses, kill }: Faults): DeliveryTimes {
  const disturbed = [outage, losses, kill].flatMap((span) =>
    span ? [{ from: span.from - ON_ITS_WAY_MS, to: span.to + RECOVERY_MS }] : [],
  );
  const times: DeliveryTimes = { same: [], other: [] };
  for (const { rider, watchers } of rides) {
    const quiet = new Map(
      rider.posts.flatMap(({ sample, due, attempts: [attempt] }) => {
        const isQuiet =
          attempt && attempt.began - due < PUNCTUAL_MS && !disturbed.some((span) => overlaps(attempt, span));
        return isQuiet ? [[sample.sequence, attempt] as const] : [];
      }),
    );
    for (const { message, instance, at } of watchers.flatMap(({ heard }) => heard)) {
      const attempt = quiet.get(sequenceIn(message));
      if (attempt) times[attempt.instance === instance ? "same" : "other"].push(at - attempt.began);
    }
  }
  return times;
}

export function inWords(
  rides: readonly Ride[],
  { outage }: Faults,
  { same, other }: DeliveryTimes,
): string[] {
  const posts = rides.flatMap(({ rider }) => rider.posts);
  const attempts = posts.flatMap((post) => post.attempts);
  const watchers = rides.flatMap((ride) => ride.watchers);
  const refused = attempts.filter(({ status }) => status === 503);
  const broken = attempts.filter(({ status }) => status === "broken");
  const slowest = Math.max(...attempts.map(({ began, ended }) => ended - began));
  const messages = rides.reduce((sum, { stored }) => sum + stored.length, 0);
  const breaks = watchers.reduce((sum, watcher) => sum + watcher.breaks.length, 0);
  return [
    `${posts.length} samples in ${messages} messages, heard by ${watchers.length} listeners`,
    `${attempts.length} posts, ${refused.length} refused and ${broken.length} broken, the slowest ${slowest.toFixed()} ms`,
    `${breaks} listeners moved`,
    ...(outage ? [`posts went on ${recoveryTime(rides, outage).toFixed()} ms after Redis was back`] : []),
    `heard on the other instance after ${quantiles(other)}, on the same after ${quantiles(same)}`,
  ];
}

/** How long after Redis was back the last rider had a sample acknowledged again, in ms. */
function recoveryTime(rides: readonly Ride[], { to }: Span): number {
  const firsts = rides.map(({ rider }) => {
    const acknowledged = rider.posts.map(({ attempts }) => attempts.at(-1)?.ended ?? 0);
    return acknowledged.find((ended) => ended > to) ?? Number.NaN;
  });
  return Math.max(...firsts) - to;
}

function quantiles(milliseconds: readonly number[]): string {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const quantile = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed();
  return `${quantile(0.5)} ms (p50) and ${quantile(0.99)} ms (p99)`;
}
