import { z } from "zod";

/** One line or more of text for people, trimmed. Without NUL, at which SQLite would cut it off. */
export function text(max: number) {
  return z
    .string()
    .trim()
    .max(max)
    .refine((value) => !value.includes("\0"), { error: "must not have a NUL character" });
}
