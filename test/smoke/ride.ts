import { deepStrictEqual, equal } from "node:assert/strict";
import { type Client, createClient } from "../../src/client.ts";
import type { Sample } from "../../src/domain/sample.ts";
import { summaryOf } from "../domain/rides.ts";
import type { Rider } from "../support/rider.ts";
import { madeUpRide } from "../support/rides.ts";
import { takeAll } from "../support/sse.ts";

const STREAM = "smoke";
const RIDE = madeUpRide(600);
const SINGLE = 20;
const BATCH = 300;

/** The typed client of an account on a server. */
export function clientOf({ url }: { url: string }, { accessToken }: Rider): Client {
  return createClient(url, { token: accessToken });
}

/** Records a ride by posts of all kinds, while somebody listens; resolves to the id of the completed workout. */
export async function recordRide(client: Client, rider: Rider): Promise<string> {
  const started = await client.api.workouts.$post({ json: { streamName: STREAM } });
  const { id } = (await started.json()).workout;
  using events = await rider.listen(`${STREAM}/listen`);
  const listening = takeAll(events);

  for (const sample of RIDE.slice(0, SINGLE)) {
    const message = JSON.stringify(sample);
    await client.api.streams[":name"].messages.$post({ param: { name: STREAM }, json: { message } });
  }
  await rider.postBatch(STREAM, RIDE.slice(SINGLE, BATCH), "json");
  await rider.postBatch(STREAM, RIDE.slice(BATCH), "ndjson");
  const completed = await client.api.workouts[":id"].complete.$post({ param: { id }, json: {} });
  equal((await completed.json()).archivedMessages, RIDE.length);

  const heard = (await listening).map(({ data }) => data);
  const messages = heard.flatMap((event) => (event.type === "message" ? [event.data.message] : []));
  deepStrictEqual(
    messages.map((message) => JSON.parse(message) as Sample),
    RIDE,
  );
  deepStrictEqual([heard.at(0)?.type, heard.at(-1)?.type], ["connected", "stream_deleted"]);
  return id;
}

/** The telemetry is what was sent, and the summary what the sources work out from it on this machine. */
export async function checkRide(client: Client, id: string): Promise<void> {
  const workout = client.api.workouts[":id"];
  const telemetry = await workout.telemetry.$get({ param: { id }, query: {} });
  deepStrictEqual(await telemetry.json(), RIDE);
  const { summary } = await (await workout.summary.$get({ param: { id } })).json();
  deepStrictEqual(summary, await summaryOf(RIDE));
}
