import type { Section } from "./operation.ts";

const text = { schema: { type: "string" } } as const;

export const documentSection = {
  name: "Documents",
  description: "What can be asked of the service; no credentials.",
  operations: {
    "GET /openapi.json": {
      operationId: "getOpenApi",
      summary: "This description, for programs",
      answer: {
        status: 200,
        description: "OpenAPI 3.1.",
        content: { "application/json": { schema: { type: "object" } } },
      },
    },
    "GET /docs": {
      operationId: "getDocs",
      summary: "This description, for people",
      answer: { status: 200, description: "A page.", content: { "text/html": text } },
    },
    "GET /docs/:file": {
      operationId: "getDocsFile",
      summary: "A file of the page",
      answer: {
        status: 200,
        description: "The file.",
        content: { "text/javascript": text, "text/css": text, "text/plain": text },
      },
    },
  },
} satisfies Section;
