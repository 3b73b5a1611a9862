import type { InStatement, Transaction } from "@libsql/client";

/**
 * A transaction of which the beginning and all calls together may take so long, in ms. When that is over it is closed,
 * and what is under way or comes later fails with what `late` makes.
 */
export async function withTimeLimit(
  beginning: Promise<Transaction>,
  limit: number,
  late: () => Error,
): Promise<Transaction> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(late()), limit);
  // Also one whose turn comes only then.
  over.catch(async () => (await beginning).close()).catch(() => {});
  const inTime = <T>(work: Promise<T>): Promise<T> => Promise.race([work, over]);
  const ending = (end: Promise<void>) => inTime(end).finally(() => clearTimeout(timer));
  const transaction = await inTime(beginning).catch((error) => {
    clearTimeout(timer);
    throw error;
  });
  return {
    execute: (statement: InStatement) => inTime(transaction.execute(statement)),
    batch: (statements) => inTime(transaction.batch(statements)),
    executeMultiple: (sql) => inTime(transaction.executeMultiple(sql)),
    commit: () => ending(transaction.commit()),
    rollback: async () => (transaction.closed ? undefined : ending(transaction.rollback())),
    close() {
      clearTimeout(timer);
      transaction.close();
    },
    get closed() {
      return transaction.closed;
    },
  };
}
