/** A line of the result. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The whole result, for scripts. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** A line about the work, which is no part of its result. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Says how many, as in `1 ride` or `2 rides`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Text that somebody else has chosen, without what a terminal would act on: that is written as its code. */
export function shown(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
