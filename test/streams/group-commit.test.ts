import { expect, test } from "bun:test";
import { createGroupCommit } from "../../src/streams/group-commit.ts";

test("a lone operation goes at once, and what arrives during a commit travels together in the next", async () => {
  const groups: number[][] = [];
  let disk = Promise.withResolvers<void>();
  const reached = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const commits = createGroupCommit<number>(
    (queue) => queue.splice(0),
    async (group) => {
      groups.push(group);
      reached[groups.length - 1]?.resolve();
      await disk.promise;
    },
  );
  commits.enqueue(1);
  await reached[0]?.promise;
  for (const operation of [2, 3, 4, 5]) commits.enqueue(operation);
  const slow = disk;
  disk = Promise.withResolvers();
  slow.resolve();
  await reached[1]?.promise;
  disk.resolve();
  await commits.settled();
  expect(groups).toEqual([[1], [2, 3, 4, 5]]);
});

test("operations of one turn of the event loop share a commit, in order", async () => {
  const groups: number[][] = [];
  const commits = createGroupCommit<number>(
    (queue) => queue.splice(0),
    async (group) => {
      groups.push(group);
    },
  );
  for (const operation of [1, 2, 3]) commits.enqueue(operation);
  await commits.settled();
  commits.enqueue(4);
  await commits.settled();
  expect(groups).toEqual([[1, 2, 3], [4]]);
});
