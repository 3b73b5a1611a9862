import type { SetAside } from "../features/workouts/sweep-attempts.ts";
import type { StreamInfo } from "../streams/buffer.ts";
import type { Finding } from "./finding.ts";
import type { DatabaseState } from "./stores.ts";

/** The sweep runs every ten minutes; what it has not taken by then, it does not take. */
const SWEEP_MS = 3_600_000;

/** So many streams are named. */
const MOST_NAMED = 20;

/** Whether rides under way have their streams, and streams their riders and rides; `idleMs` is when a sweep takes them. */
export function checkStreams(
  { unfinished, userIds, setAside }: DatabaseState,
  streams: readonly StreamInfo[],
  { now, idleMs }: { now: number; idleMs: number },
): Finding[] {
  const named = (owner: string, name: string) => JSON.stringify([owner, name]);
  const claimed = new Set(unfinished.map(({ owner, streamName }) => named(owner, streamName)));
  const there = new Set(streams.map(({ owner, name }) => named(owner, name)));
  const ofNobody = streams.filter(({ owner }) => !userIds.has(owner));
  const leftBehind = streams.filter(
    ({ owner, name, length, lastActivity }) =>
      length > 0 &&
      userIds.has(owner) &&
      !claimed.has(named(owner, name)) &&
      lastActivity < now - idleMs - SWEEP_MS,
  );
  const withoutStream = unfinished.filter(({ owner, streamName }) => !there.has(named(owner, streamName)));
  const lost = streams.filter(({ hasLost }) => hasLost).map(({ owner, name }) => `${name} of ${owner}`);
  const findings = [
    lossOf(lost),
    setAsideOf(setAside.filter((ride) => streams.some((stream) => isAsItWas(ride, stream)))),
    orphans(
      ofNobody.length,
      "Streams of no account",
      "They are deleted after TRASH_DAYS. After a restore, that of a later backup has the account.",
    ),
    orphans(
      leftBehind.length,
      "Idle streams of no ride",
      "A running server makes rides of them: start it, and see in its log why it could not.",
    ),
    orphans(
      withoutStream.length,
      "Unfinished rides without a stream",
      "No sample of them is there. They are completed without any when they are idle.",
    ),
  ].filter((finding) => finding !== undefined);
  const message = `Streams: ${streams.length}, unfinished rides: ${unfinished.length}`;
  return findings.length > 0 ? findings : [{ check: "streams", status: "ok", message }];
}

/** Neither completed by hand, nor with a sample since. */
function isAsItWas(ride: SetAside, stream: StreamInfo): boolean {
  const isSame = ride.owner === stream.owner && ride.name === stream.name;
  return isSame && ride.lastMessageId === stream.lastMessageId;
}

function setAsideOf(rides: SetAside[]): Finding | undefined {
  if (rides.length === 0) return undefined;
  const named = rides
    .slice(0, MOST_NAMED)
    .map(({ owner, name, reason }) => `${name} of ${owner} (${reason})`);
  return {
    check: "streams",
    status: "warning",
    message: `Idle rides that could not be completed and are set aside: ${named.join(", ")}`,
    advice:
      "Their samples stay in their streams. A later version of this program tries again, and so does this one " +
      "when more samples come or somebody completes the workout; the server's log says what went wrong.",
  };
}

function lossOf(streams: string[]): Finding | undefined {
  if (streams.length === 0) return undefined;
  return {
    check: "streams",
    status: "problem",
    message: `Redis has lost samples that it had acknowledged, of the streams ${streams.slice(0, MOST_NAMED).join(", ")}`,
    advice:
      "No ride is made of what is left. If Redis has a backup, restore it there. Else delete the ride for good, or take " +
      "what is left for all of it: `HDEL workouts:begun <owner>:<name>` in Redis, and complete it.",
  };
}

function orphans(count: number, what: string, advice: string): Finding | undefined {
  return count === 0
    ? undefined
    : { check: "streams", status: "warning", message: `${what}: ${count}`, advice };
}
