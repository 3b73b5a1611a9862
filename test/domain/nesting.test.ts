import { expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_LEVELS, nestsTooDeep } from "../../src/domain/nesting.ts";

const arrays = (levels: number, inside = "") => "[".repeat(levels) + inside + "]".repeat(levels);

test("64 levels are the most, of arrays and of objects", () => {
  for (const [text, levels] of [
    [arrays(MAX_LEVELS), MAX_LEVELS],
    [`${'{"a":'.repeat(MAX_LEVELS)}1${"}".repeat(MAX_LEVELS)}`, MAX_LEVELS],
    [arrays(3), 3],
  ] as const) {
    expect(nestsTooDeep(text, levels)).toBe(false);
    expect(nestsTooDeep(`[${text}]`, levels)).toBe(true);
    expect(nestsTooDeep(`{"a":${text}}`, levels)).toBe(true);
  }
});

test.each([
  ["brackets in a text", JSON.stringify(["[".repeat(100)])],
  ["brackets behind escaped quotes", JSON.stringify([`"${"{".repeat(100)}\\"`, `\\`, "[".repeat(100)])],
  ["brackets in a name", JSON.stringify({ ["{[".repeat(100)]: 1 })],
  ["many side by side", `[${Array(1000).fill("[{}]").join(",")}]`],
  ["a text that does not end", `["${"[".repeat(200)}`],
])("%s are no levels", (_name, text) => {
  expect(nestsTooDeep(text)).toBe(false);
});

/** The levels of a value, by walking it. */
function levelsOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(levelsOf));
}

test("it tells from the text what walking the value would tell", () => {
  const awkward = fc
    .array(fc.constantFrom("[", "]", "{", "}", '"', "\\", ":", ",", "a"))
    .map((parts) => parts.join(""));
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 12, withCrossShrink: true },
      fc.oneof(awkward, fc.integer(), fc.constant(null)),
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.dictionary(awkward, tie("tree"), { maxKeys: 3 }),
    ),
  }));
  fc.assert(
    fc.property(
      tree,
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom(undefined, 2),
      (value, most, indent) => {
        expect(nestsTooDeep(JSON.stringify(value, null, indent), most)).toBe(levelsOf(value) > most);
      },
    ),
    { numRuns: 1000 },
  );
});
