import type { Random } from "./random.ts";
import { type Draft, type Kinds, note } from "./random-road.ts";
import type { Message } from "./samples.ts";

type Sending = { draft: Draft; arrivedAt: number };

/** How a ride comes to the server: in the order of arrival. */
export function arriving(random: Random, kinds: Kinds, drafts: readonly Draft[]): Message[] {
  const clockAhead = note(kinds, "phone's clock off", random.chance(0.4))
    ? random.integer(-90_000, 90_000)
    : 0;
  let sendings = drafts.map((draft): Sending => {
    const latency = random.integer(20, 400);
    return { draft, arrivedAt: Math.round(draft.sentAt) - clockAhead + latency };
  });
  // Times of arrival are the server's: all of a ride's, or those of a phone whose clock is right.
  if (note(kinds, "no timestamps", random.chance(0.06))) forgetTimestamps(sendings, () => true);
  else if (note(kinds, "some without timestamp", clockAhead === 0 && random.chance(0.06))) {
    forgetTimestamps(sendings, () => random.chance(0.1));
  }
  if (note(kinds, "arrival in bursts", random.chance(0.15))) arriveTogether(random, sendings);
  if (note(kinds, "late batches", random.chance(0.2))) delayBatches(random, sendings);
  if (note(kinds, "resent", random.chance(0.25))) sendings = [...sendings, ...resent(random, sendings)];

  sendings.sort((a, b) => a.arrivedAt - b.arrivedAt);
  const write = timestampWriter(random, kinds);
  return sendings.map(({ draft, arrivedAt }, index) => ({
    message: draft.own ? { timestamp: write(draft.at), ...draft.values } : { ...draft.values },
    arrivedAt,
    id: index + 1,
  }));
}

function forgetTimestamps(sendings: Sending[], forgets: () => boolean): void {
  for (const sending of sendings) {
    const isClockFault = Math.abs(sending.draft.at - sending.draft.sentAt) > 86_400_000;
    if (isClockFault || !forgets()) continue;
    sending.draft = { ...sending.draft, own: false };
    // Some arrive at the very time of another's timestamp.
    if (Number.isInteger(sending.arrivedAt / 4)) sending.arrivedAt = Math.round(sending.draft.sentAt) + 1000;
  }
}

/** Some messages wait for those after them, and are stored within the same millisecond. */
function arriveTogether(random: Random, sendings: Sending[]): void {
  for (let index = 0; index < sendings.length; index += random.integer(1, 200)) {
    const burst = sendings.slice(index, index + random.integer(2, 12));
    const latest = Math.max(...burst.map(({ arrivedAt }) => arrivedAt));
    for (const sending of burst) sending.arrivedAt = latest;
  }
}

/** A phone that was offline sends what it kept later, all at once; only what has a timestamp. */
function delayBatches(random: Random, sendings: Sending[]): void {
  for (let times = random.integer(1, 5); times > 0; times -= 1) {
    const from = random.integer(0, Math.max(0, sendings.length - 1));
    const batch = sendings.slice(from, from + random.integer(2, 300)).filter(({ draft }) => draft.own);
    const arrivedAt = Math.max(...batch.map((sending) => sending.arrivedAt)) + random.integer(100, 600_000);
    for (const sending of batch) sending.arrivedAt = arrivedAt;
  }
}

/** The same again, with nulls, fields left out, or other values. */
function resent(random: Random, sendings: readonly Sending[]): Sending[] {
  const share = random.pick([0.01, 0.1, 0.5]);
  return sendings
    .filter(({ draft }) => draft.own && random.chance(share))
    .map(({ draft, arrivedAt }) => {
      const values = { ...draft.values };
      for (const field of Object.keys(values) as (keyof typeof values)[]) {
        const fate = random.real();
        if (fate < 0.3) values[field] = null;
        else if (fate < 0.5) delete values[field];
        else if (fate < 0.6 && typeof values[field] === "number") values[field] += 1;
        else if (fate < 0.61) values[field] = 16_777_215;
      }
      if (random.chance(0.2)) values.heartrate = random.integer(80, 180);
      return { draft: { ...draft, values }, arrivedAt: arrivedAt + random.integer(-300, 60_000) };
    });
}

/** One way of writing timestamps for a ride, or all of them in turn; none changes the instant. */
function timestampWriter(random: Random, kinds: Kinds): (at: number) => number | string {
  const ways: { [name: string]: (at: number) => number | string } = {
    text: (at) => (Number.isInteger(at) ? new Date(at).toISOString() : at),
    "text with offset": (at) =>
      Number.isInteger(at) ? new Date(at + 7_200_000).toISOString().replace("Z", "+02:00") : at,
    "number as text": (at) => (at < 1e11 ? at / 1000 : at).toString(),
    // Only what a double holds exactly.
    seconds: (at) => (Number.isInteger(at / 125) ? at / 1000 : numeric(at)),
    "seconds as text": (at) => (Number.isInteger(at / 125) ? at / 1000 : numeric(at)).toString(),
    microseconds: (at) => (at * 1000 < 1e14 ? numeric(at) : at * 1000),
  };
  const all = Object.values(ways) as [(at: number) => number | string];
  if (random.chance(0.6)) return numeric;
  if (note(kinds, "timestamps of every kind", random.chance(0.15))) return (at) => random.pick(all)(at);
  const name = random.pick(Object.keys(ways) as [string]);
  kinds.add(`timestamps: ${name}`);
  return ways[name] ?? numeric;
}

/** Epoch ms, but of 1970 seconds: as a number of ms it would be read as those. */
function numeric(at: number): number {
  return at < 1e11 ? at / 1000 : at;
}
