import type { LimitFunction } from "p-limit";

/** What `work` comes to; once it has taken so many ms, what `late` makes of that: it returns instead, or throws. */
export async function withinTime<T, Late>(
  work: Promise<T>,
  milliseconds: number,
  late: () => Late,
): Promise<T | Late> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, milliseconds);
  try {
    return await Promise.race([work, over.promise.then(late)]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Does the work in its turn; the wait for that is part of the time, in ms. What is late by then is not begun, or its end
 * not waited for, and what `late` throws is thrown.
 */
export function inTurnWithinTime<T>(
  turns: LimitFunction,
  milliseconds: number,
  late: () => never,
  work: () => Promise<T>,
): Promise<T> {
  let isLate = false;
  const take = async () => (isLate ? late() : work());
  return withinTime(turns(take), milliseconds, () => {
    isLate = true;
    return late();
  });
}
