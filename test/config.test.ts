import { describe, expect, test } from "bun:test";
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
    allowedHosts: [],
    logLevel: "info",
    metricsToken: undefined,
    shutdownGraceSeconds: 8,
    streamIdleHours: 12,
    trashDays: 30,
    durability: "full",
    backupDirectory: resolve("data/backups"),
    backupSchedule: "0 2 * * *",
  };
  expect(parseConfig({})).toEqual(expected);
  expect(parseConfig({ PORT: "", JWT_SECRET: "", CORS_ORIGIN: "" })).toEqual(expected);
});

test("the database lies in DATA_DIR unless it is told otherwise", () => {
  expect(parseConfig({ DATA_DIR: "/srv/rides" }).databaseUrl).toBe("file:/srv/rides/bpt.db");
  expect(parseConfig({ DATABASE_URL: "file:/elsewhere.db" }).databaseUrl).toBe("file:/elsewhere.db");
});

test("backups go where it is said, and when", () => {
  expect(parseConfig({ DATA_DIR: "/srv/rides" }).backupDirectory).toBe("/srv/rides/backups");
  expect(parseConfig({ BACKUP_DIR: "/mnt/usb" }).backupDirectory).toBe("/mnt/usb");
  const scheduled = (text: string) => parseConfig({ BACKUP_SCHEDULE: text }).backupSchedule;
  expect(scheduled("23:05")).toBe("5 23 * * *");
  expect(scheduled("4:30")).toBe("30 4 * * *");
  expect(scheduled("15 3 * * 1")).toBe("15 3 * * 1");
  expect(scheduled("off")).toBeUndefined();
  for (const wrong of [
    "24:00",
    "2",
    "at night",
    "0 2 30 2 *",
    "61 * * * *",
    "2024-01-01T00:00:00",
    "2999-01-01T00:00:00",
    "0 0 2 1 1 * 2999",
  ]) {
    expect(() => scheduled(wrong)).toThrow("BACKUP_SCHEDULE: must be a time such as 02:00");
  }
});

test("CORS_ORIGIN is a list", () => {
  const { corsOrigins } = parseConfig({ CORS_ORIGIN: "https://a.example, http://localhost:5173" });
  expect(corsOrigins).toEqual(["https://a.example", "http://localhost:5173"]);
});

