import { describe, expect, test } from "bun:test";
import { workouts } from "../../../src/db/schema.ts";
import { fieldsOf, registerRider, useService } from "../../support/accounts.ts";
import {
  change,
  complete,
  eachSecond,
  finishedRide,
  getWorkout,
  history,
  historyPage,
  startRide,
  trash,
} from "./rides.ts";

const service = useService();

const titles = async (query?: string) => (await history(service.rider, query)).map(({ title }) => title);
const refused = (query: string) => service.rider.refused("GET", `/api/workouts${query}`);

/** Rides of one sample each, at noon of the given days, under the day as title. */
async function ridesOn(days: readonly string[]): Promise<void> {
  for (const day of days) {
    await finishedRide(service.rider, [{ timestamp: Date.parse(`${day}T12:00:00Z`), power: 1 }], {
      title: day,
    });
  }
}

describe("pages", () => {
  test("who has never ridden has an empty one", async () => {
    expect(await historyPage(service.rider)).toEqual({
      workouts: [],
      pagination: { page: 1, limit: 20, total: 0, totalPages: 0 },
    });
  });

  test("are of 20, newest first, with nothing missing and nothing twice", async () => {
    const { rider } = service;
    for (let ride = 0; ride < 45; ride++) {
      await startRide(rider, { title: `${ride}` });
      // Some begin at the same moment.
      if (ride % 3 === 0) service.wait(1000);
    }
    const pages = await Promise.all([1, 2, 3].map((page) => historyPage(rider, `?page=${page}`)));
    expect(pages.map((page) => page.workouts.length)).toEqual([20, 20, 5]);
    expect(pages.map((page) => page.pagination)).toEqual(
      [1, 2, 3].map((page) => ({ page, limit: 20, total: 45, totalPages: 3 })),
    );
    const all = pages.flatMap((page) => page.workouts);
    expect(new Set(all.map(({ id }) => id)).size).toBe(45);
    const times = all.map(({ startTime }) => startTime);
    expect(times).toEqual(times.toSorted().toReversed());
    expect(await historyPage(rider, "?page=4")).toEqual({
      workouts: [],
      pagination: { page: 4, limit: 20, total: 45, totalPages: 3 },
    });
  });

  test("have the length that is asked for, up to 100", async () => {
    await ridesOn(["2026-01-01", "2026-01-02", "2026-01-03"]);
    expect(await titles("?limit=2")).toEqual(["2026-01-03", "2026-01-02"]);
    expect(await titles("?limit=2&page=2")).toEqual(["2026-01-01"]);
    expect((await historyPage(service.rider, "?limit=2")).pagination).toEqual({
      page: 1,
      limit: 2,
      total: 3,
      totalPages: 2,
    });
    expect((await historyPage(service.rider, "?limit=100")).pagination.limit).toBe(100);
    expect((await historyPage(service.rider, "?limit=3")).pagination.totalPages).toBe(1);
  });

  test("newest first is by when the rides were, not by when they were sent", async () => {
    await ridesOn(["2026-03-01", "2024-03-01", "2025-03-01"]);
    expect(await titles()).toEqual(["2026-03-01", "2025-03-01", "2024-03-01"]);
  });

  test("hold workouts without telemetry and without what only the service needs", async () => {
    const { rider } = service;
    const { id } = await finishedRide(rider, eachSecond(5), { title: "Ride" });
    const [listed] = await history(rider);
    expect(listed).toEqual(await getWorkout(rider, id));
    expect(Object.keys(listed ?? {}).sort()).toEqual(
      "createdAt description duration endTime id sport startTime status streamName summary title updatedAt userId".split(
        " ",
      ),
    );
  });

  test("are right over ten thousand workouts", async () => {
    const { rider, app } = service;
    const first = Date.UTC(2000, 0, 1);
    const rows = Array.from({ length: 10_000 }, (_, index) => ({
      id: Bun.randomUUIDv7(),
      userId: rider.userId,
      streamName: `ride-${index}`,
      title: `${index}`,
      // Neighbours share a start, as they would after an import.
      startTime: new Date(first + Math.floor(index / 2) * 3_600_000),
      status: index % 10 === 9 ? ("ARCHIVED" as const) : ("COMPLETED" as const),
      createdAt: new Date(first),
      updatedAt: new Date(first),
    }));
    await app.deps.database.transaction(async (transaction) => {
      for (let at = 0; at < rows.length; at += 1000)
        await transaction.insert(workouts).values(rows.slice(at, at + 1000));
    });

    const listed = rows.filter(({ status }) => status === "COMPLETED");
    const seen: string[] = [];
    for (let page = 1; page <= 90; page++) {
      const answer = await historyPage(rider, `?limit=100&page=${page}`);
      expect(answer.pagination).toEqual({ page, limit: 100, total: 9000, totalPages: 90 });
      seen.push(...answer.workouts.map(({ title }) => title ?? ""));
    }
    expect(seen.toSorted()).toEqual(listed.map(({ title }) => title).toSorted());
    const starts = seen.map((title) => Math.floor(Number(title) / 2));
    expect(starts).toEqual(starts.toSorted((a, b) => b - a));
    expect((await historyPage(rider, "?limit=100&page=91")).workouts).toEqual([]);
    expect((await historyPage(rider, "?limit=7&status=ARCHIVED&page=143")).workouts).toHaveLength(6);
    // Hours 100 to 149, both ends in, are rows 200 to 299, of which every tenth is archived.
    const from = new Date(first + 100 * 3_600_000).toISOString();
    const to = new Date(first + 149 * 3_600_000).toISOString();
    expect((await historyPage(rider, `?startDate=${from}&endDate=${to}`)).pagination.total).toBe(90);
  });
});

