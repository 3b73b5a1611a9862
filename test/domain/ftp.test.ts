import { expect, test } from "bun:test";
import { parseDay } from "../../src/domain/calendar.ts";
import { ftpInForce } from "../../src/domain/ftp.ts";

const since = (ftp: number, day: string, sport = "cycling") => ({ ftp, sport, effectiveDay: parseDay(day) });

test("without one, and before the first, there is none", () => {
  expect(ftpInForce([], "cycling", parseDay("2026-05-04"))).toBeNull();
  expect(ftpInForce([since(250, "2026-05-05")], "cycling", parseDay("2026-05-04"))).toBeNull();
});

test("it holds from the day on which it takes effect until the day of the next", () => {
  const history = [since(260, "2026-06-01"), since(250, "2026-05-04")];
  expect(ftpInForce(history, "cycling", parseDay("2026-05-03"))).toBeNull();
  expect(ftpInForce(history, "cycling", parseDay("2026-05-04"))).toBe(250);
  expect(ftpInForce(history, "cycling", parseDay("2026-05-31"))).toBe(250);
  expect(ftpInForce(history, "cycling", parseDay("2026-06-01"))).toBe(260);
  expect(ftpInForce(history, "cycling", parseDay("2030-01-01"))).toBe(260);
});

test("of several on one day the first in the list holds", () => {
  const history = [since(270, "2026-05-04"), since(250, "2026-05-04")];
  expect(ftpInForce(history, "cycling", parseDay("2026-05-04"))).toBe(270);
});

test("each sport has its own", () => {
  const history = [since(340, "2026-06-01", "running"), since(250, "2026-05-04")];
  expect(ftpInForce(history, "cycling", parseDay("2026-06-02"))).toBe(250);
  expect(ftpInForce(history, "running", parseDay("2026-06-02"))).toBe(340);
  expect(ftpInForce(history, "running", parseDay("2026-05-31"))).toBeNull();
  expect(ftpInForce(history, "rowing", parseDay("2026-06-02"))).toBeNull();
});
