type Status = "ok" | "warning" | "problem";

/** What one look at something has told. */
export type Finding = {
  check: string;
  status: Status;
  /** A sentence: how it is, or what is wrong. */
  message: string;
  /** What to do about it. */
  advice?: string;
};

/** As in "12.3 MB". */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
