import { secrets } from "../../src/db/schema.ts";
import type { TestApp } from "../support/app.ts";

const PIECE = 1_000_000;

/** A text of so many characters that compresses to about half. */
function noise(length: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(length / 2))).toString("hex");
}

/** Makes the database so many bytes larger, for what is to take its time. */
export async function fillDatabase({ deps }: TestApp, bytes: number): Promise<void> {
  for (let piece = 0; piece < bytes / PIECE; piece++) {
    const pieces = Array.from({ length: 20 }, () => noise(PIECE / 20));
    await deps.database.insert(secrets).values({ name: `noise ${piece}`, value: pieces.join("") });
  }
}

/** The same of the live buffer, with a stream of nobody's. */
export async function fillBuffer({ deps }: TestApp, bytes: number): Promise<void> {
  for (let piece = 0; piece < bytes / PIECE; piece++) {
    const data = Array.from({ length: 20 }, () =>
      JSON.stringify({ message: noise(PIECE / 20), timestamp: 0 }),
    );
    await deps.buffer.append({ owner: "nobody", name: "noise" }, data);
  }
}
