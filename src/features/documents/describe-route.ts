import type { z } from "zod";
import type { ZodOpenApiContentObject, ZodOpenApiOperationObject } from "zod-openapi";
import type { ErrorCode } from "../../errors.ts";
import { isPublic, takesKeyInQuery } from "../../http/authenticate.ts";
import { needsHost } from "../../http/target.ts";
import type { ValidatedInput } from "../../http/validate.ts";
import { errorAnswers } from "./error-answers.ts";
import { findOperation } from "./sections.ts";

/** What is read off a route and what its section says of it, together. `inputs` is what the route validates. */
export function describeRoute(
  method: string,
  path: string,
  inputs: ValidatedInput[],
): ZodOpenApiOperationObject {
  const { operation, section } = findOperation(`${method} ${path}`);
  const { operationId, summary, description, request, answer, errors = [] } = operation;
  const parameters = inputs.find((input) => input.target === "param")?.schema;
  const query = inputs.find((input) => input.target === "query")?.schema;
  const body = inputs.find((input) => input.target === "json")?.schema;
  return {
    operationId,
    summary,
    ...(description !== undefined && { description }),
    tags: [section],
    security: securityOf(method, path),
    requestParams: {
      ...(parameters && { path: parameters }),
      ...(query && { query }),
      ...(request?.headers && { header: request.headers }),
    },
    ...(body && {
      requestBody: {
        required: !body.safeParse({}).success,
        content: { ...json(body, request?.example), ...request?.content },
      },
    }),
    responses: {
      [answer.status]: {
        description: answer.description,
        ...((answer.json ?? answer.content) && {
          content: { ...(answer.json && json(answer.json)), ...answer.content },
        }),
      },
      ...errorAnswers([...commonErrors(method, path, inputs), ...errors]),
    },
  };
}

function json(schema: z.ZodType, example?: unknown): ZodOpenApiContentObject {
  return { "application/json": { schema, ...(example !== undefined && { example }) } };
}

function asksForCredentials(method: string, path: string): boolean {
  return path.startsWith("/api/") && !isPublic(method, path);
}

function securityOf(method: string, path: string): Record<string, string[]>[] {
  if (!asksForCredentials(method, path)) return [];
  const either = [{ accessToken: [] }, { apiKey: [] }];
  return takesKeyInQuery(method, path) ? [...either, { apiKeyInQuery: [] }] : either;
}

/** The errors that follow from where a route is and what it takes. */
function commonErrors(method: string, path: string, inputs: ValidatedInput[]): ErrorCode[] {
  const errors: ErrorCode[] = ["invalid_path"];
  if (needsHost(path)) errors.push("invalid_host");
  if (inputs.some(canRefuse)) errors.push("invalid_input");
  if (inputs.some(({ target }) => target === "json")) {
    errors.push("malformed_json", "incomplete_body", "payload_too_large");
  }
  if (asksForCredentials(method, path)) errors.push("unauthenticated");
  if (path.startsWith("/api/"))
    errors.push("foreign_host", "foreign_origin", "store_unavailable", "store_damaged");
  if (path.startsWith("/api/") && method !== "GET") errors.push("not_found");
  return errors;
}

/** In the path there may be anything but nothing, which is all that a mere text asks for. */
function canRefuse({ target, schema }: ValidatedInput): boolean {
  return target !== "param" || Object.values(schema.shape).some((field) => !field.safeParse("~").success);
}
