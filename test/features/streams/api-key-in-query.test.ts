import { expect, test } from "bun:test";
import { createApp } from "../../../src/app.ts";
import { refusal, useService } from "../../support/accounts.ts";
import { append, streamNames } from "./streams.ts";

const service = useService();

/** Every route of streams and workouts, with parameters filled in. */
function routes(): { method: string; path: string }[] {
  const all = createApp(service.app.deps).routes.filter(
    ({ method, path }) => method !== "ALL" && /^\/api\/(streams|workouts)\b/.test(path),
  );
  const unique = new Map(all.map((route) => [`${route.method} ${route.path}`, route]));
  return [...unique.values()].map(({ method, path }) => ({ method, path: path.replace(/:\w+/g, "ride") }));
}

const LISTENING = ["GET /api/streams/listenAll", "GET /api/streams/ride/listen"];

test("an API key in the query opens the two routes that send events, and no other", async () => {
  const { app, rider } = service;
  await append(rider, "ride", "hello");
  const opened: string[] = [];
  for (const { method, path } of routes()) {
    const response = await app.request(`${path}?apiKey=${rider.apiKey}`, { method });
    if (response.status === 200) {
      opened.push(`${method} ${path}`);
      await response.body?.cancel();
    } else {
      expect(await refusal(response)).toMatchObject({ status: 401, code: "unauthenticated" });
    }
  }
  expect(routes().length).toBeGreaterThanOrEqual(20);
  expect(opened.sort()).toEqual(LISTENING);
  expect(await streamNames(rider)).toEqual(["ride"]);
});

test("without credentials no route answers", async () => {
  for (const { method, path } of routes()) {
    const { status, code } = await refusal(await service.app.request(path, { method }));
    expect({ method, path, status, code }).toEqual({ method, path, status: 401, code: "unauthenticated" });
  }
});

test("a key in the query has to be a good one", async () => {
  for (const path of ["/api/streams/listenAll", "/api/streams/ride/listen"]) {
    for (const key of ["", "bpt_wrong", "%20"]) {
      expect((await service.app.request(`${path}?apiKey=${key}`)).status).toBe(401);
    }
  }
});

test("where a key may be in the query, other methods still may not have it there", async () => {
  const { app, rider } = service;
  await append(rider, "listenAll", "hello");
  for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
    expect((await app.request(`/api/streams/listenAll?apiKey=${rider.apiKey}`, { method })).status).toBe(401);
  }
  expect(await streamNames(rider)).toEqual(["listenAll"]);
});
