import {
  type Client,
  createClient,
  type InStatement,
  type Transaction,
  type TransactionMode,
} from "@libsql/client/sqlite3";
import { answerCalls } from "../thread.ts";
import { BUSY_TIMEOUT_MS } from "./busy-timeout.ts";
import { fileUrl, pragmas } from "./connection.ts";
import {
  blobsOf,
  type PackedResult,
  packError,
  packResult,
  type ThreadStatement,
} from "./thread-messages.ts";

/* The thread that writes the database: a flush of a slow SD card keeps nobody waiting but this thread. */

let opened: Client | undefined;
let transaction: Transaction | undefined;

function client(): Client {
  if (!opened) throw new Error("The database is not open.");
  return opened;
}

async function end(how: (begun: Transaction) => Promise<void>): Promise<void> {
  const begun = transaction;
  transaction = undefined;
  if (begun) await how(begun);
}

async function setPragmas(): Promise<void> {
  for (const pragma of pragmas({})) await client().execute(`PRAGMA ${pragma}`);
}

/** To be asked for one thing at a time, and during a transaction only for what is of it. */
const service = {
  async open({ path }: { path: string }): Promise<void> {
    opened = createClient({ url: fileUrl(path), concurrency: 1, timeout: BUSY_TIMEOUT_MS });
    await setPragmas();
  },
  async execute({ sql, args }: ThreadStatement): Promise<PackedResult> {
    return packResult(await (transaction ?? client()).execute({ sql, args }));
  },
  async batch({ statements, mode }: { statements: ThreadStatement[]; mode: TransactionMode }) {
    const batch = transaction ? transaction.batch(statements) : client().batch(statements, mode);
    return (await batch).map(packResult);
  },
  async executeMultiple({ sql }: { sql: string }): Promise<void> {
    await (transaction ?? client()).executeMultiple(sql);
  },
  async migrate({ statements }: { statements: InStatement[] }): Promise<PackedResult[]> {
    return (await client().migrate(statements)).map(packResult);
  },
  async begin({ mode }: { mode: TransactionMode }): Promise<void> {
    transaction = await client().transaction(mode);
  },
  commit: (): Promise<void> => end((begun) => begun.commit()),
  /** Also where none has begun. */
  rollback: (): Promise<void> => end(async (begun) => begun.close()),
  async reconnect(): Promise<void> {
    await client().reconnect();
    await setPragmas();
  },
  close(): void {
    client().close();
  },
};

export type DatabaseService = typeof service;

answerCalls(service, { handedOver: blobsOf, packError });
