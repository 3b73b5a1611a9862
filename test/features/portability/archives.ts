import { readArchive, writeArchive } from "../../../src/archive.ts";
import { createPasswords } from "../../../src/features/accounts/passwords.ts";
import { findUser } from "../../../src/features/accounts/repository.ts";
import { checkArchive } from "../../../src/features/portability/check.ts";
import { exportAccount } from "../../../src/features/portability/export.ts";
import { importRides } from "../../../src/features/portability/import.ts";
import { importNewAccount, newAccountOf } from "../../../src/features/portability/import-account.ts";
import { MANIFEST_FILE, type Manifest } from "../../../src/features/portability/schemas.ts";
import type { TestApp } from "../../support/app.ts";
import { PASSWORD } from "../accounts/accounts.ts";

/** More than any file in the archives here has, in bytes. */
const LARGEST = 10_000_000;

/** The files of an archive, but for the manifest. */
export type Files = Map<string, string>;

export async function exportUser({ deps }: TestApp, userId: string, path: string) {
  const user = await findUser(deps.database, userId);
  if (!user) throw new Error(`There is no user ${userId}`);
  return exportAccount(deps, user, path, { program: "a test", onRide() {} });
}

/** Into a new account; resolves to its id. */
export async function importUser({ deps }: TestApp, path: string): Promise<string> {
  const archive = await checkArchive(path, () => {});
  const target = await newAccountOf(deps.database, archive);
  await importNewAccount({ ...deps, passwords: createPasswords() }, target, archive, PASSWORD);
  await importRides(deps, target.id, archive, { signal: new AbortController().signal, onRide() {} });
  return target.id;
}

export async function filesOf(path: string): Promise<Files> {
  const files: Files = new Map();
  for await (const { name, bytes } of readArchive(path))
    files.set(name, Buffer.from(await bytes(LARGEST)).toString());
  files.delete(MANIFEST_FILE);
  return files;
}

/** An archive of these files, with sums that are right; `manifest` changes what else its manifest says. */
export async function writeFiles(path: string, original: string, files: Files, manifest: object = {}) {
  let old = {} as Manifest;
  for await (const { name, bytes } of readArchive(original)) {
    if (name === MANIFEST_FILE) old = JSON.parse(Buffer.from(await bytes(LARGEST)).toString()) as Manifest;
  }
  await writeArchive(path, async (add) => {
    const sums = [];
    for (const [name, text] of files) {
      const bytes = Buffer.from(text);
      await add(name, bytes);
      sums.push({ name, size: bytes.length, sha256: Bun.CryptoHasher.hash("sha256", bytes, "hex") });
    }
    await add(MANIFEST_FILE, Buffer.from(JSON.stringify({ ...old, files: sums, ...manifest })));
  });
}
