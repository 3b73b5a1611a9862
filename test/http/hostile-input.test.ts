import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { createApp } from "../../src/app.ts";
import { validatedBy } from "../../src/http/validate.ts";
import { eachSecond, finishedRide, startRide } from "../features/workouts/rides.ts";
import { type Rider, registerRider } from "../support/accounts.ts";
import { createTestApp, type TestApp } from "../support/app.ts";

type Route = { method: string; path: string; fields: string[]; parameters: string[] };

let app: TestApp;
let rider: Rider;
let routes: Route[];
let ids: string[];
beforeAll(async () => {
  app = await createTestApp({ REGISTRATION: "open" });
  rider = await registerRider(app);
  const finished = await finishedRide(rider, eachSecond(100));
  const active = await startRide(rider, { streamName: "ride" });
  ids = [finished.id, active.id, "ride", "me", rider.userId];
  routes = routesOf(app);
});
afterAll(() => app.close());

/** The one that ends the account, and those whose answers do not end. */
const LEFT_OUT = /^DELETE \/api\/users\/me$|\/listen(All)?$/;

/** Each with the names of what it takes in its body and its query. */
function routesOf({ deps }: TestApp): Route[] {
  const all = createApp(deps).routes.filter(
    ({ method, path }) => method !== "ALL" && !LEFT_OUT.test(`${method} ${path}`),
  );
  return [...Map.groupBy(all, ({ method, path }) => `${method} ${path}`)].map(([name, handlers]) => {
    const [method = "", path = ""] = name.split(" ");
    const inputs = handlers.flatMap(({ handler }) => validatedBy(handler) ?? []);
    const namesIn = (target: string) =>
      inputs.flatMap((input) =>
        input.target === target && "shape" in input.schema ? Object.keys(input.schema.shape as object) : [],
      );
    return { method, path, fields: namesIn("json"), parameters: namesIn("query") };
  });
}

/** Texts that parsers, SQLite, dates and numbers take amiss. */
const text = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    "\0",
    "a\0b",
    "\ud800",
    "\udfff\ud800",
    "\uffff",
    "\u202e",
    "'",
    "' OR 1=1 --",
    "%",
    "_",
    "\\",
    "../..",
    "null",
    "NaN",
    "-0",
    "1e999",
    "9".repeat(400),
    "0x10",
    "2026-02-30",
    "2026-13-01",
    "+275760-09-13T00:00:00.001Z",
    "-000001-01-01T00:00:00Z",
    "2026-06-01T00:00:00+99:99",
    "99999-1-1",
    "Europe/Nowhere",
    "__proto__",
    "constructor",
    "9223372036854775808-0",
    "18446744073709551616-1",
    "1-999999999999999",
    "a".repeat(5000),
    "🚴".repeat(100),
    "[object Object]",
    "file:///etc/passwd",
    "http://[",
    "true",
  ),
  fc.string({ unit: "binary", maxLength: 20 }),
);
const number = fc.oneof(
  fc.constantFrom(
    0,
    -0,
    -1,
    0.5,
    1e308,
    -1e308,
    5e-324,
    2 ** 53,
    -(2 ** 53),
    2 ** 63,
    1e21,
    8.64e15,
    8.65e15,
    253402300800000,
  ),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const value = fc.oneof(
  text,
  number,
  fc.constantFrom(null, true, false, [], {}, [[]], { a: null }),
  fc.jsonValue({ maxDepth: 3 }),
);

async function expectNoFailure(path: string, init: Parameters<Rider["request"]>[1]): Promise<void> {
  const response = await rider.request(path, init);
  const { status } = response;
  const body = await response.text();
  if (status >= 500) throw new Error(`${init?.method} ${path} ${JSON.stringify(init)} → ${status} ${body}`);
}

/** For each route; some hundreds found nothing either. */
const ROUNDS = 12;

test("no route fails at what anybody may send in its path and query", async () => {
  for (const { method, path, parameters } of routes) {
    const segment = fc.oneof(fc.constantFrom(...ids), text);
    const query = fc.array(
      fc.tuple(
        fc.oneof(fc.constantFrom("x", "x[a][b]", "x[]", ...parameters, ...parameters, ...parameters), text),
        text,
      ),
      { maxLength: 5 },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(segment, { minLength: 3, maxLength: 3 }), query, async (segments, pairs) => {
        let index = 0;
        const address = path.replaceAll(/:\w+/g, () => encode(segments[index++] ?? ""));
        const search = pairs.map(([name, text]) => `${encode(name)}=${encode(text)}`).join("&");
        await expectNoFailure(`${address}?${search}`, { method, ...(method !== "GET" && { json: {} }) });
      }),
      { numRuns: ROUNDS },
    );
  }
}, 120_000);

/** Of half a character too, as it comes over the wire: bytes that are none. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()) + (text.isWellFormed() ? "" : "%ED%A0%80");
}

test("no route fails at what anybody may send as its body", async () => {
  for (const { method, path, fields } of routes.filter(({ method }) => method !== "GET")) {
    const body = fc.oneof(
      fc
        .dictionary(fc.oneof(fc.constantFrom(...fields, "a"), text), value)
        .map((body) => JSON.stringify(body)),
      fc
        .subarray(fields)
        .chain((some) => fc.tuple(...some.map((field) => value.map((value) => [field, value] as const))))
        .map((pairs) => JSON.stringify(Object.fromEntries(pairs))),
      value.map((value) => JSON.stringify(value)),
      text,
    );
    const type = fc.constantFrom(
      "application/json",
      "application/json; charset=utf-16",
      "application/x-ndjson",
      "text/plain",
      "multipart/form-data; boundary=x",
      "",
      "a\u00e9",
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...ids), body, type, async (id, body, type) => {
        const address = path.replaceAll(/:\w+/g, id);
        await expectNoFailure(address, { method, body, headers: { "Content-Type": type } });
      }),
      { numRuns: ROUNDS },
    );
  }
}, 240_000);

test("no route fails at what anybody may send in headers", async () => {
  const names = [
    "Authorization",
    "X-API-Key",
    "Last-Event-ID",
    "Content-Type",
    "Accept",
    "Accept-Encoding",
    "If-None-Match",
    "X-Request-Id",
    "Origin",
    "Sec-Fetch-Site",
    "Host",
    "Forwarded",
    "Content-Length",
  ];
  const header = fc.tuple(
    fc.constantFrom(...names),
    text.map((text) =>
      Buffer.from(text.toWellFormed())
        .toString("latin1")
        .replaceAll(/[\0\r\n]/g, "")
        .trim(),
    ),
  );
  for (const { method, path } of routes) {
    await fc.assert(
      fc.asyncProperty(fc.array(header, { maxLength: 4 }), async (headers) => {
        const address = path.replaceAll(/:\w+/g, "ride");
        const response = await app.request(address, {
          method,
          headers: Object.fromEntries(headers),
          ...(method !== "GET" && { body: "{}" }),
        });
        expect({ address, headers, status: response.status < 500 ? 0 : await response.text() }).toMatchObject(
          { status: 0 },
        );
        await response.body?.cancel();
      }),
      { numRuns: ROUNDS },
    );
  }
}, 120_000);
