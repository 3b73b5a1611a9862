/** A listener that takes the beginning of the answer and then nothing more, on a bare socket. */
export interface StalledReader extends Disposable {
  /** Reads on until the answer has ended; resolves to its body. */
  readOn(): Promise<string>;
}

const HEADERS_END = "\r\n\r\n";
const LAST_CHUNK = "0\r\n\r\n";

/** Resolves when the answer has begun and is no longer read. */
export async function openStalledReader(url: string, accessToken: string): Promise<StalledReader> {
  const { hostname, port, pathname, search, host } = new URL(url);
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const received: Buffer[] = [];
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      data(connection, data) {
        if (received.length === 0) connection.pause();
        received.push(Buffer.from(data));
        begun.resolve();
        if (data.toString("latin1").endsWith(LAST_CHUNK)) ended.resolve();
      },
      close: () => ended.resolve(),
      connectError: (_, error) => begun.reject(error),
    },
  });
  socket.write(
    `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${accessToken}\r\n\r\n`,
  );
  await begun.promise;
  return {
    async readOn() {
      socket.resume();
      await ended.promise;
      return bodyOf(Buffer.concat(received));
    },
    [Symbol.dispose]: () => socket.terminate(),
  };
}

/** The body of an answer in chunks, as far as it came. */
function bodyOf(answer: Buffer): string {
  const chunks: Buffer[] = [];
  let position = answer.indexOf(HEADERS_END) + HEADERS_END.length;
  while (position < answer.length) {
    const lineEnd = answer.indexOf("\r\n", position);
    const length = Number.parseInt(answer.toString("latin1", position, lineEnd), 16);
    chunks.push(answer.subarray(lineEnd + 2, lineEnd + 2 + length));
    position = lineEnd + 2 + length + 2;
  }
  return Buffer.concat(chunks).toString("utf8");
}
