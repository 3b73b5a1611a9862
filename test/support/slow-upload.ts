/** A request whose body comes in two parts, on a bare socket. */
export interface SlowUpload extends Disposable {
  /** Sends the rest; resolves to all that the server answers until it closes the connection. */
  finish(): Promise<string>;
  /** Resolves, also to what was answered, when the server closes the connection. */
  readonly closed: Promise<string>;
}

/** Resolves when the server has the head and the first half of the body. */
export async function beginUpload(
  url: string,
  { accessToken, body }: { accessToken: string; body: string },
): Promise<SlowUpload> {
  const { hostname, port, pathname, host } = new URL(url);
  const closed = Promise.withResolvers<string>();
  let received = "";
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      data(_, data) {
        received += data.toString("latin1");
      },
      close: () => closed.resolve(received),
      connectError: (_, error) => closed.reject(error),
    },
  });
  const head = [
    `POST ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    `Authorization: Bearer ${accessToken}`,
    "Content-Type: application/x-ndjson",
    `Content-Length: ${body.length}`,
  ];
  const middle = Math.floor(body.length / 2);
  socket.write(`${head.join("\r\n")}\r\n\r\n${body.slice(0, middle)}`);
  // A server that has answered what was sent later has read this.
  for (let round = 0; round < 2; round++) await (await fetch(new URL("/livez", url))).text();
  return {
    finish() {
      socket.write(body.slice(middle));
      return closed.promise;
    },
    closed: closed.promise,
    [Symbol.dispose]: () => socket.terminate(),
  };
}
