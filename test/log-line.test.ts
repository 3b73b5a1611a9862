import { expect, test } from "bun:test";
import { stripVTControlCharacters } from "node:util";
import { readableLine } from "../src/log-line.ts";

const time = "2026-06-01T12:30:15.000Z";
const clock = new Date(time).toLocaleTimeString("en-GB");

test("a line for a terminal has time, level, message and the other fields", () => {
  const line = readableLine(
    JSON.stringify({ level: "warn", time, statement: "SELECT ?", ranMs: 120, msg: "slow query" }),
  );
  expect(stripVTControlCharacters(line)).toBe(`${clock} warn  slow query statement=SELECT ? ranMs=120\n`);
});

test("an error comes with its stack and its causes", () => {
  const cause = { type: "LibsqlError", message: "locked" };
  const err = { type: "Error", message: "failed", stack: "Error: failed\n    at work", cause };
  const line = readableLine(JSON.stringify({ level: "error", time, err, msg: "request failed" }));
  expect(stripVTControlCharacters(line)).toBe(
    `${clock} error request failed\n  Error: failed\n      at work\n  because of\n  LibsqlError: locked\n`,
  );
});

test("nothing that a terminal would act on gets through", () => {
  const evil = "\u001b[2J\r\u0007\u009b1m\nfake";
  const err = { type: "Error", message: evil, stack: evil };
  const line = stripVTControlCharacters(
    readableLine(JSON.stringify({ level: "info", time, evil, nested: { evil }, err, msg: evil })),
  );
  expect(line.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  expect(line.split("\n")).toHaveLength(4);
});
