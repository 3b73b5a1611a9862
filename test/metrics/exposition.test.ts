import { expect, test } from "bun:test";
import { formatMetrics } from "../../src/metrics/exposition.ts";
import { Histogram } from "../../src/metrics/histogram.ts";

test("a bucket of a histogram counts all that is not above its bound", () => {
  const durations = new Histogram([0.1, 1]);
  for (const value of [0, 0.1, 0.11, 1, 7]) durations.observe(value);
  const labels = { route: "/api" };
  expect(
    formatMetrics([
      { name: "h_seconds", help: "How long.", type: "histogram", values: [{ labels, value: durations }] },
    ]),
  ).toBe(
    `# HELP h_seconds How long.
# TYPE h_seconds histogram
h_seconds_bucket{route="/api",le="0.1"} 2
h_seconds_bucket{route="/api",le="1"} 4
h_seconds_bucket{route="/api",le="+Inf"} 5
h_seconds_sum{route="/api"} 8.21
h_seconds_count{route="/api"} 5
`,
  );
});

test("what is in a label cannot get out of it, and a family without values is left out", () => {
  const labels = { text: 'a"} 1\n\\' };
  expect(
    formatMetrics([
      { name: "none", help: "Nothing.", type: "gauge", values: [] },
      { name: "one", help: "One.", type: "gauge", values: [{ labels, value: 1 }, { value: 2 }] },
    ]),
  ).toBe(`# HELP one One.\n# TYPE one gauge\none{text="a\\"} 1\\n\\\\"} 1\none 2\n`);
});
