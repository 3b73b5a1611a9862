import { expect, test } from "bun:test";

/** The lines of a program in a process of its own, since the logger writes to standard output itself. */
async function linesOf(program: string): Promise<Record<string, unknown>[]> {
  const imports = `
    import { DrizzleQueryError } from "drizzle-orm";
    import { createLogger, outsideRequests, withRequestId } from "./src/logger.ts";
    const log = createLogger("trace");
  `;
  const script = Bun.spawn([process.execPath, "-e", imports + program], {
    cwd: `${import.meta.dir}/..`,
    stdout: "pipe",
  });
  const text = await script.stdout.text();
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test("a failed query is logged without its values, however deep in an error it is", async () => {
  const [line] = await linesOf(`
    const query = new DrizzleQueryError("insert into users", ["rider@example.org"], new Error("locked"));
    const error = new Error("not stored", { cause: Object.assign(new Error("no", { cause: query }), { code: "X" }) });
    log.error({ err: Object.assign(error, { options: { cause: query } }) }, "failed");
  `);
  expect(JSON.stringify(line)).not.toContain("rider");
  expect(line).toMatchObject({
    level: "error",
    msg: "failed",
    err: { message: "not stored", cause: { message: "no", code: "X", cause: { message: "locked" } } },
  });
});

test("what is logged on the way of a request bears its id, and only that", async () => {
  const lines = await linesOf(`
    const work = async () => {
      await Bun.sleep(1);
      log.info("inside");
      outsideRequests(() => log.info("aside"));
    };
    await Promise.all([withRequestId("a", work), withRequestId("b", work)]);
    log.info("outside");
  `);
  expect(lines.map(({ msg, requestId }) => [msg, requestId])).toEqual([
    ["inside", "a"],
    ["aside", undefined],
    ["inside", "b"],
    ["aside", undefined],
    ["outside", undefined],
  ]);
});
