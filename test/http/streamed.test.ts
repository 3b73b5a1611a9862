import { afterEach, expect, test } from "bun:test";
import { Writable } from "node:stream";
import type { Server } from "bun";
import { Hono } from "hono";
import pino from "pino";
import { AppError } from "../../src/errors.ts";
import type { AppEnv } from "../../src/http/context.ts";
import { respondToError } from "../../src/http/errors.ts";
import { type Pieces, streamed } from "../../src/http/streamed.ts";

let server: Server<undefined> | undefined;
afterEach(() => server?.stop(true));

/** A server over a real port whose every answer is made of these pieces, and what it logs. */
function serve(pieces: () => Pieces) {
  const logged: string[] = [];
  const log = pino(new Writable({ write: (line, _, done) => done(void logged.push(String(line))) }));
  const app = new Hono<AppEnv>();
  app.onError(respondToError(log));
  app.get("/", (c) => streamed(c, log, pieces(), { "Content-Type": "text/plain" }));
  server = Bun.serve({ port: 0, fetch: app.fetch });
  return { url: server.url.href, logged };
}

test("what comes is the pieces, one after another, text and bytes", async () => {
  const { url } = serve(async function* () {
    yield "é";
    yield new Uint8Array([65, 66]);
    yield "";
    yield "🚴";
  });
  const response = await fetch(url);
  expect(response.headers.get("Content-Type")).toBe("text/plain");
  expect(await response.text()).toBe("éAB🚴");
});

test("a source without any pieces makes an empty body", async () => {
  const { url } = serve(async function* () {});
  const response = await fetch(url);
  expect([response.status, await response.text()]).toEqual([200, ""]);
});

test("a source that fails before its first piece is answered as any error", async () => {
  const { url } = serve(async function* () {
    await Promise.reject(new AppError("buffer_unavailable", "The live buffer cannot be reached right now."));
    yield "never";
  });
  const response = await fetch(url);
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ code: "buffer_unavailable" });
});

test("a source that fails later breaks the connection, and is logged", async () => {
  const { url, logged } = serve(async function* () {
    yield "the beginning";
    throw new Error("the store is gone");
  });
  const response = await fetch(url);
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toThrow();
  expect(logged.join("")).toContain("the store is gone");
});

test("a client that takes nothing holds one piece back, and one that leaves ends the source", async () => {
  let made = 0;
  const ended = Promise.withResolvers<void>();
  const { url } = serve(async function* () {
    try {
      for (; made < 1000; made += 1) yield new Uint8Array(1_000_000);
    } finally {
      ended.resolve();
    }
  });
  const leaving = new AbortController();
  const response = await fetch(url, { signal: leaving.signal });
  expect(response.status).toBe(200);
  leaving.abort();
  await ended.promise;
  expect(made).toBeLessThan(100);
});

test("others have their turn between two pieces that are there at once", async () => {
  const turns: string[] = [];
  const { url } = serve(async function* () {
    for (let piece = 0; piece < 5; piece += 1) {
      setImmediate(() => turns.push("other"));
      turns.push("piece");
      yield "x";
    }
  });
  await (await fetch(url)).text();
  expect(turns.join(" ")).toBe("piece other piece other piece other piece other piece other");
});

test("HEAD has the head, and the source is ended", async () => {
  const ended = Promise.withResolvers<void>();
  const { url } = serve(async function* () {
    try {
      yield "body";
    } finally {
      ended.resolve();
    }
  });
  const response = await fetch(url, { method: "HEAD" });
  expect(response.status).toBe(200);
  expect(response.headers.get("Content-Type")).toBe("text/plain");
  expect(await response.text()).toBe("");
  await ended.promise;
});

test("HEAD of a source that fails before its first piece fails too", async () => {
  const { url } = serve(async function* () {
    await Promise.reject(new AppError("buffer_unavailable", "The live buffer cannot be reached right now."));
    yield "never";
  });
  expect((await fetch(url, { method: "HEAD" })).status).toBe(503);
});
