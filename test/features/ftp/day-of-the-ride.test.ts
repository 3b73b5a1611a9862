import { describe, expect, test } from "bun:test";
import { useService } from "../../support/accounts.ts";
import { setFtp, setTimeZone } from "../analysis/analysis.ts";
import { sendBatch } from "../streams/streams.ts";
import { complete, eachSecond, getWorkout, startRide, summaryOf } from "../workouts/rides.ts";
import { AT_250, ftpsOf, rideMinute, WITHOUT_FTP } from "./minute.ts";

const service = useService();

const ride = (time: string) => rideMinute(service.rider, time);
const ftps = (...ids: string[]) => ftpsOf(service.rider, ...ids);

describe("the FTP of a ride is that of its day", () => {
  test("set in the evening it holds for the morning's ride, not for yesterday's", async () => {
    const { rider } = service;
    const yesterday = await ride("2026-05-03T23:59:59.999Z");
    const morning = await ride("2026-05-04T00:00:00Z");
    const tomorrow = await ride("2026-05-05T10:00:00Z");
    await setFtp(rider, 250, "2026-05-04T20:00:00Z");
    expect(await ftps(yesterday, morning, tomorrow)).toEqual([null, 250, 250]);
    expect(await summaryOf(rider, morning)).toMatchObject(AT_250);
    expect(await summaryOf(rider, yesterday)).toMatchObject(WITHOUT_FTP);
    // So it is for rides completed later.
    expect(await ftps(await ride("2026-05-04T06:00:00Z"), await ride("2026-05-03T06:00:00Z"))).toEqual([
      250,
      null,
    ]);
  });

  test("of two on one day the one that was set last counts: the first was a mistake", async () => {
    const { rider } = service;
    const id = await ride("2026-05-04T10:00:00Z");
    await setFtp(rider, 250, "2026-05-04T20:00:00Z");
    expect((await setFtp(rider, 400, "2026-05-04")).rederiving).toEqual({ rides: 1, remaining: 0 });
    expect(await ftps(id)).toEqual([400]);
    await setFtp(rider, 200, "2026-05-04T03:00:00Z");
    expect(await ftps(id)).toEqual([200]);
  });

  test("by the rider's time zone, which may change", async () => {
    const { rider } = service;
    await setTimeZone(rider, "America/Los_Angeles");
    // There, 20:00 of the 3rd, 01:00 of the 4th and 20:00 of the 4th.
    const ids = [
      await ride("2026-05-04T03:00:00Z"),
      await ride("2026-05-04T08:00:00Z"),
      await ride("2026-05-05T03:00:00Z"),
    ];
    const far = await ride("2026-04-01T10:00:00Z");
    await setFtp(rider, 250, "2026-05-04T19:00:00Z");
    expect(await ftps(...ids)).toEqual([null, 250, 250]);
    const [untouched, unaffected] = [await getWorkout(rider, far), await getWorkout(rider, ids[2] ?? "")];
    // It was set for the 4th. In UTC the first ride is of the 4th too, …
    await setTimeZone(rider, null);
    expect(await ftps(...ids)).toEqual([250, 250, 250]);
    // … and in Midway, 11 h behind, the first two are of the 3rd.
    await setTimeZone(rider, "Pacific/Midway");
    expect(await ftps(...ids)).toEqual([null, null, 250]);
    expect(await getWorkout(rider, far)).toEqual(untouched);
    expect(await getWorkout(rider, ids[2] ?? "")).toEqual(unaffected);
  });

  // that the 31st of October has an hour after the first minute of the 1st of November; startOfDay() of the 1st is
  // ahead of that hour, and markFtpChanged() marks no ride in it.
  test("a day that goes on after the next one had begun", async () => {
    const { rider } = service;
    await setTimeZone(rider, "America/St_Johns");
    // 23:30 of the 31st, for the second time.
    const id = await ride("2009-11-01T03:00:00Z");
    await setFtp(rider, 250, "2009-11-01T12:00:00Z");
    expect(await ftps(id)).toEqual([null]);
    await setFtp(rider, 200, "2009-10-31T12:00:00Z");
    expect(await ftps(id)).toEqual([200]);
  });
});

test("the summary of a ride under way goes by the FTP of its day, and needs no deriving again", async () => {
  const { rider } = service;
  const { id, streamName } = await startRide(rider);
  await sendBatch(rider, streamName, eachSecond(60, { power: 200 }));
  expect(await summaryOf(rider, id)).toMatchObject(WITHOUT_FTP);
  expect((await setFtp(rider, 250, "2026-05-01")).rederiving).toEqual({ rides: 0, remaining: 0 });
  expect(await summaryOf(rider, id)).toMatchObject(AT_250);
  await setFtp(rider, 400, "2026-06-02");
  expect((await complete(rider, id)).workout.summary).toMatchObject(AT_250);
});
