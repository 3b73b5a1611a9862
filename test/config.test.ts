import { expect, test } from "bun:test";
import { resolve } from "node:path";
import { type Config, ConfigError, parseConfig } from "../src/config.ts";

test("everything has a default, and an empty variable counts as not set", () => {
  const expected: Config = {
    host: "127.0.0.1",
    port: 3000,
    dataDirectory: resolve("data"),
    databaseUrl: `file:${resolve("data/bpt.db")}`,
    databaseAuthToken: undefined,
    primary: undefined,
    redis: undefined,
    jwtSecret: undefined,
    authMode: "required",
    registration: "closed",
    corsOrigins: [],
    logLevel: "info",
    streamIdleHours: 12,
    trashDays: 30,
    durability: "full",
  };
  expect(parseConfig({})).toEqual(expected);
  expect(parseConfig({ PORT: "", JWT_SECRET: "", CORS_ORIGIN: "" })).toEqual(expected);
});

test("the database lies in DATA_DIR unless it is told otherwise", () => {
  expect(parseConfig({ DATA_DIR: "/srv/rides" }).databaseUrl).toBe("file:/srv/rides/bpt.db");
  expect(parseConfig({ DATABASE_URL: "file:/elsewhere.db" }).databaseUrl).toBe("file:/elsewhere.db");
});

test("CORS_ORIGIN is a list", () => {
  const { corsOrigins } = parseConfig({ CORS_ORIGIN: "https://a.example, http://localhost:5173" });
  expect(corsOrigins).toEqual(["https://a.example", "http://localhost:5173"]);
});

test("every problem is reported at once", () => {
  const wrong = {
    PORT: "70000",
    AUTH_MODE: "none",
    CORS_ORIGIN: "example.org",
    JWT_SECRET: "short",
    TRASH_DAYS: "soon",
  };
  let message = "";
  try {
    parseConfig(wrong);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    message = String(error);
  }
  for (const name of Object.keys(wrong)) expect(message).toContain(name);
});

test("the example of an environment names every variable, and is valid as it stands", async () => {
  const text = await Bun.file(new URL("../.env.example", import.meta.url)).text();
  const named = [...text.matchAll(/^#? ?([A-Z_]+)=(.*)$/gm)].map(
    ([, name = "", value = ""]) => [name, value] as const,
  );
  expect(() => parseConfig(Object.fromEntries(named.filter(([, value]) => value !== "")))).not.toThrow();
  const source = await Bun.file(new URL("../src/config.ts", import.meta.url)).text();
  const known = [...source.matchAll(/^ {4}([A-Z_]+):/gm)].map(([, name = ""]) => name);
  expect(named.map(([name]) => name).sort()).toEqual(known.sort());
});

test.each(["file::memory:", "file:./data/streams.db"])(
  "a database that is not a file of its own is refused: %s",
  (url) => {
    expect(() => parseConfig({ DATABASE_URL: url })).toThrow("DATABASE_URL: must be a file of its own");
  },
);

test.each([
  [{ UPSTASH_REDIS_REST_URL: "https://example.upstash.io" }, "UPSTASH_REDIS_REST_TOKEN"],
  [{ UPSTASH_REDIS_REST_TOKEN: "secret" }, "UPSTASH_REDIS_REST_URL"],
  [{ UPSTASH_REDIS_REST_URL: "redis://localhost", UPSTASH_REDIS_REST_TOKEN: "t" }, "UPSTASH_REDIS_REST_URL"],
  [{ DATABASE_SYNC_URL: "https://p.example", DATABASE_URL: "https://q.example" }, "DATABASE_SYNC_URL"],
  [{ DATABASE_SYNC_URL: "file:elsewhere.db" }, "DATABASE_SYNC_URL"],
  [{ DATABASE_SYNC_INTERVAL: "0" }, "DATABASE_SYNC_INTERVAL"],
  [{ DATABASE_URL: "wss://p.example" }, "DATABASE_URL"],
])("%p is refused, with %s named", (environment, name) => {
  expect(() => parseConfig(environment)).toThrow(new RegExp(`^The configuration.*\n  ${name}: `));
});

test("Redis and a primary come with what belongs to them", () => {
  const { redis, primary } = parseConfig({
    UPSTASH_REDIS_REST_URL: "https://example.upstash.io",
    UPSTASH_REDIS_REST_TOKEN: "secret",
    DATABASE_SYNC_URL: "libsql://p.example",
  });
  expect(redis).toEqual({ url: "https://example.upstash.io", token: "secret" });
  expect(primary).toEqual({ syncUrl: "libsql://p.example", syncSeconds: 60 });
});
