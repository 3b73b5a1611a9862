import { expect, test } from "bun:test";
import { Hono } from "hono";
import pino from "pino";
import type { AppEnv } from "../../src/http/context.ts";
import { type Pieces, streamed } from "../../src/http/streamed.ts";

/** An app that answers with these pieces, and what it has logged and had to answer for. */
function answering(make: () => Pieces) {
  const lines: string[] = [];
  const log = pino({ level: "error" }, { write: (line: string) => lines.push(line) });
  const app = new Hono<AppEnv>()
    .get("/", (c) => streamed(c, log, make(), { "Content-Type": "text/plain" }))
    .onError((_error, c) => c.text("failed", 500));
  return { app, lines };
}

test("a body is all of its pieces, texts and bytes", async () => {
  const { app } = answering(async function* () {
    yield "grün,";
    yield Buffer.from("bytes,");
    yield "";
    yield "end";
  });
  const response = await app.request("/");
  expect(response.headers.get("Content-Type")).toBe("text/plain");
  expect(await response.text()).toBe("grün,bytes,end");
});

test("no pieces are an empty body", async () => {
  const { app } = answering(async function* () {});
  const response = await app.request("/");
  expect([response.status, await response.text()]).toEqual([200, ""]);
});

test("a source that fails before its first piece is an error like any other", async () => {
  const { app, lines } = answering(async function* () {
    if (lines) throw new Error("damaged");
    yield "";
  });
  expect((await app.request("/")).status).toBe(500);
  expect(lines).toEqual([]);
});

test("a source that fails later breaks the answer off, and the log says why", async () => {
  const { app, lines } = answering(async function* () {
    yield "the beginning";
    throw new Error("damaged");
  });
  const response = await app.request("/");
  expect(response.status).toBe(200);
  const body = response.body?.getReader();
  expect(new TextDecoder().decode((await body?.read())?.value)).toBe("the beginning");
  // It errors without a reason.
  const end = await body?.read().then(
    () => "read",
    () => "broken",
  );
  expect(end).toBe("broken");
  expect(lines.join()).toContain("an answer broke off");
  expect(lines.join()).toContain("damaged");
});

test("pieces are made when there is room for them, and no more once the client has left", async () => {
  let made = 0;
  let ended = false;
  const { app } = answering(async function* () {
    try {
      for (;;) yield `${made++}`;
    } finally {
      ended = true;
    }
  });
  const body = (await app.request("/")).body?.getReader();
  await body?.read();
  await body?.read();
  expect(made).toBeLessThanOrEqual(3);
  await body?.cancel();
  expect(ended).toBe(true);
});

test("for HEAD the source is not begun", async () => {
  let begun = false;
  const { app } = answering(async function* () {
    begun = true;
    yield "";
  });
  const response = await app.request("/", { method: "HEAD" });
  expect(response.headers.get("Content-Type")).toBe("text/plain");
  expect(begun).toBe(false);
});
