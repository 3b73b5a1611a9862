import { expect, test } from "bun:test";
import { shown } from "../../src/cli/output.ts";
import { formatTable } from "../../src/cli/table.ts";

test("columns are as wide as what is shown in them, also by a wide letter", () => {
  const rows = [
    ["1", "東京", "x"],
    ["22", "", ""],
  ];
  expect(formatTable(["n", "name", "end"], rows)).toBe("n   name  end\n1   東京  x\n22");
});

test("what a terminal would act on is written as its code", () => {
  expect(shown("\u001b[31mred\u009b1m\u202e\n")).toBe("\\u{1b}[31mred\\u{9b}1m\\u{202e}\\u{a}");
  expect(shown("Zoë 🚴‍♀️ 東京")).toBe("Zoë 🚴‍♀️ 東京");
});
