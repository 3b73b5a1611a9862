/** Waits for another process that holds the write lock, in milliseconds. */
export const BUSY_TIMEOUT_MS = 5000;
