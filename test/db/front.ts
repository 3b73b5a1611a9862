/** Gives the answer in place of the server behind; undefined lets the request through, be it later. */
type Interference = (request: Request) => Response | undefined | Promise<undefined>;

export interface Front extends Disposable {
  readonly url: string;
  /** From now on; nothing is in the way until this is called. */
  interfere(how: Interference): void;
  /**
   * As the server behind would hang from the next sync on, or with `sql` from the next after a statement that has it:
   * that and whatever comes after it is not answered until `release` is called. Resolves when it has come to that.
   */
  hangFromSync(sql?: string): { hanging: Promise<void>; release(): void };
}

/** Whether it is for a replica to be synced. */
export function isSync({ url }: Request): boolean {
  return new URL(url).pathname.startsWith("/wal_log");
}

/** Whether it asks only whether anybody is there. */
export function isProbe({ method }: Request): boolean {
  return method === "GET";
}

/** Stands in front of a database server, such as a proxy does, and can be in the way. */
export function startFront(target: string): Front {
  let interference: Interference = () => undefined;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: async (request) => (await interference(request)) ?? forward(request, target),
  });
  return {
    url: server.url.origin,
    interfere(how) {
      interference = how;
    },
    hangFromSync(sql = "") {
      const { promise: released, resolve } = Promise.withResolvers<undefined>();
      const { promise: hanging, resolve: hang } = Promise.withResolvers<void>();
      let armed = sql === "";
      interference = async (request) => {
        armed ||= (await request.clone().text()).includes(JSON.stringify(sql).slice(1, -1));
        if (!armed || !isSync(request)) return undefined;
        hang();
        interference = () => released;
        return released;
      };
      return {
        hanging,
        release() {
          interference = () => undefined;
          resolve(undefined);
        },
      };
    },
    [Symbol.dispose]: () => void server.stop(true),
  };
}

async function forward(request: Request, target: string): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const { method, headers } = request;
  const body = await request.arrayBuffer();
  const init = { method, headers, decompress: false, ...(body.byteLength > 0 && { body }) };
  return fetch(target + pathname + search, init).catch(() => new Response(null, { status: 502 }));
}

/** An answer that begins as one does, and then neither goes on nor ends. */
export function brokenOff(): Response {
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{"baton":null,')),
  });
  return new Response(body, { headers: { "Content-Type": "application/json" } });
}
