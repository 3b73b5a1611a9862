import { expect } from "bun:test";
import { Ajv2020, type AnySchema, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

type Schema = Record<string, unknown>;
type Operation = {
  parameters: object[];
  requestBody?: object;
  security: object[];
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
};
export type OpenApi = { paths: Record<string, Record<string, Operation>>; components: { schemas: Schema } };
export type Contract = ReturnType<typeof createContract>;

/** Holds answers against an OpenAPI document: status, type, and a JSON body with no field but those described. */
export function createContract(document: OpenApi) {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const strict = refuseOtherFields(document);
  ajv.addSchema(strict as AnySchema, "openapi");

  function validator(...path: string[]): ValidateFunction {
    const pointer = path.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1")));
    const validate = ajv.getSchema(`openapi#/${pointer.join("/")}`);
    if (!validate) throw new Error(`The document has nothing at ${path.join(" ")}`);
    return validate;
  }

  return {
    /** The names of all operations, such as `GET /api/workouts/{id}`. */
    operations: Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    ),
    operation(name: string): Operation {
      const [method = "", path = ""] = name.split(" ");
      const operation = document.paths[path]?.[method.toLowerCase()];
      if (!operation) throw new Error(`The document has no ${name}`);
      return operation;
    },
    expectSchema(name: string, value: unknown): void {
      const validate = validator("components", "schemas", name);
      validate(value);
      expect({ schema: name, value, errors: validate.errors }).toMatchObject({ errors: null });
    },
    /** Reads a copy of the answer, but of an event stream. */
    async expectAnswer(name: string, response: Response): Promise<void> {
      const [method = "", path = ""] = name.split(" ");
      const { responses } = this.operation(name);
      const types = Object.keys(responses[response.status]?.content ?? {});
      const type = response.headers.get("Content-Type")?.split(";")[0] ?? null;
      const answer = { name, status: response.status, type };
      expect({ ...answer, statuses: Object.keys(responses) }).toMatchObject({
        statuses: expect.arrayContaining([`${response.status}`]),
      });
      expect({ ...answer, types }).toMatchObject({
        types: type === null ? [] : expect.arrayContaining([type]),
      });
      if (type !== "application/json") return;
      const body: unknown = await response.clone().json();
      const place = ["responses", `${response.status}`, "content", type, "schema"];
      const validate = validator("paths", path, method.toLowerCase(), ...place);
      validate(body);
      expect({ ...answer, body, errors: validate.errors }).toMatchObject({ errors: null });
    },
  };
}

/** What a client must tolerate, a field that is new, the service's own tests must not. */
function refuseOtherFields(node: unknown, isPart = false): unknown {
  if (Array.isArray(node)) return node.map((item) => refuseOtherFields(item));
  if (typeof node !== "object" || node === null) return node;
  const copy = Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      key === "allOf"
        ? (value as unknown[]).map((part) => refuseOtherFields(part, true))
        : refuseOtherFields(value),
    ]),
  );
  const isObject = ("properties" in copy || "allOf" in copy) && !("additionalProperties" in copy);
  return isObject && !isPart ? { ...copy, unevaluatedProperties: false } : copy;
}
