import { expect, test } from "bun:test";
import { join } from "node:path";
import { createClient } from "@libsql/client";
import { until } from "../db/instances.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { registerRider } from "../support/rider.ts";
import { madeUpRide } from "../support/rides.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { beginUpload } from "../support/slow-upload.ts";

const SECRETS = {
  email: "plantagenet@example.org",
  otherEmail: "lancaster@example.org",
  password: "correct horse battery",
  wrongPassword: "an incorrect horse",
  jwtSecret: "jwt-secret-of-this-test-0123456789abcdef",
  metricsToken: "metrics-token-of-this-test",
  foreignKey: "bpt_a-key-that-nobody-has",
};

function linesOf(server: TestServer): Record<string, unknown>[] {
  return server.output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** Changes the server's database from outside, so that its own statements fail. */
async function damage({ directory }: TestServer, sql: string): Promise<void> {
  const client = createClient({ url: `file:${join(directory, "bpt.db")}`, timeout: 5000 });
  await client.execute(sql);
  client.close();
}

test("no log at any level has a password, a token, a key or an e-mail address in it", async () => {
  await using server = await startServer({
    environment: {
      LOG_LEVEL: "trace",
      REGISTRATION: "open",
      JWT_SECRET: SECRETS.jwtSecret,
      METRICS_TOKEN: SECRETS.metricsToken,
    },
  });
  const rider = await registerRider(server, SECRETS.email);
  const post = (path: string, json: object) => rider.request(path, { method: "POST", json });
  const credentials = { email: SECRETS.email, password: SECRETS.password };
  const login = await post("/api/auth/login", credentials);
  const { refreshToken } = (await login.json()) as { refreshToken: string };
  const { key } = await rider.call<{ key: string }>("POST", "/api/api-keys", { name: "phone" });

  await rider.call("POST", "/api/workouts", { streamName: "ride" });
  await rider.postBatch("ride", madeUpRide(10), "json");
  for (const apiKey of [key, SECRETS.foreignKey]) {
    const answer = await fetch(`${server.url}/api/streams/ride/listen?apiKey=${apiKey}`);
    await answer.body?.cancel();
    await fetch(`${server.url}/api/workouts?apiKey=${apiKey}`, { headers: { "X-API-Key": apiKey } });
  }
  await fetch(`${server.url}/metrics?token=${SECRETS.metricsToken}`, {
    headers: { Authorization: `Bearer ${SECRETS.metricsToken}` },
  });
  expect((await post("/api/auth/register", credentials)).status).toBe(409);
  expect((await post("/api/auth/login", { ...credentials, password: SECRETS.wrongPassword })).status).toBe(
    401,
  );
  expect((await post("/api/auth/login", { ...credentials, email: SECRETS.otherEmail })).status).toBe(401);
  await post("/api/auth/refresh", { refreshToken });
  await post("/api/auth/refresh", { refreshToken });
  await rider.request("/api/users/me", { method: "PATCH", body: `{"displayName": "${SECRETS.email}` });

  // Statements that fail, with a hash of the password, an address, a hash of a token among their values.
  await damage(server, "ALTER TABLE refresh_tokens RENAME TO gone");
  const other = { email: SECRETS.otherEmail, password: SECRETS.password };
  expect((await post("/api/auth/register", other)).status).toBe(500);
  expect((await post("/api/auth/refresh", { refreshToken })).status).toBe(500);
  await damage(server, "ALTER TABLE users RENAME TO gone_too");
  expect((await post("/api/auth/login", credentials)).status).toBe(500);
  expect(await server.signal("SIGTERM")).toBe(0);
  await until(() => server.output.includes('"msg":"stopped"'));

  const lines = linesOf(server);
  expect(lines.filter(({ level }) => level === "error")).toHaveLength(3);
  expect(lines.filter(({ msg }) => msg === "request").length).toBeGreaterThan(15);
  const planted = { ...SECRETS, key, refreshToken, accessToken: rider.accessToken, hash: "$argon2" };
  for (const [name, secret] of Object.entries(planted)) {
    expect({ name, isLogged: server.output.includes(secret) }).toEqual({ name, isLogged: false });
  }
  expect(server.output).not.toMatch(/plantagenet|lancaster|apiKey=/);
}, 30_000);

test("every line on the way of a request bears the id that is in its answer", async () => {
  await using server = await startServer({ environment: { LOG_LEVEL: "debug" } });
  const rider = await registerRider(server);
  await damage(server, "ALTER TABLE refresh_tokens RENAME TO gone");
  const json = { email: "rider@example.org", password: "correct horse battery" };
  const response = await rider.request("/api/auth/login", { method: "POST", json });
  const requestId = response.headers.get("X-Request-Id");
  const own = () => linesOf(server).filter((line) => line.requestId === requestId);
  await until(() => own().length === 2);
  expect(own().map(({ level, msg }) => [level, msg])).toEqual([
    ["error", "request failed"],
    ["debug", "request"],
  ]);
  const others = linesOf(server).filter((line) => line.msg === "request");
  expect(new Set(others.map((line) => line.requestId)).size).toBe(others.length);
}, 20_000);

test("an upload that breaks off is no error of the service", async () => {
  await using server = await startServer({ environment: { LOG_LEVEL: "debug" } });
  const rider = await registerRider(server);
  const url = `${server.url}/api/streams/ride/messages/batch`;
  (await beginUpload(url, { ...rider, body: '{"power":200}\n'.repeat(10) }))[Symbol.dispose]();
  await until(() => server.output.includes('"path":"/api/streams/ride/messages/batch"'));
  expect(linesOf(server).at(-1)).toMatchObject({ level: "debug", status: 400 });
  expect(server.output).not.toContain('"level":"error"');
}, 20_000);

test("an error that nobody caught ends the service, and is logged without its values", async () => {
  const { path, remove } = await temporaryDirectory();
  const preload = join(path, "uncaught.ts");
  await Bun.write(
    preload,
    `import { DrizzleQueryError } from "${import.meta.resolve("drizzle-orm")}";
     const error = new DrizzleQueryError("insert", ["${SECRETS.email}"], new Error("locked"));
     process.on("SIGUSR2", () => void Promise.reject(error));`,
  );
  const service = Bun.spawn(
    [process.execPath, "--no-env-file", "--preload", preload, "src/main.ts", "serve"],
    {
      cwd: join(import.meta.dir, "../.."),
      env: { PATH: process.env.PATH, DATA_DIR: path, PORT: "0" },
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  let log = "";
  for await (const chunk of service.stdout) {
    log += new TextDecoder().decode(chunk);
    if (log.includes("serving") && !log.includes("fatal")) service.kill("SIGUSR2");
  }
  const stderr = await service.stderr.text();
  expect(await service.exited).toBe(1);
  expect(log + stderr).not.toContain(SECRETS.email);
  const last = JSON.parse(log.trimEnd().split("\n").at(-1) ?? "");
  expect(last).toMatchObject({ level: "fatal", err: { message: "locked" } });
  expect(stderr).toBe("The service met an error that it does not know, and stops. The log says which.\n");
  await remove();
}, 20_000);
