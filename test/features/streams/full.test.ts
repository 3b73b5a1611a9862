import { expect, test } from "bun:test";
import { join } from "node:path";
import { createApp } from "../../../src/app.ts";
import { BUFFER_LIMITS, type BufferLimits } from "../../../src/limits.ts";
import { openEmbeddedBuffer } from "../../../src/streams/embedded.ts";
import { createHub } from "../../../src/streams/hub.ts";
import { refusal, useService } from "../../support/accounts.ts";
import { temporaryDirectory } from "../../support/directory.ts";
import { append, sendBatch, streamNames } from "./streams.ts";

const service = useService();

/** The same app over a live buffer that has less room. */
async function withLimits(limits: Partial<BufferLimits>) {
  const { app, rider } = service;
  const directory = await temporaryDirectory();
  const buffer = await openEmbeddedBuffer({
    path: join(directory.path, "streams.db"),
    durability: "relaxed",
    now: () => app.clock.time,
    limits: { ...BUFFER_LIMITS, ...limits },
  });
  const small = createApp({ ...app.deps, buffer, hub: createHub(buffer, () => {}) });
  return {
    post(path: string, json: unknown): Promise<Response> {
      const headers = { "X-API-Key": rider.apiKey, "Content-Type": "application/json" };
      return Promise.resolve(
        small.request(`/api/streams/${path}`, { method: "POST", headers, body: JSON.stringify(json) }),
      );
    },
    async [Symbol.asyncDispose]() {
      await buffer.close();
      await directory.remove();
    },
  };
}

test.each<[string, Partial<BufferLimits>]>([
  ["messages", { messages: 3 }],
  ["bytes", { bytes: 200 }],
])(
  "a stream that is full of %s answers 413 to a message and to a batch, and stores nothing",
  async (_, limits) => {
    await using small = await withLimits(limits);
    expect((await small.post("ride/messages/batch", { messages: ["a", "b"] })).status).toBe(200);
    const batch = await refusal(await small.post("ride/messages/batch", { messages: ["a", "b", "c"] }));
    expect(batch).toMatchObject({ status: 413, code: "stream_full" });
    expect(batch.error).toStartWith("The stream ride is full: ");
    let answer = await small.post("ride/messages", { message: "c" });
    while (answer.ok) answer = await small.post("ride/messages", { message: "c" });
    expect(await refusal(answer)).toMatchObject({ status: 413, code: "stream_full" });
  },
);

test("whoever has as many streams as there may be is refused another one, however they make it", async () => {
  const { rider } = service;
  const { streams } = BUFFER_LIMITS;
  const make = (streamName: string) =>
    rider.request("/api/streams/create", { method: "POST", json: { streamName } });
  await Promise.all(Array.from({ length: streams }, (_, n) => make(`stream-${n}`)));
  expect(await streamNames(rider)).toHaveLength(streams);
  for (const [path, json] of [
    ["streams/create", { streamName: "another" }],
    ["streams/another/messages", { message: "a" }],
    ["streams/another/messages/batch", { messages: ["a"] }],
    ["workouts", {}],
  ] as const) {
    const refused = await rider.refused("POST", `/api/${path}`, { json });
    expect(refused).toMatchObject({ status: 409, code: "too_many_streams" });
  }
  await append(rider, "stream-0", "still");
  await rider.request("/api/streams/stream-1", { method: "DELETE" });
  await sendBatch(rider, "another", ["a"]);
});

test("where as many listen as may, the next one is told to come again later", async () => {
  const { app, rider } = service;
  const hub = createHub(app.deps.buffer, () => {}, { ofOwner: 0, ofInstance: 1 });
  const full = createApp({ ...app.deps, hub });
  for (const path of ["ride/listen", "listenAll"]) {
    const refused = await refusal(await full.request(`/api/streams/${path}?apiKey=${rider.apiKey}`));
    expect(refused).toMatchObject({ status: 429, code: "too_many_listeners", retryAfter: "2" });
  }
});
