import { expect, setDefaultTimeout, test } from "bun:test";
import { createKey, EMAIL, listKeys, register, statusOf } from "../features/accounts/accounts.ts";
import { useService } from "../support/accounts.ts";
import { runCommand } from "../support/command.ts";

setDefaultTimeout(20_000);

const service = useService({ fresh: true, environment: { REGISTRATION: "open" } });

const run = (...words: string[]) => runCommand(["api-key", ...words], { DATA_DIR: service.app.directory });

test("create prints the key alone, and the server beside it takes it", async () => {
  const { app } = service;
  const { accessToken } = await register(app);
  const { output, errors, exitCode } = await run("create", EMAIL, "--name", "turbo");
  expect(output).toMatch(/^bpt_[\w-]{43}\n$/);
  expect(errors).toContain("It is shown this once.");
  expect(exitCode).toBe(0);
  expect(await statusOf(app, { apiKey: output.trim() })).toBe(200);
  expect(await listKeys(app, accessToken)).toMatchObject([{ name: "turbo", prefix: output.slice(0, 12) }]);
});

test("a key ends when it was said to", async () => {
  const { app } = service;
  await register(app);
  const { output } = await run("create", EMAIL, "--name", "turbo", "--expires", "2099-01-01", "--json");
  const { apiKey } = JSON.parse(output) as { apiKey: { key: string } };
  expect<unknown>(apiKey).toEqual({
    id: expect.any(String),
    email: EMAIL,
    name: "turbo",
    prefix: apiKey.key.slice(0, 12),
    createdAt: expect.any(String),
    expiresAt: "2099-01-01T00:00:00.000Z",
    lastUsedAt: null,
    key: apiKey.key,
  });
  app.clock.time = Date.UTC(2098, 11, 31);
  expect(await statusOf(app, { apiKey: apiKey.key })).toBe(200);
  app.clock.time = Date.UTC(2099, 0, 1);
  expect(await statusOf(app, { apiKey: apiKey.key })).toBe(401);
  expect(await run("create", EMAIL, "--name", "turbo", "--expires", "2020-01-01")).toEqual({
    output: "",
    errors: "expiresAt: is not in the future\n",
    exitCode: 2,
  });
});

test("list has the keys of everybody or of one rider, and none of them whole", async () => {
  const { app, rider } = service;
  const { accessToken } = await register(app);
  const { id, prefix, key } = await createKey(app, accessToken, { name: "\u001b]0;x\u0007" });
  const { output } = await run("list");
  expect(output).toContain(`${id}  ${EMAIL} `);
  expect(output).toContain(`  \\u{1b}]0;x\\u{7}  ${prefix}…  `);
  expect(output).not.toContain(key);
  expect(output.trimEnd().split("\n")).toHaveLength(3);
  expect((await run("list", EMAIL)).output.trimEnd().split("\n")).toHaveLength(2);
  const { apiKeys } = JSON.parse((await run("list", rider.userId, "--json")).output) as {
    apiKeys: object[];
  };
  expect(apiKeys).toMatchObject([{ name: "test", prefix: rider.apiKey.slice(0, 12) }]);
});

test("revoke ends a key within a minute", async () => {
  const { app } = service;
  const { accessToken } = await register(app);
  const { id, key } = await createKey(app, accessToken);
  expect(await statusOf(app, { apiKey: key })).toBe(200);
  const { output, errors, exitCode } = await run("revoke", id);
  expect(output).toBe(`The key trainer (${key.slice(0, 12)}…) is revoked.\n`);
  expect(errors).toContain("for up to a minute more");
  expect(exitCode).toBe(0);
  app.clock.time += 60_001;
  expect(await statusOf(app, { apiKey: key })).toBe(401);
  expect(await run("revoke", id)).toEqual({
    output: "",
    errors: `There is no API key with the id ${id}.\n`,
    exitCode: 1,
  });
});
