import { Histogram } from "./histogram.ts";

type RouteCounts = { duration: Histogram; byStatus: Map<number, number> };

/**
 * Counts requests by route, which is its pattern and not what somebody has asked for: there are no more of them than
 * the program has.
 */
export class RequestCounts {
  readonly #byMethod = new Map<string, Map<string, RouteCounts>>();

  /** @param bounds of the durations, in seconds */
  constructor(private readonly bounds: readonly number[]) {}

  add(method: string, route: string, status: number, seconds: number): void {
    const counts = this.#byMethod.get(method)?.get(route) ?? this.#open(method, route);
    counts.duration.observe(seconds);
    counts.byStatus.set(status, (counts.byStatus.get(status) ?? 0) + 1);
  }

  list(): (RouteCounts & { method: string; route: string })[] {
    return [...this.#byMethod].flatMap(([method, routes]) =>
      [...routes].map(([route, counts]) => ({ method, route, ...counts })),
    );
  }

  #open(method: string, route: string): RouteCounts {
    const counts = { duration: new Histogram(this.bounds), byStatus: new Map<number, number>() };
    const routes = this.#byMethod.get(method) ?? new Map<string, RouteCounts>();
    this.#byMethod.set(method, routes.set(route, counts));
    return counts;
  }
}
