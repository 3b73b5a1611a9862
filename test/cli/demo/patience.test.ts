import { describe, expect, test } from "bun:test";
import { keepTrying, pause } from "../../../src/cli/demo/patience.ts";
import { ServerError } from "../../../src/cli/demo/server-error.ts";

/** A call that fails with each of the errors in turn, then succeeds. */
function failingWith(...errors: Error[]) {
  return async () => {
    const error = errors.shift();
    if (error) throw error;
    return "stored";
  };
}

const away = (retryAfter?: number) => new ServerError("away", retryAfter);
const patience = { signal: new AbortController().signal, onFailure: () => {} };

describe("keepTrying", () => {
  test("tries again while the server is away, and says so", async () => {
    const heard: string[] = [];
    const onFailure = (error: Error) => heard.push(error.message);
    expect(await keepTrying(failingWith(away(1), away(1)), { ...patience, onFailure })).toBe("stored");
    expect(heard).toEqual(["away", "away"]);
  });

  test("waits as long as the server asks for", async () => {
    const began = performance.now();
    await keepTrying(failingWith(away(120)), patience);
    expect(performance.now() - began).toBeGreaterThanOrEqual(115);
  });

  test("throws at once what another try would not change, or would change too late", async () => {
    await expect(keepTrying(failingWith(away(undefined)), patience)).rejects.toThrow("away");
    await expect(keepTrying(failingWith(new TypeError("a mistake")), patience)).rejects.toThrow("a mistake");
    await expect(keepTrying(failingWith(away(60_000)), patience)).rejects.toThrow("away");
  });

  test("does not try again once it is to end", async () => {
    await expect(
      keepTrying(failingWith(away(1)), { ...patience, signal: AbortSignal.abort() }),
    ).rejects.toThrow("away");
  });
});

test("a pause ends when the signal is aborted", async () => {
  const stop = new AbortController();
  const pausing = pause(60_000, stop.signal);
  stop.abort();
  await pausing;
});
