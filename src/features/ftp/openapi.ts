import { z } from "zod";
import type { Section } from "../documents/operation.ts";
import { id, time } from "../documents/parts.ts";

const entry = z.object({
  id,
  userId: id,
  ftp: z.int().describe("W"),
  sport: z.string().describe("The group of sports: cycling, or another by its name in lower case."),
  source: z.string().nullable(),
  effectiveFrom: time,
  createdAt: time,
});
const ftp = entry.meta({ id: "Ftp" });
const remaining = z.int().describe("How many rides are still to be derived again.");
const rederiving = z.object({ rides: z.int().describe("How many rides the FTP changes."), remaining });

export const ftpSection = {
  name: "FTP",
  description: "Functional threshold power over time, from which intensity, stress and zones are worked out.",
  operations: {
    "PUT /api/users/:userId/ftp": {
      operationId: "setFtp",
      summary: "Note an FTP",
      description:
        "It is for the rides of one sport, all kinds of cycling being one. Those that it covers are derived again. The answer waits two seconds for that; what takes longer goes on.",
      request: { example: { ftp: 265, source: "ramp test", effectiveFrom: "2026-03-01" } },
      answer: {
        status: 200,
        description: "The FTP, and what it changes.",
        json: entry.extend({ rederiving }).meta({ id: "NewFtp" }),
      },
      errors: ["user_not_found"],
    },
    "GET /api/users/:userId/ftp-history": {
      operationId: "listFtp",
      summary: "Every FTP of every sport, newest first",
      answer: { status: 200, description: "The history.", json: z.array(ftp) },
      errors: ["user_not_found"],
    },
    "GET /api/users/:userId/rederiving": {
      operationId: "getRederiving",
      summary: "How many rides are still to be derived again",
      answer: { status: 200, description: "The number.", json: z.object({ remaining }) },
      errors: ["user_not_found"],
    },
  },
} satisfies Section;
