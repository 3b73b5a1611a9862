import { afterAll, describe, expect, test } from "bun:test";
import { fetchFromServer, ServerError } from "../../../src/cli/demo/server-error.ts";

const server = Bun.serve({
  port: 0,
  routes: {
    "/fine": Response.json({ success: true }),
    "/website": new Response("<html>", { headers: { "Content-Type": "text/html" } }),
    "/moved": Response.redirect("https://elsewhere.example/", 301),
    "/busy": Response.json({ error: "Not now." }, { status: 503, headers: { "Retry-After": "3" } }),
    "/starting": new Response("<html>", { status: 502 }),
    "/private": Response.json({ error: "Who are you?" }, { status: 401 }),
    "/broken": new Response("<html>", { status: 500, statusText: "Internal Server Error" }),
  },
});
const { origin } = server.url;

afterAll(() => server.stop(true));

async function failureAt(url: string): Promise<Pick<ServerError, "message" | "retryAfter">> {
  const error: unknown = await fetchFromServer(url).catch((error: unknown) => error);
  if (!(error instanceof ServerError)) throw new Error(`${url} should have failed`);
  return { message: error.message.replace(origin, "Server"), retryAfter: error.retryAfter };
}

describe("fetchFromServer", () => {
  test("hands a good answer on", async () => {
    expect(await (await fetchFromServer(`${origin}/fine`)).json()).toEqual({ success: true });
  });

  test("says what the server says, and when it may be asked again", async () => {
    expect(await failureAt(`${origin}/busy`)).toEqual({
      message: "Server answered 503: Not now.",
      retryAfter: 3000,
    });
    expect(await failureAt(`${origin}/private`)).toEqual({
      message: "Server answered 401: Who are you? Use --token or --api-key.",
      retryAfter: undefined,
    });
  });

  test("has a sentence for what is not this service", async () => {
    expect((await failureAt(`${origin}/website`)).message).toMatch(/does not answer like this service/);
    expect((await failureAt(`${origin}/moved`)).message).toMatch(/sends on to https:\/\/elsewhere.example\//);
    expect(await failureAt(`${origin}/broken`)).toEqual({
      message: "Server answered 500: Internal Server Error.",
      retryAfter: undefined,
    });
  });

  test("takes a server that is away for one that comes back", async () => {
    expect((await failureAt(`${origin}/starting`)).retryAfter).toBe(1000);
    expect(await failureAt("http://127.0.0.1:9/")).toEqual({
      message: "http://127.0.0.1:9 cannot be reached. Is the server running there?",
      retryAfter: 1000,
    });
  });
});
