import { link, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { eq } from "drizzle-orm";
import type { Executor } from "../../db/database.ts";
import { secrets } from "../../db/schema.ts";
import { syncDirectory } from "../../file-system.ts";
import { randomToken } from "./tokens.ts";

const NAME = "jwt.secret";
const SECRET_BYTES = 48;
const SHORTEST_SECRET = 32;

/**
 * The secret that access tokens are signed with, made at the first start and kept in the data directory.
 * @throws Error with a sentence for the operator when the file holds no usable secret.
 */
export async function loadSecret(dataDirectory: string): Promise<string> {
  const path = join(dataDirectory, NAME);
  try {
    return await readSecret(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
  await createSecret(dataDirectory, path);
  return readSecret(path);
}

/** The same for instances that share a database: made by the first of them and kept there. */
export async function loadSharedSecret(executor: Executor): Promise<string> {
  const stored = await findSharedSecret(executor);
  if (stored !== undefined) return stored;
  await executor
    .insert(secrets)
    .values({ name: NAME, value: randomToken(SECRET_BYTES) })
    .onConflictDoNothing();
  const made = await findSharedSecret(executor);
  if (made === undefined) throw new Error("The secret that was just stored in the database is not there.");
  return made;
}

async function findSharedSecret(executor: Executor): Promise<string | undefined> {
  const [row] = await executor.select().from(secrets).where(eq(secrets.name, NAME));
  return row?.value;
}

export function isUsableSecret(text: string): boolean {
  return text.trim().length >= SHORTEST_SECRET;
}

async function readSecret(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const { mode } = await file.stat();
    if (mode & 0o077) await file.chmod(0o600);
    const secret = (await file.readFile("utf8")).trim();
    if (isUsableSecret(secret)) return secret;
    throw new Error(
      `${path} holds no usable secret: it has fewer than ${SHORTEST_SECRET} characters. ` +
        "Delete it to have a new one made; everybody will have to log in again.",
    );
  } finally {
    await file.close();
  }
}

/** Written whole under another name and then linked, which fails if there is one by now: never half a secret. */
async function createSecret(dataDirectory: string, path: string): Promise<void> {
  const draft = `${path}.${Bun.randomUUIDv7()}`;
  try {
    await writeDurably(draft, randomToken(SECRET_BYTES));
    await link(draft, path);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  } finally {
    await rm(draft, { force: true });
  }
  await syncDirectory(dataDirectory);
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
