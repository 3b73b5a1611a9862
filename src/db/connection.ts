import { pathToFileURL } from "node:url";
import Database from "libsql";
import { BUSY_TIMEOUT_MS } from "./busy-timeout.ts";
import { isMissing } from "./local-files.ts";
import { makeFile } from "./new-file.ts";
import { isSuspect } from "./suspect.ts";

export type ConnectionOptions = {
  path: string;
  readOnly?: boolean;
  /** `full`, the default, flushes each commit. */
  durability?: "full" | "relaxed";
};

/** What every connection is set to; what is kept in the file apart. */
export function pragmas({
  durability = "full",
  readOnly = false,
}: Omit<ConnectionOptions, "path">): string[] {
  return [
    `busy_timeout = ${BUSY_TIMEOUT_MS}`,
    "foreign_keys = ON",
    `synchronous = ${durability === "full" ? "FULL" : "NORMAL"}`,
    "cache_size = -4000",
    "temp_store = MEMORY",
    // A log that grew while a backup was read is cut back, once what is in it has been folded in.
    "journal_size_limit = 16000000",
    ...(readOnly ? ["query_only = ON"] : []),
  ];
}

/**
 * Makes a file for a writer where there is none. Resolves to the pragmas that it has ahead of all others: what they set is
 * kept in the file, and takes the write lock where it is not set yet, as in one that was copied here.
 */
export function filePragmas({ path, readOnly }: ConnectionOptions): string[] {
  if (readOnly) return [];
  if (isMissing(path)) makeFile(path);
  return ["journal_mode = WAL"];
}

/** The client decodes what it takes for a URL, and stops at what is not part of a path in one. */
export function fileUrl(path: string): string {
  return pathToFileURL(path).href;
}

export type Statement = { sql: string; args?: (string | number)[] };

/** Of a statement: the first value of its first row, and how many rows it changed. */
type StatementResult = { value: unknown; changes: number };

export interface Connection {
  /** Runs statements in one transaction, a single one in its own; synchronously. */
  run(statements: Statement[]): StatementResult[];
  /** Runs a statement that has no result of interest to its end, which `run` does not do with every pragma. */
  exec(sql: string): void;
  close(): void;
}

/**
 * A connection to a local file for one owner that reads or writes much and in order. It keeps its statements
 * prepared, which the client does not, and needs no lock, since nothing of it is asynchronous.
 */
export function openConnection(options: ConnectionOptions): Connection {
  const prepared = new Map<string, Database.Statement>();
  let database: Database.Database | undefined = connect();
  let closed = false;

  function connect(): Database.Database {
    const kept = filePragmas(options);
    const connection = new Database(options.path, { timeout: BUSY_TIMEOUT_MS });
    try {
      for (const pragma of [...kept, ...pragmas(options)]) connection.exec(`PRAGMA ${pragma}`);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** The next run makes a new one, or the one after that if it cannot be made then. */
  function disconnect(): void {
    prepared.clear();
    database?.close();
    database = undefined;
  }

  function runOne(connection: Database.Database, { sql, args = [] }: Statement): StatementResult {
    const statement = prepared.get(sql) ?? connection.prepare(sql);
    prepared.set(sql, statement);
    if (!statement.reader) return { value: undefined, changes: statement.run(args).changes };
    // All rows, though one is wanted: a statement not read to its end would hold back the checkpoint.
    const [row] = statement.all(args);
    return { value: Object.values(row ?? {})[0], changes: 0 };
  }

  return {
    run(statements) {
      if (closed) throw new Error("The connection is closed.");
      database ??= connect();
      const connection = database;
      const [only, ...others] = statements;
      try {
        if (only && others.length === 0) return [runOne(connection, only)];
        const runAll = () => statements.map((statement) => runOne(connection, statement));
        return connection.transaction(runAll).immediate();
      } catch (error) {
        if (isSuspect(error)) disconnect();
        throw error;
      }
    },
    exec(sql) {
      database ??= connect();
      database.exec(sql);
    },
    close() {
      closed = true;
      if (!options.readOnly) database?.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      disconnect();
    },
  };
}
