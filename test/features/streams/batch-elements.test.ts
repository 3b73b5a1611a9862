import { expect, test } from "bun:test";
import fc from "fast-check";
import { elementsOf } from "../../../src/features/streams/batch-elements.ts";

const parsed = (text: string) => {
  const elements = elementsOf(text);
  return elements && [...elements].map((element) => JSON.parse(element) as unknown);
};

const space = fc.string({ unit: fc.constantFrom(" ", "\t", "\n", "\r"), maxLength: 2 });

test("of any batch, the elements are what JSON.parse finds in it, whatever is beside them", () => {
  const members = fc.dictionary(
    fc.string().filter((name) => name !== "messages"),
    fc.jsonValue(),
    { maxKeys: 3 },
  );
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue()),
      members,
      fc.nat(3),
      fc.nat(4),
      (messages, others, place, indent) => {
        const entries: [string, unknown][] = Object.entries(others);
        entries.splice(place, 0, ["messages", messages]);
        const text = JSON.stringify(Object.fromEntries(entries), null, indent);
        expect(parsed(text)).toEqual(JSON.parse(text).messages);
      },
    ),
  );
});

test("space may be anywhere between", () => {
  fc.assert(
    fc.property(fc.array(space, { minLength: 9, maxLength: 9 }), ([a, b, c, d, e, f, g, h, i]) => {
      const text = `${a}{${b}"messages"${c}:${d}[${e}{"a":"],}"}${f},${g}"\\\\\\""${h}]${i}}${a}`;
      expect(parsed(text)).toEqual([{ a: "],}" }, '\\"']);
    }),
  );
});

test("whatever is no JSON is refused, as JSON.parse would", () => {
  const token = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    '"messages"',
    "1",
    " ",
    '"a"',
    "\\",
    "null",
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 9 }), (tokens) => {
      const text = `{"messages":[${tokens.join("")}]}`;
      let expected: unknown;
      try {
        expected = JSON.parse(text).messages;
      } catch {
        expect(() => parsed(text) ?? JSON.parse(text)).toThrow();
        return;
      }
      // A name that is there twice is the last one to JSON.parse, which nobody means.
      if (text.indexOf('"messages"') === text.lastIndexOf('"messages"'))
        expect(parsed(text)).toEqual(expected as []);
    }),
    { numRuns: 2000 },
  );
});

test.each(["{}", " { } ", "[]", "null", '"messages"', '{"messages":{}}', '{"messages":null}'])(
  "%j has none",
  (text) => {
    expect(elementsOf(text)).toBeUndefined();
  },
);

test("a name may be written with escapes", () => {
  expect(parsed('{"\\u006dessages":[1]}')).toEqual([1]);
});

test("what is beside the messages is no second batch", () => {
  const beside = Array(20_000).fill(0).join();
  expect(() => elementsOf(`{"messages":[1],"others":[${beside}]}`)).toThrow(
    expect.objectContaining({ code: "payload_too_large" }),
  );
});
