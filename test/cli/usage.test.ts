import { expect, setDefaultTimeout, test } from "bun:test";
import packageJson from "../../package.json" with { type: "json" };
import { runCommand } from "../support/command.ts";

setDefaultTimeout(20_000);

const run = (...words: string[]) => runCommand(words, { DATA_DIR: "/nowhere" });

test.each([[["--help"]], [["help"]], [["help", "user"]], [["user", "create", "--help"]]])(
  "%p prints help and is no error",
  async (words) => {
    const { output, errors, exitCode } = await run(...words);
    expect(output).toStartWith("Usage: bpt ");
    expect([errors, exitCode]).toEqual(["", 0]);
  },
);

test("--version prints the version", async () => {
  expect(await run("--version")).toEqual({ output: `${packageJson.version}\n`, errors: "", exitCode: 0 });
});

test.each([
  [["nonsense"], "error: there is no command nonsense; see bpt help"],
  [["serve", "--fast"], "error: unknown option '--fast'"],
  [["recompute", "--since", "2026-02-30"], "Give a day such as 2026-05-31"],
  [["user"], "Usage: bpt user"],
  [["user", "create"], "error: missing required argument 'email'"],
  [["api-key", "create", "a@example.org"], "error: required option '--name <name>' not specified"],
  [["demo", "--token", "x"], "--token and --api-key are for a server named by --url."],
])("wrong usage %p is said and exits 2", async (words, sentence) => {
  const { output, errors, exitCode } = await run(...words);
  expect(errors).toContain(sentence);
  expect([output, exitCode]).toEqual(["", 2]);
});

test("a command that fails says why in one line and exits 1", async () => {
  const { output, errors, exitCode } = await run("user", "list");
  expect(errors).toBe(
    "There is no database at file:/nowhere/bpt.db. Set DATA_DIR, or make one with `bpt migrate`.\n",
  );
  expect([output, exitCode]).toEqual(["", 1]);
});
