import { z } from "zod";
import type { Section } from "../documents/operation.ts";
import { time } from "../documents/parts.ts";

const connection = z.enum(["connected", "disconnected"]);
const alive = z.object({ status: z.literal("ok") });

const health = z
  .object({
    status: z.enum(["ok", "degraded"]),
    database: connection.describe("Whether it answers, and where it is a local file, takes writes."),
    primary: connection
      .optional()
      .describe("Only where the database is a replica: whether it is in step with its primary."),
    redis: connection.describe(
      "The stream buffer, whichever kind it is: whether it answers, and where it is a local file, takes writes.",
    ),
    damaged: z
      .array(z.string())
      .optional()
      .describe("Names of files that are damaged; `bpt doctor` tells more."),
    damagedRides: z
      .int()
      .min(1)
      .optional()
      .describe("How many rides have been asked for whose telemetry is damaged; `bpt doctor` names them."),
    risks: z
      .array(z.string())
      .optional()
      .describe("What in the settings of Redis may cost samples that were acknowledged, in sentences."),
    clock: z
      .enum(["ahead", "behind"])
      .optional()
      .describe("Only where the clock is not believed: how it is to what is known of time."),
    streams: z.object({
      backend: z.enum(["embedded", "redis"]),
      listeners: z.int().min(0).describe("How many listen to event streams of this instance."),
    }),
    version: z.string(),
    timestamp: time,
  })
  .meta({ id: "Health" });

export const healthSection = {
  name: "Health",
  description: "How the service is; no credentials.",
  operations: {
    "GET /health": {
      operationId: "getHealth",
      summary: "How the service and its stores are",
      answer: { status: 200, description: "Always, also where something is away.", json: health },
    },
    "GET /livez": {
      operationId: "getLiveness",
      summary: "Whether the process answers",
      answer: { status: 200, description: "It does.", json: alive },
    },
    "GET /readyz": {
      operationId: "getReadiness",
      summary: "Whether requests should be sent here",
      answer: { status: 200, description: "They should.", json: alive },
      errors: ["store_unavailable", "buffer_unavailable", "shutting_down"],
    },
  },
} satisfies Section;
