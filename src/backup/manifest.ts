import { z } from "zod";

/** What a backup can have in it beside the manifest, which is its first entry. */
export const fileNames = ["bpt.db", "streams.db", "jwt.secret"] as const;

export type FileName = (typeof fileNames)[number];

export const MANIFEST_NAME = "manifest.json";

/** Of the archive, not of the tables in it. */
export const FORMAT = 1;

const fileSchema = z.object({
  /** In bytes. */
  size: z.int().nonnegative(),
  sha256: z.string().length(64),
  /** Of a database: how many rows each table has. */
  rows: z.record(z.string(), z.int().nonnegative()).optional(),
});

export const manifestSchema = z.object({
  format: z.int(),
  /** The version of the program that made it. */
  program: z.string(),
  /** When it was begun: whatever was acknowledged earlier is in it. */
  startedAt: z.iso.datetime(),
  /** Of the last migration of the database, as drizzle keeps it: epoch ms. */
  migration: z.int(),
  /** Rides under way that are in Redis are not in the backup. */
  liveBuffer: z.enum(["embedded", "redis"]),
  files: z.partialRecord(z.enum(fileNames), fileSchema).refine(hasDatabases),
});

/** Every backup has the database, and knows the rows of what is one. */
function hasDatabases(files: Partial<Record<FileName, z.infer<typeof fileSchema>>>): boolean {
  return (
    files["bpt.db"]?.rows !== undefined && (!files["streams.db"] || files["streams.db"].rows !== undefined)
  );
}

export type Manifest = z.infer<typeof manifestSchema>;
export type FileFacts = z.infer<typeof fileSchema>;
