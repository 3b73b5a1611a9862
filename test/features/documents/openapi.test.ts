import { afterAll, beforeAll, expect, test } from "bun:test";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { createApp } from "../../../src/app.ts";
import { describeRoutes } from "../../../src/features/documents/document.ts";
import { STATUS } from "../../../src/http/errors.ts";
import { createTestApp, type TestApp } from "../../support/app.ts";
import { type Contract, createContract, type OpenApi } from "./contract.ts";

let app: TestApp;
let text: string;
let contract: Contract;
beforeAll(async () => {
  app = await createTestApp();
  text = JSON.stringify(describeRoutes(createApp(app.deps).routes));
  contract = createContract(JSON.parse(text) as OpenApi);
});
afterAll(() => app.close());

const namesWhere = (fits: (schemes: string[]) => boolean) =>
  contract.operations
    .filter((name) => fits(contract.operation(name).security.flatMap((scheme) => Object.keys(scheme))))
    .sort();

test("a linter finds nothing to say against it", async () => {
  const config = await createConfig({
    extends: ["recommended"],
    rules: {
      // Existing clients speak these paths; /api/workouts/by-stream/… goes first.
      "no-ambiguous-paths": "off",
      // How the service is can be asked without any mistake.
      "operation-4xx-response": "off",
    },
  });
  const problems = await lintFromString({ source: text, config, absoluteRef: "openapi.json" });
  expect(problems.map(({ ruleId, message }) => `${ruleId}: ${message}`)).toEqual([]);
});

test("the linter would find something", async () => {
  const config = await createConfig({ extends: ["recommended"] });
  const source = text.replace('"operationId":"register"', '"operationId":"login"');
  const problems = await lintFromString({ source, config, absoluteRef: "openapi.json" });
  expect(problems.map(({ ruleId }) => ruleId)).toContain("operation-operationId-unique");
});

test("every route is an operation, and every operation a route", () => {
  const routes = createApp(app.deps)
    .routes.filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
  expect(routes.length).toBeGreaterThan(40);
  expect([...new Set(routes)].sort()).toEqual(contract.operations.toSorted());
});

test("it says which routes ask for no credentials, and which take a key in the query", () => {
  expect(namesWhere((schemes) => schemes.length === 0)).toEqual([
    "GET /docs",
    "GET /docs/{file}",
    "GET /health",
    "GET /livez",
    "GET /metrics",
    "GET /openapi.json",
    "GET /readyz",
    "POST /api/auth/login",
    "POST /api/auth/refresh",
    "POST /api/auth/register",
  ]);
  expect(namesWhere((schemes) => schemes.includes("apiKeyInQuery"))).toEqual([
    "GET /api/streams/listenAll",
    "GET /api/streams/{name}/listen",
  ]);
});

test("every code that an error can have is in it", () => {
  const codes = Object.keys(STATUS).filter((code) => code !== "not_found");
  expect(codes.filter((code) => !text.includes(`"${code}"`))).toEqual([]);
});

test("what a route takes is told from the schema that validates it", () => {
  const { parameters } = contract.operation("GET /api/streams/{name}/messages");
  expect(parameters).toContainEqual(
    expect.objectContaining({
      in: "query",
      name: "count",
      schema: { type: "integer", minimum: 1, maximum: 1000, default: 100 },
    }),
  );
  expect(contract.operation("POST /api/api-keys").requestBody).toMatchObject({
    required: true,
    content: { "application/json": { schema: { required: ["name"] } } },
  });
  expect(contract.operation("POST /api/workouts").requestBody).toMatchObject({ required: false });
});

test("who has it is told that it has not changed", async () => {
  const first = await app.request("/openapi.json");
  expect(await first.clone().text()).toBe(text);
  const etag = first.headers.get("ETag") ?? "";
  expect(first.headers.get("Cache-Control")).toBe("no-cache");
  const again = await app.request("/openapi.json", { headers: { "If-None-Match": etag } });
  expect(again.status).toBe(304);
  expect(await again.text()).toBe("");
});
