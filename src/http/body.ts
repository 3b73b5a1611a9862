import type { Context } from "hono";
import type { z } from "zod";
import { MAX_LEVELS, nestsTooDeep } from "../domain/nesting.ts";
import { AppError } from "../errors.ts";
import { parse, type Validation, validating } from "./validate.ts";

const JSON_TYPE = /^application\/([\w.-]+\+)?json\b/i;

/** Enough for any body but those of samples, in bytes. */
export const SMALL_BODY = 64 * 1024;

/**
 * Reads and validates a JSON body; `c.req.valid("json")` has it. No body counts as an empty object, so that the
 * schema says what is missing. `wrappers` are the levels of the body around what may itself nest as deep as any.
 */
export function jsonBody<Schema extends z.ZodType>(
  schema: Schema,
  { maxBytes = SMALL_BODY, wrappers = 0 } = {},
): Validation<"json", Schema> {
  return validating({ target: "json", schema }, async function jsonBody(c, next) {
    const text = await readText(c, maxBytes);
    const type = c.req.header("Content-Type");
    if (text !== "" && type !== undefined && !JSON_TYPE.test(type)) {
      throw new AppError("invalid_input", `Send the body as application/json, not as ${type}.`);
    }
    c.req.addValidatedData("json", parse(schema, parseJson(text, wrappers)) as object);
    return next();
  });
}

/** @throws AppError malformed_json; invalid_input for what nests so deep that whoever walks it would take long. */
export function parseJson(text: string, wrappers = 0): unknown {
  if (text === "") return {};
  if (nestsTooDeep(text, MAX_LEVELS + wrappers)) {
    throw new AppError("invalid_input", `The body nests too deep: ${MAX_LEVELS} levels are the most.`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("malformed_json", "The body is not valid JSON.", { cause });
  }
}

/** @throws AppError payload_too_large, before the body is read where its length is announced; incomplete_body. */
export async function readText(c: Context, maxBytes: number): Promise<string> {
  try {
    return await readBounded(c, maxBytes);
  } catch (cause) {
    // Nobody is there any more to be told; but it is no failure of the service, which would be logged as one.
    if (cause instanceof Error && cause.name === "AbortError")
      throw new AppError("incomplete_body", "The connection broke off in the middle of the body.", { cause });
    throw cause;
  }
}

async function readBounded(c: Context, maxBytes: number): Promise<string> {
  const announced = c.req.header("Content-Length");
  if (announced !== undefined) {
    if (Number(announced) > maxBytes) throw tooLarge(maxBytes);
    return c.req.text();
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function tooLarge(maxBytes: number): AppError {
  return new AppError("payload_too_large", `The body is larger than the ${maxBytes} bytes allowed here.`);
}
