import type { RouterRoute } from "hono/types";
import { createDocument, type ZodOpenApiPathsObject } from "zod-openapi";
import packageJson from "../../../package.json" with { type: "json" };
import { validatedBy } from "../../http/validate.ts";
import { type Asset, createAsset } from "./asset.ts";
import { describeRoute } from "./describe-route.ts";
import { SECTIONS } from "./sections.ts";

const DESCRIPTION = `What a Bike Power Tracker server can be asked.

Units: power W, cadence rpm, heart rate bpm, speed km/h, distance and altitude m, incline %, temperature °C, energy kJ,
durations s. Times are ISO 8601 in UTC; those of samples are epoch milliseconds. Every answer has an \`X-Request-Id\`.

A server for a single user (\`AUTH_MODE=single-user\`) asks for no credentials.`;

const SECURITY_SCHEMES = {
  accessToken: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
  apiKey: { type: "apiKey", in: "header", name: "X-API-Key" },
  apiKeyInQuery: {
    type: "apiKey",
    in: "query",
    name: "apiKey",
    description: "For a browser's EventSource, which sends no headers; event streams alone take it.",
  },
} as const;

/** The OpenAPI document of an app, ready to be sent. */
export function createOpenApi(routes: readonly RouterRoute[]): Promise<Asset> {
  const text = JSON.stringify(describeRoutes(routes));
  return createAsset(text, { "Content-Type": "application/json", "Cache-Control": "no-cache" });
}

/** From the routes themselves, and what the sections say of them. */
export function describeRoutes(routes: readonly RouterRoute[]) {
  const paths: ZodOpenApiPathsObject = {};
  const handlers = routes.filter(({ method }) => method !== "ALL");
  for (const [name, route] of Map.groupBy(handlers, ({ method, path }) => `${method} ${path}`)) {
    const [method = "", path = ""] = name.split(" ");
    const template = path.replace(/:(\w+)/g, "{$1}");
    const inputs = route.flatMap(({ handler }) => validatedBy(handler) ?? []);
    paths[template] = { ...paths[template], [method.toLowerCase()]: describeRoute(method, path, inputs) };
  }
  return createDocument(
    {
      openapi: "3.1.1",
      info: {
        title: "Bike Power Tracker",
        version: packageJson.version,
        description: DESCRIPTION,
        license: { name: "MIT", identifier: "MIT" },
      },
      servers: [{ url: "/" }],
      tags: SECTIONS.map(({ name, description }) => ({ name, description })),
      components: { securitySchemes: SECURITY_SCHEMES },
      paths,
    },
    { override: ({ jsonSchema }) => simplify(jsonSchema) },
  );
}

/** Leaves out what only repeats the format, and the bounds that every whole number has. Answers may gain fields. */
function simplify(schema: {
  format?: unknown;
  pattern?: unknown;
  minimum?: unknown;
  maximum?: unknown;
  additionalProperties?: unknown;
}): void {
  if (schema.additionalProperties === false) delete schema.additionalProperties;
  if (schema.format !== undefined) delete schema.pattern;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
}
