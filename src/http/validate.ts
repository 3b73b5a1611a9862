import type { Context, MiddlewareHandler } from "hono";
import type { z } from "zod";
import { AppError } from "../errors.ts";

/** A middleware after which `c.req.valid(target)` has what the schema makes of the input. */
export type Validation<Target extends string, Schema extends z.ZodType> = MiddlewareHandler<
  object,
  string,
  { in: Record<Target, z.input<Schema>>; out: Record<Target, z.output<Schema>> }
>;

/** What a route takes and from where: the OpenAPI document reads it off the middleware that validates. */
export type ValidatedInput =
  | { target: "param"; schema: z.ZodObject }
  | { target: "query"; schema: z.ZodObject }
  | { target: "json"; schema: z.ZodType };

const inputs = new WeakMap<object, ValidatedInput>();

/** Notes what a middleware validates. */
export function validating<Middleware extends object>(
  input: ValidatedInput,
  middleware: Middleware,
): Middleware {
  inputs.set(middleware, input);
  return middleware;
}

/** Undefined for a handler that validates nothing. */
export function validatedBy(handler: object): ValidatedInput | undefined {
  return inputs.get(handler);
}

/**
 * Validates the parameters of the path or of the query. In place of @hono/zod-validator, whose asynchronous
 * parsing costs a sample more than the check itself.
 */
export function validate<Target extends "param" | "query", Schema extends z.ZodObject>(
  target: Target,
  schema: Schema,
): Validation<Target, Schema> {
  return validating({ target, schema }, async function validate(c, next) {
    const input = target === "param" ? c.req.param() : queryOf(c);
    c.req.addValidatedData(target, parse(schema, input) as object);
    return next();
  });
}

/** A parameter given twice is an array, which no schema here takes. */
function queryOf(c: Context): Record<string, string | string[] | undefined> {
  const entries = Object.entries(c.req.queries());
  return Object.fromEntries(
    entries.map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
}

/** @throws AppError invalid_input: one sentence, and under `details` what is wrong with each field. */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (!result.success) throw invalidInput(result.error.issues);
  return result.data;
}

export function invalidInput(issues: readonly Pick<z.core.$ZodIssue, "path" | "message">[]): AppError {
  const details = issues.map(({ path, message }) => ({ field: path.join("."), message }));
  const [first] = details;
  const sentence = first
    ? `${first.field ? `${first.field}: ` : ""}${first.message}`
    : "The input is not valid.";
  return new AppError("invalid_input", sentence, { details });
}
