import { expect, jest, test } from "bun:test";
import { createTimetable } from "../src/timetable.ts";

const HOUR_MS = 3_600_000;

/** Due every hour; work takes until it is told to end, and whether it is then done. */
function hourly(start: number) {
  const clock = { time: start };
  const begun: number[] = [];
  let working = Promise.withResolvers<boolean>();
  const timetable = createTimetable(
    "0 * * * *",
    () => clock.time,
    (due) => {
      begun.push(due.getTime());
      working = Promise.withResolvers();
      return working.promise;
    },
  );
  return { clock, begun, timetable, end: (isDone = true) => working.resolve(isDone) };
}

const ELEVEN = Date.UTC(2026, 5, 1, 11);

test("what is due is begun once, however often it is looked for and however much was missed", async () => {
  const { clock, begun, timetable, end } = hourly(ELEVEN + 5 * 60_000);
  const first = timetable.runIfDue();
  const second = timetable.runIfDue();
  end();
  await Promise.all([first, second]);
  await timetable.runIfDue();
  expect(begun).toEqual([ELEVEN]);

  clock.time += 7 * HOUR_MS;
  const later = timetable.runIfDue();
  end();
  await later;
  expect(begun).toEqual([ELEVEN, ELEVEN + 7 * HOUR_MS]);
  await timetable.stop();
});

test("a stop waits for the work at hand", async () => {
  const { timetable, end } = hourly(ELEVEN + 1);
  timetable.runIfDue();
  let stopped = false;
  const stopping = timetable.stop().then(() => {
    stopped = true;
  });
  await Bun.sleep(0);
  expect(stopped).toBe(false);
  end();
  await stopping;
});

test("a clock that is set back a little brings nothing up again", async () => {
  const { clock, begun, timetable, end } = hourly(ELEVEN + 5000);
  const first = timetable.runIfDue();
  end();
  await first;
  clock.time -= 4000;
  await timetable.runIfDue();
  expect(begun).toEqual([ELEVEN]);
  await timetable.stop();
});

test("a clock that was ahead keeps nothing from being done once it is right", async () => {
  const { clock, begun, timetable, end } = hourly(ELEVEN + 10_000 * HOUR_MS + 1);
  for (const time of [clock.time, ELEVEN + 1, ELEVEN + 2, ELEVEN + HOUR_MS + 1]) {
    clock.time = time;
    const looked = timetable.runIfDue();
    end();
    await looked;
  }
  expect(begun).toEqual([ELEVEN + 10_000 * HOUR_MS, ELEVEN, ELEVEN + HOUR_MS]);
  await timetable.stop();
});

test("what could not be done is tried again an hour later, until it is", async () => {
  const clock = { time: ELEVEN };
  const begun: number[] = [];
  const timetable = createTimetable(
    "0 2 * * *",
    () => clock.time,
    async () => begun.push(clock.time) === 3,
  );
  for (const minutes of [0, 1, 58, 1, 30, 30, 60, 120]) {
    clock.time += minutes * 60_000;
    await timetable.runIfDue();
  }
  expect(begun).toEqual([ELEVEN, ELEVEN + HOUR_MS, ELEVEN + 2 * HOUR_MS]);
  await timetable.stop();
});

test("it looks by itself, soon after the start and then every minute, wherever the clock goes", async () => {
  jest.useFakeTimers({ now: ELEVEN + 10_000 * HOUR_MS });
  try {
    const { clock, begun, timetable, end } = hourly(ELEVEN + 1);
    jest.setSystemTime(ELEVEN);
    jest.advanceTimersByTime(4 * 60_000);
    expect(begun).toEqual([]);
    jest.advanceTimersByTime(60_000);
    expect(begun).toEqual([ELEVEN]);
    end();
    await timetable.runIfDue();
    clock.time += HOUR_MS;
    jest.advanceTimersByTime(60_000);
    expect(begun).toEqual([ELEVEN, ELEVEN + HOUR_MS]);
    end();
    await timetable.stop();
  } finally {
    jest.useRealTimers();
  }
});
