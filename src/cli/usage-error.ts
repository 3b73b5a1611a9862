/** The command line is at fault, in a way that its parser cannot know: main.ts then exits with 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