test("ALLOWED_HOSTS is a list of names, with no port", () => {
  const { allowedHosts } = parseConfig({ ALLOWED_HOSTS: "Rides.example.org, box.lan,[2001:db8::1]" });
  expect(allowedHosts).toEqual(["rides.example.org", "box.lan", "[2001:db8::1]"]);
  for (const wrong of [
    "https://a.example",
    "a.example:80",
    "*.example",
    "a b",
    "a,",
    "2001:db8::1",
    "[::g]",
  ]) {
    expect(() => parseConfig({ ALLOWED_HOSTS: wrong })).toThrow(
      "is not a host name such as rides.example.org",
    );
  }
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

test.each(["file:", "file::memory:", "file:./data/streams.db"])(
  "a database that is not a file of its own is refused: %s",
  (url) => {
    expect(() => parseConfig({ DATABASE_URL: url })).toThrow("DATABASE_URL: must be a file of its own");
  },
);

test.each([
  "libsql://club.example.org",
  "libsql://127.0.0.1:8080?tls=0",
  "https://club.example.org/database",
  "http://[::1]:8080",
])("a database may be on a server: %s", (url) => {
  expect(parseConfig({ DATABASE_URL: url }).databaseUrl).toBe(url);
  expect(parseConfig({ DATABASE_SYNC_URL: url }).primary).toEqual({ syncUrl: url, syncSeconds: 60 });
});

test.each(["wss://club.example.org", "sqlite:data.db", "/srv/data.db", "data.db", "postgres://db"])(
  "other addresses are refused: %s",
  (url) => {
    expect(() => parseConfig({ DATABASE_URL: url })).toThrow(
      "DATABASE_URL: must begin with file:, libsql:, http: or https:",
    );
    expect(() => parseConfig({ DATABASE_SYNC_URL: url })).toThrow(
      "DATABASE_SYNC_URL: must begin with libsql:, http: or https:",
    );
  },
);

test.each(["libsql:", "http://", "https:club.example.org", "http://club.example.org:99999"])(
  "an address without a server is refused: %s",
  (url) => {
    expect(() => parseConfig({ DATABASE_URL: url })).toThrow("DATABASE_URL: must name a server");
    expect(() => parseConfig({ DATABASE_SYNC_URL: url })).toThrow("DATABASE_SYNC_URL: must name a server");
  },
);

describe("a replica", () => {
  const syncUrl = "libsql://club.example.org";

  test("is a file, that in DATA_DIR unless it is told otherwise", () => {
    const { databaseUrl, databaseAuthToken, primary } = parseConfig({
      DATABASE_SYNC_URL: syncUrl,
      DATABASE_AUTH_TOKEN: "token",
      DATABASE_SYNC_INTERVAL: "5",
      DATA_DIR: "/srv/rides",
    });
    expect(databaseUrl).toBe("file:/srv/rides/bpt.db");
    expect(databaseAuthToken).toBe("token");
    expect(primary).toEqual({ syncUrl, syncSeconds: 5 });
    expect(parseConfig({ DATABASE_SYNC_URL: syncUrl, DATABASE_URL: "file:/elsewhere.db" }).databaseUrl).toBe(
      "file:/elsewhere.db",
    );
  });

  test.each(["libsql://another.example.org", "https://another.example.org"])("is not %s", (url) => {
    expect(() => parseConfig({ DATABASE_SYNC_URL: syncUrl, DATABASE_URL: url })).toThrow(
      "DATABASE_SYNC_URL: is for a replica: DATABASE_URL must then be a file",
    );
  });

  test("is not one of a file", () => {
    expect(() => parseConfig({ DATABASE_SYNC_URL: "file:/elsewhere.db" })).toThrow("DATABASE_SYNC_URL:");
  });

  test.each(["1", "0.5", "86400"])("is synced every %s s", (interval) => {
    const { primary } = parseConfig({ DATABASE_SYNC_URL: syncUrl, DATABASE_SYNC_INTERVAL: interval });
    expect(primary?.syncSeconds).toBe(Number(interval));
  });

  test.each(["0", "-1", "86401", "Infinity", "soon"])("is not synced every %s s", (interval) => {
    expect(() => parseConfig({ DATABASE_SYNC_URL: syncUrl, DATABASE_SYNC_INTERVAL: interval })).toThrow(
      "DATABASE_SYNC_INTERVAL:",
    );
  });
});

describe("Redis", () => {
  const url = "https://redis.example.org";

  test("is configured by an address and a token", () => {
    const both = { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: "token" };
    expect(parseConfig(both).redis).toEqual({ url, token: "token" });
    const empty = { UPSTASH_REDIS_REST_URL: "", UPSTASH_REDIS_REST_TOKEN: "" };
    expect(parseConfig(empty).redis).toBeUndefined();
  });

  test.each([
    ["UPSTASH_REDIS_REST_TOKEN", { UPSTASH_REDIS_REST_URL: url }],
    ["UPSTASH_REDIS_REST_TOKEN", { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: "" }],
    ["UPSTASH_REDIS_REST_URL", { UPSTASH_REDIS_REST_TOKEN: "token" }],
  ])("is not configured without %s", (missing, environment) => {
    expect(() => parseConfig(environment)).toThrow(`${missing}: must be set too, or neither of the two`);
  });

  test.each(["redis://redis.example.org", "redis.example.org", "ftp://redis.example.org"])(
    "is not reached at %s",
    (address) => {
      const environment = { UPSTASH_REDIS_REST_URL: address, UPSTASH_REDIS_REST_TOKEN: "token" };
      expect(() => parseConfig(environment)).toThrow("UPSTASH_REDIS_REST_URL: must be an http");
    },
  );
});

test("what is wrong is told without the secrets beside it", () => {
  const secrets = { DATABASE_AUTH_TOKEN: "let-me-in-5ab4c", UPSTASH_REDIS_REST_TOKEN: "and-me-7d1f0" };
  const wrong = { DATABASE_SYNC_URL: "libsql:", JWT_SECRET: "short-9c2e" };
  expect(() => parseConfig({ ...secrets, ...wrong })).toThrow(
    expect.objectContaining({ message: expect.not.stringMatching(/5ab4c|7d1f0|9c2e/) }),
  );
});
