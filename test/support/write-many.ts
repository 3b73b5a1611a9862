import { closeClient, openClient } from "../../src/db/open.ts";

/* A process of its own that writes two rows in each of many parallel operations, half of them transactions. */
const [url = "", name = "", count = "0"] = process.argv.slice(2);
const client = await openClient({ url });
const insert = { sql: "INSERT INTO t VALUES (?)", args: [name] };
await Promise.all(
  Array.from({ length: Number(count) }, async (_, index) => {
    if (index % 2 === 0) return client.batch([insert, insert], "write");
    const transaction = await client.transaction();
    await transaction.execute(insert);
    await transaction.execute(insert);
    return transaction.commit();
  }),
);
await closeClient(client);
