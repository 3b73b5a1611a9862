import { expect, test } from "bun:test";
import { createTimetable } from "../src/timetable.ts";

const HOUR_MS = 3_600_000;

/** Due every hour; work takes until it is told to end. */
function hourly(start: number) {
  const clock = { time: start };
  const begun: number[] = [];
  let working = Promise.withResolvers<void>();
  const timetable = createTimetable(
    "0 * * * *",
    () => clock.time,
    (due) => {
      begun.push(due.getTime());
      working = Promise.withResolvers();
      return working.promise;
    },
  );
  return { clock, begun, timetable, end: () => working.resolve() };
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

test("a clock that is set back brings nothing up again", async () => {
  const { clock, begun, timetable, end } = hourly(ELEVEN + 1);
  const first = timetable.runIfDue();
  end();
  await first;
  clock.time -= 3 * HOUR_MS;
  await timetable.runIfDue();
  expect(begun).toEqual([ELEVEN]);
  await timetable.stop();
});
