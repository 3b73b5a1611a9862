/* A thread that answers calls, and who calls it. */

/** What a thread can be asked for, by name. What crosses is cloned, as structuredClone does it. */
// biome-ignore lint/suspicious/noExplicitAny: only such functions take whatever those of a service take.
export type Service = Record<string, (request: any) => unknown>;

/** One with what is asked for: a flat object of texts and numbers crosses between threads fastest. */
type Call = { callId: number; callTo: string };
type Reply = { callId: number; result: unknown } | { callId: number; error: PackedError };

/** An error without its class. */
export type PackedError = { message: string; [field: string]: unknown };

type Answering = {
  /** What of a result is handed over rather than cloned. */
  handedOver?: (result: unknown) => ArrayBuffer[];
  packError?: (error: unknown) => PackedError;
};

declare const self: Worker;

/** Makes this thread answer calls, each as soon as it can: who wants them one after another asks for one at a time. */
export function answerCalls(service: Service, { handedOver, packError = pack }: Answering = {}): void {
  self.onmessage = async ({ data: { callId, callTo, ...request } }: MessageEvent<Call>) => {
    try {
      const result = await service[callTo]?.(request);
      self.postMessage({ callId, result } satisfies Reply, handedOver?.(result) ?? []);
    } catch (error) {
      self.postMessage({ callId, error: packError(error) } satisfies Reply);
    }
  };
}

function pack(error: unknown): PackedError {
  return { message: error instanceof Error ? error.message : String(error) };
}

type Options = {
  /** As in "The writer thread": what its failures are told of. */
  title: string;
  /** The code of such a failure, for `unpackError`. */
  failureCode?: string;
  unpackError?: (error: PackedError) => Error;
};

/** A thread that runs a file with `answerCalls` in it. */
export class Thread<Calls extends Service> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #unpackError: (error: PackedError) => Error;
  #calls = 0;
  #failure: Error | undefined;

  /** @param file which the build script of the binary names as an entry point beside main.ts */
  constructor(file: URL, { title, failureCode, unpackError = ({ message }) => new Error(message) }: Options) {
    this.#unpackError = unpackError;
    this.#worker = new Worker(file.href);
    this.#worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#settle(data);
    const fail = (what: string) => this.#fail({ message: `${title} ${what}`, code: failureCode });
    this.#worker.onerror = ({ message }) => fail(`failed: ${message}`);
    this.#worker.addEventListener("close", () => fail("has ended."));
  }

  /** Why it is no more. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** @throws what the service throws, as far as that crosses; the failure of the thread. */
  call<Name extends keyof Calls & string>(
    name: Name,
    ...[request]: Parameters<Calls[Name]>
  ): Promise<Awaited<ReturnType<Calls[Name]>>> {
    if (this.#failure) return Promise.reject(this.#failure);
    const callId = this.#calls++;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(callId, waiting);
    this.#worker.postMessage({ ...request, callId, callTo: name } satisfies Call);
    return waiting.promise as Promise<Awaited<ReturnType<Calls[Name]>>>;
  }

  /** Whether it keeps the process from ending by itself, as it does at first. */
  set keepsProcess(keeps: boolean) {
    if (keeps) this.#worker.ref();
    else this.#worker.unref();
  }

  /** Not while it is in a driver's native code: that would end the process. */
  terminate(): void {
    this.#worker.terminate();
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.callId);
    this.#waiting.delete(reply.callId);
    if ("error" in reply) waiting?.reject(this.#unpackError(reply.error));
    else waiting?.resolve(reply.result);
  }

  #fail(error: PackedError): void {
    this.#failure ??= this.#unpackError(error);
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}
