import { zValidator } from "@hono/zod-validator";
import type { ValidationTargets } from "hono";
import type { z } from "zod";
import { AppError } from "../errors.ts";

/** zValidator, with this service's answer to bad input: one sentence, and under `details` what is wrong per field. */
export function validate<Target extends keyof ValidationTargets, Schema extends z.ZodType>(
  target: Target,
  schema: Schema,
) {
  return zValidator(target, schema, (result) => {
    if (!result.success) throw invalidInput(result.error.issues);
  });
}

export function invalidInput(issues: readonly z.core.$ZodIssue[]): AppError {
  const details = issues.map(({ path, message }) => ({ field: path.join("."), message }));
  const [first] = details;
  const sentence = first
    ? `${first.field ? `${first.field}: ` : ""}${first.message}`
    : "The input is not valid.";
  return new AppError("invalid_input", sentence, { details });
}
