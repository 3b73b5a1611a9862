import type { Sample } from "../../src/domain/sample.ts";
import { AnswerError, type Posted, type Rider } from "../support/rider.ts";

/** What one call sent, and if it was acknowledged, under which ids the service said that it stored it. */
export type Post = { samples: Sample[]; ids?: { first: string; last: string } };

export type PostAs = "single" | "json" | "ndjson";

const START = Date.UTC(2026, 5, 1, 8);

/** Posts made-up samples into a stream and remembers all of it; no two samples have the same timestamp. */
export class Ledger {
  readonly posts: Post[] = [];
  #samples = 0;

  constructor(
    readonly rider: Rider,
    readonly streamName: string,
  ) {}

  get acknowledged(): Post[] {
    return this.posts.filter(({ ids }) => ids !== undefined);
  }

  /** Resolves to the ids of the first and the last message. */
  async post(count: number, as: PostAs): Promise<{ first: string; last: string }> {
    const post: Post = { samples: this.#takeSamples(count) };
    this.posts.push(post);
    post.ids = await (as === "single" ? this.#postSingle(post) : this.#postBatch(post, as));
    return post.ids;
  }

  /** One post after another, each as soon as the last is acknowledged. */
  async postUntilKilled(count: number, as: PostAs): Promise<void> {
    while (await isAnswered(this.post(count, as)));
  }

  async #postSingle({ samples }: Post) {
    const path = `/api/streams/${this.streamName}/messages`;
    const { messageId } = await this.rider.call<Posted>("POST", path, { message: samples[0] });
    return { first: messageId, last: messageId };
  }

  async #postBatch({ samples }: Post, as: "json" | "ndjson") {
    const { firstMessageId, lastMessageId } = await this.rider.postBatch(this.streamName, samples, as);
    return { first: firstMessageId, last: lastMessageId };
  }

  #takeSamples(count: number): Sample[] {
    const first = this.#samples;
    this.#samples += count;
    return Array.from({ length: count }, (_, index) => {
      const second = first + index;
      return { timestamp: START + second * 1000, power: 100 + (second % 300) };
    });
  }
}

export function samplesIn(posts: readonly Post[]): Sample[] {
  return posts.flatMap(({ samples }) => samples);
}

/** Whether an answer came before the service was killed. @throws AnswerError when it was not one of success. */
export async function isAnswered(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof AnswerError) throw error;
    return false;
  }
}
