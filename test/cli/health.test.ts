import { expect, test } from "bun:test";
import { freePort } from "../support/port.ts";
import { startServer } from "../support/server.ts";

/** The command as a process of its own. */
async function health(environment: Record<string, string>) {
  const command = Bun.spawn([process.execPath, "--no-env-file", "src/main.ts", "health"], {
    env: { PATH: process.env.PATH, ...environment },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, errors, exitCode] = await Promise.all([
    command.stdout.text(),
    command.stderr.text(),
    command.exited,
  ]);
  return { output, errors, exitCode };
}

/** Answers everything alike, in the place of a server; the connection that `answer` keeps waiting ends with it. */
function serveAlways(answer: () => Response | Promise<Response>) {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
  return {
    port: String(server.port),
    url: server.url.origin,
    [Symbol.dispose]: () => void server.stop(true),
  };
}

test.each(["127.0.0.1", "0.0.0.0", "localhost"])("a server that listens on %s is ready", async (HOST) => {
  await using server = await startServer({ environment: { HOST } });
  const { port } = new URL(server.url);
  const { output, errors, exitCode } = await health({ HOST, PORT: port });
  expect([errors, exitCode]).toEqual(["", 0]);
  const asked = HOST === "0.0.0.0" ? "127.0.0.1" : HOST;
  expect(output).toBe(`The server at http://${asked}:${port} is ready.\n`);
});

test.each(["::", "::1"])("a server that listens on %s is asked on the loopback", async (HOST) => {
  const server = Bun.serve({ hostname: HOST, port: 0, fetch: () => new Response() });
  const { port } = server;
  const { output } = await health({ HOST, PORT: String(port) });
  await server.stop(true);
  expect(output).toBe(`The server at http://[::1]:${port} is ready.\n`);
});

test("no proxy is asked in the server's place", async () => {
  using proxy = serveAlways(() => new Response("not found", { status: 404 }));
  using server = serveAlways(() => new Response());
  const environment = { HTTP_PROXY: proxy.url, http_proxy: proxy.url, PORT: server.port };
  expect(await health(environment)).toMatchObject({ errors: "", exitCode: 0 });
});

test("where no server answers the exit code says so", async () => {
  const port = freePort();
  const { output, errors, exitCode } = await health({ PORT: String(port) });
  expect([output, exitCode]).toEqual(["", 1]);
  expect(errors).toStartWith(`No server answers at http://127.0.0.1:${port}/readyz: `);
});

test("a server that is not ready says why", async () => {
  const body = { error: "The database cannot be reached.", code: "store_unavailable" };
  using server = serveAlways(() => Response.json(body, { status: 503 }));
  expect(await health({ PORT: server.port })).toEqual({
    output: "",
    errors: `The server at http://127.0.0.1:${server.port} is not ready: The database cannot be reached.\n`,
    exitCode: 1,
  });
});

test("something else on the port is no server of this service", async () => {
  using server = serveAlways(() => new Response("<html>", { status: 404 }));
  const { errors, exitCode } = await health({ PORT: server.port });
  expect(errors).toContain("is not ready: it answered 404.");
  expect(exitCode).toBe(1);
});

test("a server that accepts and does not answer is not waited for", async () => {
  using server = serveAlways(() => new Promise<Response>(() => {}));
  const { errors, exitCode } = await health({ PORT: server.port });
  expect(errors).toContain("timed out");
  expect(exitCode).toBe(1);
});

test("a port that is not known cannot be asked", async () => {
  const { errors, exitCode } = await health({ PORT: "0" });
  expect(errors).toContain("set PORT");
  expect(exitCode).toBe(1);
});