describe("filters", () => {
  test("by status; ARCHIVED and DELETED are there only when asked for", async () => {
    const { rider } = service;
    const active = await startRide(rider, { title: "active" });
    const paused = await startRide(rider, { title: "paused" });
    await change(rider, paused.id, "pause");
    await finishedRide(rider, [], { title: "completed" });
    const archived = await finishedRide(rider, [], { title: "archived" });
    await change(rider, archived.id, "archive");
    const deleted = await finishedRide(rider, [], { title: "deleted" });
    await trash(rider, deleted.id);

    expect((await titles()).toSorted()).toEqual(["active", "completed", "paused"]);
    for (const status of ["active", "paused", "completed", "archived", "deleted"]) {
      expect(await titles(`?status=${status.toUpperCase()}`)).toEqual([status]);
    }
    const { pagination } = await historyPage(rider);
    expect(pagination.total).toBe(3);
    await complete(rider, active.id);
    expect(await titles("?status=ACTIVE")).toEqual([]);
    expect(await titles("?q=archived")).toEqual([]);
  });

  test("by sport", async () => {
    await startRide(service.rider, { title: "road" });
    await startRide(service.rider, { title: "run", sport: "running" });
    await startRide(service.rider, { title: "trail", sport: "trail running" });
    expect(await titles("?sport=running")).toEqual(["run"]);
    expect(await titles("?sport=cycling")).toEqual(["road"]);
    expect(await titles("?sport=trail%20running")).toEqual(["trail"]);
    expect(await titles("?sport=%25")).toEqual([]);
    expect(await titles("?sport=swimming")).toEqual([]);
  });

  test("by sport without case, and by cycling as all kinds of it", async () => {
    for (const sport of ["cycling", "Gravel Bike", "gravel bike Ä", "RÜCKENSCHWIMMEN"])
      await startRide(service.rider, { title: sport, sport });
    expect(await titles("?sport=Cycling")).toEqual(["gravel bike Ä", "Gravel Bike", "cycling"]);
    expect(await titles("?sport=GRAVEL%20BIKE")).toEqual(["Gravel Bike"]);
    expect(await titles("?sport=Gravel%20Bike%20%C3%A4")).toEqual(["gravel bike Ä"]);
    expect(await titles("?sport=r%C3%BCckenschwimmen")).toEqual(["RÜCKENSCHWIMMEN"]);
    expect(await titles("?sport=ride")).toEqual([]);
  });

  test("by days, both in", async () => {
    await ridesOn(["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]);
    expect(await titles("?startDate=2026-01-03")).toEqual(["2026-01-04", "2026-01-03"]);
    expect(await titles("?endDate=2026-01-02")).toEqual(["2026-01-02", "2026-01-01"]);
    expect(await titles("?startDate=2026-01-02&endDate=2026-01-03")).toEqual(["2026-01-03", "2026-01-02"]);
    expect(await titles("?startDate=2026-01-02&endDate=2026-01-02")).toEqual(["2026-01-02"]);
    expect(await titles("?startDate=2026-01-03&endDate=2026-01-02")).toEqual([]);
  });

  test("by moments, both in, in any time zone", async () => {
    await ridesOn(["2026-01-01", "2026-01-02", "2026-01-03"]);
    expect(await titles("?startDate=2026-01-02T12:00:00Z")).toEqual(["2026-01-03", "2026-01-02"]);
    expect(await titles("?startDate=2026-01-02T12:00:00.001Z")).toEqual(["2026-01-03"]);
    expect(await titles("?endDate=2026-01-02T12:00:00.000Z")).toEqual(["2026-01-02", "2026-01-01"]);
    expect(await titles("?endDate=2026-01-02T11:59:59Z")).toEqual(["2026-01-01"]);
    expect(await titles("?startDate=2026-01-02T14:00:00%2B02:00")).toEqual(["2026-01-03", "2026-01-02"]);
    expect(await titles("?startDate=2026-01-02T14:00:01%2B02:00")).toEqual(["2026-01-03"]);
  });

  test.each([
    ["q=hill", ["Hill repeats", "Long ride"]],
    ["q=HILL", ["Hill repeats", "Long ride"]],
    ["q=repeats", ["Hill repeats"]],
    ["q=l+r", ["Hill repeats"]],
    ["q=100%25", ["100% effort"]],
    ["q=%25", ["100% effort"]],
    ["q=_", ["snake_case"]],
    ["q=e_c", ["snake_case"]],
    ["q=%5C", ["back\\slash"]],
    ["q=k%5Cs", ["back\\slash"]],
    ["q='", ["it's"]],
    ["q=%22", []],
    ["q=100_", []],
    ["q=%25%25", []],
    ["q=nothing", []],
  ])("by text in title and description: %s", async (query, expected) => {
    const { rider } = service;
    await startRide(rider, { title: "Hill repeats" });
    await startRide(rider, { title: "Long ride", description: "over the hills" });
    await startRide(rider, { title: "100% effort" });
    await startRide(rider, { title: "100 km" });
    await startRide(rider, { title: "snake_case" });
    await startRide(rider, { title: "back\\slash" });
    await startRide(rider, { title: "it's" });
    await startRide(rider);
    expect((await titles(`?${query}`)).toSorted()).toEqual(expected);
  });

  test("together", async () => {
    const { rider } = service;
    const noon = [{ timestamp: Date.UTC(2026, 0, 2, 12), power: 1 }];
    await finishedRide(rider, noon, { title: "match" });
    await finishedRide(rider, noon, { title: "match, another sport", sport: "running" });
    await finishedRide(rider, [{ timestamp: Date.UTC(2026, 0, 3, 12) }], { title: "match, another day" });
    await finishedRide(rider, noon, { title: "another text" });
    await startRide(rider, { title: "match, unfinished" });
    const query = "?status=COMPLETED&sport=cycling&startDate=2026-01-02&endDate=2026-01-02&q=match";
    expect(await titles(query)).toEqual(["match"]);
    expect((await historyPage(rider, query)).pagination).toMatchObject({ total: 1, totalPages: 1 });
  });

  test("show nothing of others", async () => {
    const other = await registerRider(service.app);
    await startRide(other, { title: "theirs" });
    expect(await titles()).toEqual([]);
    expect(await titles("?q=theirs")).toEqual([]);
    expect(await titles("?status=ACTIVE")).toEqual([]);
    expect(await titles(`?userId=${other.userId}`)).toEqual([]);
  });
});

test.each([
  ["page", "0"],
  ["page", "-1"],
  ["page", "1.5"],
  ["page", "one"],
  ["page", ""],
  ["limit", "0"],
  ["limit", "101"],
  ["limit", "-5"],
  ["limit", "all"],
  ["limit", "2.5"],
  ["status", "FINISHED"],
  ["status", "active"],
  ["status", ""],
  ["startDate", "yesterday"],
  ["startDate", "2026-02-30"],
  ["startDate", "2026-13-01"],
  ["startDate", "01.02.2026"],
  ["startDate", "1767225600000"],
  ["endDate", "2026-01-01T25:00:00Z"],
  ["endDate", "2026-01-01T10:00:00"],
  ["endDate", "now"],
])("%s=%s is refused, with the field named", async (field, value) => {
  const refusal = await refused(`?${field}=${value}`);
  expect(refusal).toMatchObject({ status: 400, code: "invalid_input" });
  expect(fieldsOf(refusal)).toEqual([field]);
});

test("a text longer than any title is refused", async () => {
  const refusal = await refused(`?q=${"a".repeat(201)}`);
  expect([refusal.status, ...fieldsOf(refusal)]).toEqual([400, "q"]);
});

test("every field that is wrong is named at once", async () => {
  const refusal = await refused("?page=0&limit=101&status=X&startDate=x&endDate=y");
  expect(fieldsOf(refusal)).toEqual(["page", "limit", "status", "startDate", "endDate"]);
});

test("a parameter given twice is refused, not guessed", async () => {
  expect(await refused("?page=1&page=2")).toMatchObject({ status: 400 });
  expect(await refused("?status=ACTIVE&status=DELETED")).toMatchObject({ status: 400 });
});

test("a search, and sums, over more rides than are looked into at once miss none and count none twice", async () => {
  const { app, rider } = service;
  // Some in the same millisecond, and more of them than are looked into at once.
  const startTimes = [...Array(1200).fill(5000), ...Array.from({ length: 2300 }, (_, ride) => ride)];
  const rows = startTimes.map((startTime, ride) => ({
    id: Bun.randomUUIDv7(),
    userId: rider.userId,
    streamName: `ride-${ride}`,
    title: ride % 7 === 0 ? `Over the pass ${ride}` : null,
    startTime: new Date(startTime),
    duration: 60,
    status: "COMPLETED" as const,
    createdAt: new Date(0),
    updatedAt: new Date(0),
  }));
  for (let start = 0; start < rows.length; start += 500) {
    await app.deps.database.insert(workouts).values(rows.slice(start, start + 500));
  }
  const wanted = rows
    .filter(({ title }) => title !== null)
    .sort((a, b) => b.startTime.getTime() - a.startTime.getTime() || (a.id < b.id ? 1 : -1));
  const found: string[] = [];
  for (let page = 1; ; page += 1) {
    const answer = await rider.ok<{ workouts: { id: string }[]; pagination: { total: number } }>(
      `/api/workouts?q=pass&limit=100&page=${page}`,
    );
    expect(answer.pagination.total).toBe(500);
    if (answer.workouts.length === 0) break;
    found.push(...answer.workouts.map(({ id }) => id));
  }
  expect(found).toEqual(wanted.map(({ id }) => id));
  expect(await rider.ok<object>("/api/users/me/stats")).toMatchObject({
    totalWorkouts: 3500,
    totalDuration: 3500 * 60,
  });
});
