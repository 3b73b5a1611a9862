import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Rider, registerRider, useService } from "../../support/accounts.ts";
import { append, streamNames, textsIn } from "../streams/streams.ts";
import { history, type Sample, telemetryOf, type Workout } from "./rides.ts";

const service = useService();

const STREAMS = ["road", "gym"] as const;
type Stream = (typeof STREAMS)[number];
type Status = Workout["status"];
type Ride = { id: string; stream: Stream; status: Status; samples: number[] };

/** What must be, after all that was done: samples are known by their power, which is a different one each. */
type Model = { rides: Ride[]; waiting: Record<Stream, number[]>; sent: number };
type Real = { rider: Rider };

const ALLOWED: Record<string, Partial<Record<Status, Status>>> = {
  pause: { ACTIVE: "PAUSED" },
  resume: { PAUSED: "ACTIVE" },
  complete: { ACTIVE: "COMPLETED", PAUSED: "COMPLETED", COMPLETED: "COMPLETED", ARCHIVED: "ARCHIVED" },
  archive: { COMPLETED: "ARCHIVED" },
  restore: { ARCHIVED: "COMPLETED", DELETED: "COMPLETED" },
  delete: {
    ACTIVE: "DELETED",
    PAUSED: "DELETED",
    COMPLETED: "DELETED",
    ARCHIVED: "DELETED",
    DELETED: "DELETED",
  },
};

function isUnfinished({ status }: Ride): boolean {
  return status === "ACTIVE" || status === "PAUSED";
}

class Start implements fc.AsyncCommand<Model, Real> {
  constructor(readonly stream: Stream) {}
  check = () => true;
  toString = () => `start on ${this.stream}`;

  async run(model: Model, { rider }: Real): Promise<void> {
    const taken = model.rides.some((ride) => isUnfinished(ride) && ride.stream === this.stream);
    const response = await rider.request("/api/workouts", {
      method: "POST",
      json: { streamName: this.stream },
    });
    expect(response.status).toBe(taken ? 409 : 201);
    if (taken) return;
    const { workout } = (await response.json()) as { workout: Workout };
    model.rides.push({ id: workout.id, stream: this.stream, status: "ACTIVE", samples: [] });
  }
}

class Append implements fc.AsyncCommand<Model, Real> {
  constructor(
    readonly stream: Stream,
    readonly count: number,
  ) {}
  check = () => true;
  toString = () => `append ${this.count} to ${this.stream}`;

  async run(model: Model, { rider }: Real): Promise<void> {
    for (let sample = 0; sample < this.count; sample++) {
      const power = model.sent++;
      await append(rider, this.stream, { timestamp: power * 1000, power });
      model.waiting[this.stream].push(power);
    }
  }
}

class Call implements fc.AsyncCommand<Model, Real> {
  constructor(
    readonly action: string,
    readonly pick: number,
  ) {}
  check = ({ rides }: Readonly<Model>) => rides.length > 0;
  toString = () => `${this.action} ride ${this.pick}`;

  async run(model: Model, { rider }: Real): Promise<void> {
    const ride = model.rides[this.pick % model.rides.length];
    if (!ride) return;
    const after = ALLOWED[this.action]?.[ride.status];
    const method = this.action === "delete" ? "DELETE" : "POST";
    const path = `/api/workouts/${ride.id}${method === "POST" ? `/${this.action}` : ""}`;
    const response = await rider.request(path, { method });
    expect(response.status).toBe(after ? 200 : 409);
    if (!after) return;
    if (isUnfinished(ride) && (this.action === "complete" || this.action === "delete")) {
      ride.samples = model.waiting[ride.stream];
      model.waiting[ride.stream] = [];
    }
    ride.status = after;
  }
}

class Reopen implements fc.AsyncCommand<Model, Real> {
  check = () => true;
  toString = () => "restart";

  async run(): Promise<void> {
    await service.app.reopen();
  }
}

class TimePasses implements fc.AsyncCommand<Model, Real> {
  constructor(readonly milliseconds: number) {}
  check = () => true;
  toString = () => `${this.milliseconds} ms pass`;

  async run(): Promise<void> {
    service.wait(this.milliseconds);
  }
}

function powersOf(samples: readonly Sample[]): unknown[] {
  return samples.map(({ power }) => power);
}

async function expectAsModelled({ rides, waiting }: Model, { rider }: Real): Promise<void> {
  for (const ride of rides) {
    const expected = isUnfinished(ride) ? waiting[ride.stream] : ride.samples;
    expect(powersOf(await telemetryOf(rider, ride.id))).toEqual(expected);
  }
  const names = await streamNames(rider);
  for (const stream of STREAMS) {
    const texts = names.includes(stream) ? await textsIn(rider, stream) : [];
    expect(powersOf(texts.map((text) => JSON.parse(text) as Sample))).toEqual(waiting[stream]);
  }
  for (const status of ["ACTIVE", "PAUSED", "COMPLETED", "ARCHIVED", "DELETED"] as const) {
    const listed = await history(rider, `?limit=100&status=${status}`);
    expect(listed.map(({ id }) => id).sort()).toEqual(
      rides
        .filter((ride) => ride.status === status)
        .map(({ id }) => id)
        .sort(),
    );
    for (const { status: shown, summary, endTime } of listed) {
      expect(shown).toBe(status);
      const finished = status !== "ACTIVE" && status !== "PAUSED";
      expect([summary !== null, endTime !== null]).toEqual([finished, finished]);
    }
  }
  const listed = await history(rider, "?limit=100");
  const shown = rides.filter(({ status }) => status !== "ARCHIVED" && status !== "DELETED");
  expect(listed.map(({ id }) => id).sort()).toEqual(shown.map(({ id }) => id).sort());
  for (const { id, summary } of listed) {
    const ride = rides.find((candidate) => candidate.id === id);
    if (ride && summary) expect(summary.sampleCount).toBe(ride.samples.length);
  }
}

const stream = fc.constantFrom(...STREAMS);
const pick = fc.nat({ max: 7 });
const commands = fc.commands(
  [
    stream.map((name) => new Start(name)),
    fc.tuple(stream, fc.integer({ min: 1, max: 4 })).map(([name, count]) => new Append(name, count)),
    ...Object.keys(ALLOWED).map((action) => pick.map((ride) => new Call(action, ride))),
    fc.constantFrom(0, 1, 1000, 60_000, -3_600_000).map((milliseconds) => new TimePasses(milliseconds)),
    fc.constant(new Reopen()),
  ],
  { maxCommands: 30 },
);

test("whatever a rider does, no sample is lost or in two rides, and every workout is what it should be", async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      const model: Model = { rides: [], waiting: { road: [], gym: [] }, sent: 0 };
      const real: Real = { rider: await registerRider(service.app) };
      await fc.asyncModelRun(() => ({ model, real }), sequence);
      await expectAsModelled(model, real);
    }),
    { numRuns: 60 },
  );
}, 30_000);
