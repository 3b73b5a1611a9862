/** An answer as it came over the wire. */
export type RawAnswer = { status: number; headers: Headers; body: string };

/**
 * Sends a request as it stands, which no client would, on a connection of its own: a target, the lines of its head
 * that follow, and no body. Resolves to the answer to that one.
 */
export async function rawRequest(
  url: string,
  target: string,
  {
    method = "GET",
    version = "1.1",
    head = [],
  }: { method?: string; version?: string; head?: readonly string[] } = {},
): Promise<RawAnswer> {
  const closed = Promise.withResolvers<string>();
  let received = "";
  const { hostname, port } = new URL(url);
  await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      open(socket) {
        socket.write(
          `${[`${method} ${target} HTTP/${version}`, ...head, "Connection: close"].join("\r\n")}\r\n\r\n`,
        );
      },
      data(socket, data) {
        received += data.toString("latin1");
        // Bun answers some requests that are none, and leaves the connection open.
        if (isWhole(received, method)) socket.end();
      },
      close: () => closed.resolve(received),
      connectError: (_, error) => closed.reject(error),
    },
  });
  return parseAnswer(await closed.promise);
}

function isWhole(text: string, method: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return false;
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))?.[1]);
  return method === "HEAD" || text.slice(end + 4).length >= (length || 0);
}

function parseAnswer(text: string): RawAnswer {
  const [head = "", body = ""] = text.split(/\r\n\r\n(.*)/s);
  const [first = "", ...lines] = head.split("\r\n");
  const headers = new Headers(
    lines.map((line): [string, string] => {
      const [name = "", value = ""] = line.split(/: *(.*)/);
      return [name, value];
    }),
  );
  return { status: Number(first.split(" ")[1]), headers, body };
}
