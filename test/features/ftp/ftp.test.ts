import { describe, expect, test } from "bun:test";
import { fieldsOf, type Rider, registerRider, useService } from "../../support/accounts.ts";
import { type FtpEntry, setFtp, setTimeZone } from "../analysis/analysis.ts";

const service = useService();

function historyOf(rider: Rider): Promise<FtpEntry[]> {
  return rider.ok("/api/users/me/ftp-history");
}

/** The instant from which an FTP set for a day or an instant holds. */
async function effective(from: string): Promise<string> {
  return (await setFtp(service.rider, 250, from)).effectiveFrom;
}

test("an FTP holds from now on, if nothing else is said", async () => {
  const { rider, app } = service;
  const now = new Date(app.clock.time).toISOString();
  const { rederiving, ...entry } = await setFtp(rider, 250);
  expect(entry).toEqual({
    id: expect.any(String),
    userId: rider.userId,
    ftp: 250,
    sport: "cycling",
    source: null,
    effectiveFrom: now,
    createdAt: now,
  });
  expect(rederiving).toEqual({ rides: 0, remaining: 0 });
  expect(await historyOf(rider)).toEqual([entry]);
});

test("it may say where it comes from", async () => {
  const { rider } = service;
  await rider.send("PUT", "/api/users/me/ftp", { ftp: 250, source: "  ramp test " });
  expect(await historyOf(rider)).toMatchObject([{ source: "ramp test" }]);
  service.wait(1000);
  await rider.send("PUT", "/api/users/me/ftp", { ftp: 251, source: null });
  expect(await historyOf(rider)).toMatchObject([{ source: null }, { source: "ramp test" }]);
});

test.each([1, 2000])("%d W is possible", async (ftp) => {
  expect(await setFtp(service.rider, ftp)).toMatchObject({ ftp });
});

describe("a day is meant", () => {
  test("from its first moment on, in the rider's time zone", async () => {
    const { rider } = service;
    expect(await effective("2026-03-29")).toBe("2026-03-29T00:00:00.000Z");
    await setTimeZone(rider, "Europe/Berlin");
    // Berlin is at UTC+1 until the night of the 29th of March, then at UTC+2.
    expect(await effective("2026-03-29")).toBe("2026-03-28T23:00:00.000Z");
    expect(await effective("2026-03-30")).toBe("2026-03-29T22:00:00.000Z");
    await setTimeZone(rider, "America/Sao_Paulo");
    // Midnight was skipped: the day began at one o'clock, UTC−2.
    expect(await effective("2018-11-04")).toBe("2018-11-04T03:00:00.000Z");
  });

  test("an instant as it is, wherever the rider is", async () => {
    await setTimeZone(service.rider, "Asia/Tokyo");
    expect(await effective("2026-03-29T18:30:00+02:00")).toBe("2026-03-29T16:30:00.000Z");
    expect(await effective("2026-03-29T18:30:00.123Z")).toBe("2026-03-29T18:30:00.123Z");
  });
});

describe("the history", () => {
  test("is empty at first", async () => {
    expect(await historyOf(service.rider)).toEqual([]);
  });

  test("is newest first, by when they hold and not by when they were set", async () => {
    const { rider } = service;
    await setFtp(rider, 240, "2026-03-01");
    await setFtp(rider, 260, "2027-01-01");
    await setFtp(rider, 220, "2025-03-01");
    await setFtp(rider, 250);
    expect((await historyOf(rider)).map(({ ftp }) => ftp)).toEqual([260, 250, 240, 220]);
  });

  test("keeps all that were set for a day, the one that holds first", async () => {
    const { rider } = service;
    const guess = { ftp: 240, source: "guess", effectiveFrom: "2026-03-01" };
    await rider.send("PUT", "/api/users/me/ftp", guess);
    await setFtp(rider, 200, "2026-02-01");
    service.wait(1000);
    const { rederiving, ...entry } = await setFtp(rider, 250, "2026-03-01T01:00:00+01:00");
    expect(entry).toMatchObject({ ftp: 250, source: null, effectiveFrom: "2026-03-01T00:00:00.000Z" });
    const history = await historyOf(rider);
    expect(history).toEqual([
      entry,
      expect.objectContaining({ ftp: 240, source: "guess" }),
      expect.objectContaining({ ftp: 200 }),
    ]);
  });

  test("survives a restart", async () => {
    const { rider, app } = service;
    await setFtp(rider, 250, "2026-03-01");
    const history = await historyOf(rider);
    await app.reopen();
    expect(await historyOf(rider)).toEqual(history);
  });
});

describe("whose it is", () => {
  test("one's own id means the same as me", async () => {
    const { rider } = service;
    await rider.send("PUT", `/api/users/${rider.userId}/ftp`, { ftp: 250 });
    expect(await rider.ok<FtpEntry[]>(`/api/users/${rider.userId}/ftp-history`)).toEqual(
      await historyOf(rider),
    );
    expect(await rider.ok<object>(`/api/users/${rider.userId}/rederiving`)).toEqual({ remaining: 0 });
  });

  test("another's is not there, whether there is such a rider or not", async () => {
    const { rider, app } = service;
    const other = await registerRider(app);
    await setFtp(other, 300);
    for (const userId of [other.userId, Bun.randomUUIDv7(), "nobody", "ME"]) {
      const path = `/api/users/${userId}`;
      const refusals = [
        await rider.refused("PUT", `${path}/ftp`, { json: { ftp: 200 } }),
        await rider.refused("GET", `${path}/ftp-history`),
        await rider.refused("GET", `${path}/rederiving`),
      ];
      for (const refusal of refusals) expect(refusal).toMatchObject({ status: 404, code: "user_not_found" });
    }
    expect(await historyOf(rider)).toEqual([]);
    expect(await historyOf(other)).toMatchObject([{ ftp: 300 }]);
  });

  test("without credentials there is none", async () => {
    const { app } = service;
    const put = await app.request("/api/users/me/ftp", { method: "PUT", json: { ftp: 250 } });
    expect(put.status).toBe(401);
    expect((await app.request("/api/users/me/ftp-history")).status).toBe(401);
  });
});

test.each([
  ["ftp", {}],
  ["ftp", { ftp: null }],
  ["ftp", { ftp: "250" }],
  ["ftp", { ftp: 0 }],
  ["ftp", { ftp: -200 }],
  ["ftp", { ftp: 2001 }],
  ["ftp", { ftp: 250.5 }],
  ["sport", { ftp: 250, sport: "" }],
  ["sport", { ftp: 250, sport: null }],
  ["sport", { ftp: 250, sport: "x".repeat(51) }],
  ["source", { ftp: 250, source: 5 }],
  ["source", { ftp: 250, source: "x".repeat(101) }],
  ["source", { ftp: 250, source: "a\0b" }],
  ["effectiveFrom", { ftp: 250, effectiveFrom: "yesterday" }],
  ["effectiveFrom", { ftp: 250, effectiveFrom: "2026-02-29" }],
  ["effectiveFrom", { ftp: 250, effectiveFrom: "2026-02-01T10:00:00" }],
  ["effectiveFrom", { ftp: 250, effectiveFrom: 1_780_000_000_000 }],
  ["effectiveFrom", { ftp: 250, effectiveFrom: "" }],
])("%#: a bad %s is refused, and nothing kept of it", async (field, json) => {
  const refusal = await service.rider.refused("PUT", "/api/users/me/ftp", { json });
  expect(refusal).toMatchObject({ status: 400, code: "invalid_input" });
  expect(fieldsOf(refusal)).toEqual([field]);
  expect(await historyOf(service.rider)).toEqual([]);
});
