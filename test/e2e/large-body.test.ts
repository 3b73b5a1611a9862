import { expect, test } from "bun:test";
import { registerRider } from "../support/rider.ts";
import { startServer } from "../support/server.ts";

test("a body far too large gets the answer of any refusal, and the server serves on", async () => {
  await using server = await startServer();
  const rider = await registerRider(server);
  const body = "x".repeat(6_000_000);
  const chunked = () =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(body));
        controller.close();
      },
    });
  for (const path of ["messages", "messages/batch"]) {
    for (const payload of [body, chunked()]) {
      const response = await rider.request(`/api/streams/ride/${path}`, {
        method: "POST",
        body: payload,
        headers: { "Content-Type": "application/json" },
      });
      expect(response.status).toBe(413);
      expect(await response.json()).toMatchObject({
        code: "payload_too_large",
        requestId: expect.any(String),
      });
    }
  }
  await rider.call("POST", "/api/streams/ride/messages", { message: { power: 200 } });
});
