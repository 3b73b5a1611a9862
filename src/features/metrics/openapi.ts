import type { Section } from "../documents/operation.ts";

export const metricsSection = {
  name: "Metrics",
  description: "What the service counts and measures about itself.",
  operations: {
    "GET /metrics": {
      operationId: "getMetrics",
      summary: "Metrics for Prometheus",
      description:
        "Where a `METRICS_TOKEN` is set, for whoever sends it as `Authorization: Bearer …`; else for the server's own machine.",
      answer: {
        status: 200,
        description: "Prometheus' text format.",
        content: { "text/plain": { schema: { type: "string" } } },
      },
      errors: ["unauthenticated", "metrics_not_open", "foreign_host"],
    },
  },
} satisfies Section;
