import type { Histogram } from "./histogram.ts";

/* Prometheus' text format, version 0.0.4. */

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

type Labels = Record<string, string | number>;

type Measured<Value> = { labels?: Labels; value: Value };

/** All the values of one name; without any it is left out. */
export type Family = { name: string; help: string } & (
  | { type: "counter" | "gauge"; values: Measured<number>[] }
  | { type: "histogram"; values: Measured<Histogram>[] }
);

export function formatMetrics(families: readonly Family[]): string {
  return families
    .filter(({ values }) => values.length > 0)
    .map(formatFamily)
    .join("");
}

function formatFamily(family: Family): string {
  const { name, help, type } = family;
  const lines =
    family.type === "histogram"
      ? family.values.flatMap(({ labels, value }) => histogramLines(name, labels, value))
      : family.values.map(({ labels, value }) => line(name, labels, value));
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

/** Each bucket counts those below it too. */
function histogramLines(
  name: string,
  labels: Labels | undefined,
  { bounds, counts, sum }: Histogram,
): string[] {
  let total = 0;
  const buckets = counts.map((count, index) => {
    total += count;
    return line(`${name}_bucket`, { ...labels, le: bounds[index] ?? "+Inf" }, total);
  });
  return [...buckets, line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, total)];
}

function line(name: string, labels: Labels = {}, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(String(text))}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}\n`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
