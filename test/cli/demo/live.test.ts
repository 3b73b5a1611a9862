import { expect, test } from "bun:test";
import { followStream } from "../../../src/cli/demo/live.ts";
import { createClient } from "../../../src/client.ts";

const frame = (id: string, power: number) =>
  `id: ${id}\ndata: ${JSON.stringify({ type: "message", data: { message: JSON.stringify({ power }), timestamp: 1 } })}\n\n`;

test("a stream is followed from its first sample, over a broken connection, until it is deleted", async () => {
  const bodies = [
    `data: {"type":"connected","streamName":"ride"}\n\n${frame("1-0", 200)}${frame("1-1", 210)}id: 1-2\ndata: {"ty`,
    `: heartbeat\n\n${frame("1-2", 220)}data: {"type":"stream_deleted","streamName":"ride"}\n\n`,
  ];
  const queries: string[] = [];
  const client = createClient("http://server", {
    fetch: async (input: string | URL | Request) => {
      queries.push(new URL(input instanceof Request ? input.url : input).search);
      return new Response(bodies.shift());
    },
  });
  const powers: unknown[] = [];
  await followStream(client, "ride", ({ power }) => powers.push(power), new AbortController().signal);
  expect(powers).toEqual([200, 210, 220]);
  expect(queries).toEqual(["?from=-", "?lastEventId=1-1"]);
});
