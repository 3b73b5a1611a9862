import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Rider, registerRider, useService } from "../../support/accounts.ts";
import { sendBatch } from "../streams/streams.ts";
import { type Changed, complete, history, startRide, telemetryOf, type Workout } from "./rides.ts";

const service = useService();

const ACTIONS = [
  "create",
  "start",
  "append one",
  "append one",
  "append three",
  "clean up",
  "pause",
  "resume",
  "complete",
  "archive",
  "restore",
  "delete",
] as const;
type Action = (typeof ACTIONS)[number];

/** What has been done so far on the one stream of a rider. */
type Doings = { rider: Rider; rides: string[]; sent: number; acknowledged: number[] };

async function act(doings: Doings, action: Action, pick: number): Promise<void> {
  const { rider, rides } = doings;
  const answer = (response: Response) => {
    expect([200, 201, 404, 409]).toContain(response.status);
    return response;
  };
  switch (action) {
    case "create":
      answer(await rider.request("/api/streams/create", { method: "POST", json: { streamName: "ride" } }));
      return;
    case "start": {
      const response = answer(
        await rider.request("/api/workouts", { method: "POST", json: { streamName: "ride" } }),
      );
      if (response.status === 201) rides.push(((await response.json()) as Changed).workout.id);
      return;
    }
    case "append one":
    case "append three": {
      const powers = Array.from({ length: action === "append one" ? 1 : 3 }, () => doings.sent++);
      await sendBatch(
        rider,
        "ride",
        powers.map((power) => ({ timestamp: power * 1000, power })),
      );
      doings.acknowledged.push(...powers);
      return;
    }
    case "clean up":
      answer(await rider.request("/api/streams/cleanup?retention=0", { method: "DELETE" }));
      return;
    default: {
      const id = rides[pick % rides.length];
      if (id === undefined) return;
      const [method, path] = action === "delete" ? ["DELETE", ""] : ["POST", `/${action}`];
      answer(await rider.request(`/api/workouts/${id}${path}`, { method }));
    }
  }
}

const STATUSES = ["ACTIVE", "PAUSED", "COMPLETED", "ARCHIVED", "DELETED"] as const;

/** The power of every sample that can be found, those of what is unfinished or in the stream by completing it. */
async function findAll(rider: Rider): Promise<unknown[]> {
  const listed = await Promise.all(STATUSES.map((status) => history(rider, `?limit=100&status=${status}`)));
  const workouts = listed.flat();
  const unfinished = workouts.filter(({ status }) => status === "ACTIVE" || status === "PAUSED");
  expect(unfinished.length).toBeLessThanOrEqual(1);
  const last: Workout = unfinished[0] ?? (await startRide(rider, { streamName: "ride" }));
  await complete(rider, last.id);
  const ids = new Set([...workouts.map(({ id }) => id), last.id]);
  const rides = await Promise.all([...ids].map((id) => telemetryOf(rider, id)));
  return rides.flat().map(({ power }) => power);
}

test("whatever happens at once, every acknowledged sample is in exactly one ride", async () => {
  const step = fc.tuple(fc.constantFrom(...ACTIONS), fc.nat({ max: 3 }));
  const rounds = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 3, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(rounds, async (sequence) => {
      const doings: Doings = {
        rider: await registerRider(service.app),
        rides: [],
        sent: 0,
        acknowledged: [],
      };
      for (const round of sequence)
        await Promise.all(round.map(([action, pick]) => act(doings, action, pick)));
      const found = await findAll(doings.rider);
      expect(found.toSorted((a, b) => Number(a) - Number(b))).toEqual(
        doings.acknowledged.toSorted((a, b) => a - b),
      );
    }),
    { numRuns: 80 },
  );
}, 30_000);
