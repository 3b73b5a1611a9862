import { afterAll, beforeAll, expect, expectTypeOf, test } from "bun:test";
import { type Client, createClient } from "bike-power-tracker-service/client";
import { DetailedError, parseResponse } from "hono/client";
import { createTestApp, type TestApp } from "./support/app.ts";
import { madeUpRide } from "./support/rides.ts";

let app: TestApp;
let stranger: Client;
let rider: Client;
beforeAll(async () => {
  app = await createTestApp();
  stranger = clientWith({});
  const account = { email: "rider@example.org", password: "up the long hill" };
  const { accessToken } = await parseResponse(stranger.api.auth.register.$post({ json: account }));
  rider = clientWith({ token: accessToken });
});
afterAll(() => app.close());

function clientWith(credentials: { token?: string; apiKey?: string }): Client {
  return createClient("http://bpt.test", {
    ...credentials,
    fetch: async (input: string | URL | Request, init?: RequestInit) => app.request(String(input), init),
  });
}

test("a whole ride, by the typed client", async () => {
  const { key } = await parseResponse(rider.api["api-keys"].$post({ json: { name: "phone" } }));
  const phone = clientWith({ apiKey: key }).api;
  await parseResponse(phone.users[":userId"].ftp.$put({ param: { userId: "me" }, json: { ftp: 250 } }));

  const ride = madeUpRide(120, app.clock.time);
  const [first, ...others] = ride;
  const { workout } = await parseResponse(phone.workouts.$post({ json: { title: "Evening ride" } }));
  const param = { name: workout.streamName };
  const posted = await parseResponse(
    phone.streams[":name"].messages.$post({ param, json: { message: { ...first } } }),
  );
  const { accepted, lastMessageId } = await parseResponse(
    phone.streams[":name"].messages.batch.$post({ param, json: { messages: others } }),
  );
  expect(accepted).toBe(119);
  const page = await parseResponse(
    phone.streams[":name"].messages.$get({ param, query: { start: posted.messageId, count: 1000 } }),
  );
  expect(page.messages).toHaveLength(120);
  expect(page.messages.at(-1)?.id).toBe(lastMessageId);

  const byId = { param: { id: workout.id } };
  const completed = await parseResponse(phone.workouts[":id"].complete.$post({ ...byId, json: {} }));
  expect(completed.workout.status).toBe("COMPLETED");
  expect(completed.workout.summary?.sampleCount).toBe(120);
  expect(completed.newRecords.map(({ metric }) => metric)).toContain("power");

  const { workouts, pagination } = await parseResponse(
    phone.workouts.$get({ query: { limit: 5, q: "evening" } }),
  );
  expect(workouts.map(({ id }) => id)).toEqual([workout.id]);
  expect(pagination.total).toBe(1);
  const csv = await phone.workouts[":id"].telemetry.$get({ ...byId, query: { format: "csv" } });
  expect((await csv.text()).split("\r\n")).toHaveLength(122);
  const { records } = await parseResponse(phone.records.$get({ query: {} }));
  expect(records[0]?.workoutId).toBe(workout.id);
  expect((await phone.workouts[":id"].$delete({ ...byId, query: { permanent: "true" } })).status).toBe(200);
});

test("a call that is refused throws, with what the service said", async () => {
  const asking = parseResponse(stranger.api.users.me.$get());
  const error = await asking.catch((error: unknown) => error);
  expect(error).toBeInstanceOf(DetailedError);
  expect(error).toMatchObject({ statusCode: 401, detail: { data: { code: "unauthenticated" } } });
});

test("addresses can be had without a call", () => {
  const url = rider.api.streams[":name"].listen.$url({ param: { name: "evening" }, query: { from: "-" } });
  expect(url.href).toBe("http://bpt.test/api/streams/evening/listen?from=-");
});

test("answers and inputs have types", () => {
  const complete = rider.api.workouts[":id"].complete.$post;
  type Completed = Awaited<ReturnType<Awaited<ReturnType<typeof complete>>["json"]>>;
  expectTypeOf<Completed["workout"]["startTime"]>().toEqualTypeOf<string>();
  expectTypeOf<Completed["workout"]["status"]>().toEqualTypeOf<
    "ACTIVE" | "PAUSED" | "COMPLETED" | "ARCHIVED" | "DELETED"
  >();
  expectTypeOf<NonNullable<Completed["workout"]["summary"]>["avgPower"]>().toEqualTypeOf<number | null>();
  expectTypeOf<Completed["newRecords"][number]["metric"]>().toEqualTypeOf<"power" | "heartrate" | "speed">();
  const post = rider.api.streams[":name"].messages.$post;
  type Posted = Awaited<ReturnType<Awaited<ReturnType<typeof post>>["json"]>>;
  expectTypeOf<Posted>().toEqualTypeOf<{ success: true; messageId: string; streamName: string }>();
  const list = rider.api.streams[":name"].messages.$get;
  type Listed = Awaited<ReturnType<Awaited<ReturnType<typeof list>>["json"]>>;
  expectTypeOf<Listed["streamName"]>().toEqualTypeOf<string>();
  expectTypeOf<Listed["messages"][number]["id"]>().toEqualTypeOf<string>();
  expectTypeOf<Listed["messages"][number]["data"]["author"]>().toEqualTypeOf<string | undefined>();
  expectTypeOf<Listed["messages"][number]["data"]["timestamp"]>().toEqualTypeOf<number>();
  type Completing = Parameters<typeof complete>[0];
  expectTypeOf<{ param: { id: string }; json: { archiveTelemetry: false } }>().toExtend<Completing>();
  expectTypeOf<{ param: { id: string }; json: { archiveTelemetry: "no" } }>().not.toExtend<Completing>();
  type Listing = NonNullable<Parameters<typeof rider.api.workouts.$get>[0]>["query"];
  expectTypeOf<Listing["limit"]>().toEqualTypeOf<string | number | undefined>();
});
