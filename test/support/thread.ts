import { answerCalls } from "../../src/thread.ts";

/* A thread for the test of threads. */

const service = {
  async doubled({ number, after }: { number: number; after: number }): Promise<number> {
    await Bun.sleep(after);
    return 2 * number;
  },
  numbers: (): Float64Array => Float64Array.of(1, 2, 3),
  refuse({ why }: { why: string }): never {
    throw new RangeError(why);
  },
  end(): void {
    process.exit(1);
  },
  fail(): void {
    setTimeout(() => {
      throw new Error("on purpose");
    });
  },
};

export type TestService = typeof service;

answerCalls(service, {
  handedOver: (result) => (result instanceof Float64Array ? [result.buffer as ArrayBuffer] : []),
});
