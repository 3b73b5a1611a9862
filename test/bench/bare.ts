import { Hono } from "hono";

/** What the service is measured against: Hono on Bun, parsing the same JSON and storing nothing. */
const app = new Hono().post("/api/streams/:name/messages", async (c) => {
  await c.req.json();
  return c.json({ success: true });
});
const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: app.fetch });
process.stdout.write(`${JSON.stringify({ url: server.url.origin })}\n`);
