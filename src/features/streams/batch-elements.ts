import { AppError } from "../../errors.ts";

/** Of what a batch may have beside its messages, in characters. */
const MOST_BESIDE = 10_000;

/**
 * The JSON texts of the elements of `messages`, one by one, each still to be parsed: parsing two megabytes at a stroke
 * keeps others waiting, the longer the odder they are. Undefined where the text is no object with such an array.
 * @throws AppError malformed_json, payload_too_large.
 */
export function elementsOf(text: string): Iterable<string> | undefined {
  let messages: string | undefined;
  let beside = 0;
  for (const [name, value] of membersOf(text)) {
    const isMessages = parseText(name) === "messages" && value.startsWith("[");
    if (isMessages && messages === undefined) messages = value;
    else {
      beside += name.length + value.length;
      if (beside > MOST_BESIDE) {
        const sentence = `A batch may have at most ${MOST_BESIDE} characters beside its messages.`;
        throw new AppError("payload_too_large", sentence);
      }
      parseText(value);
    }
  }
  return messages === undefined ? undefined : itemsOf(messages);
}

/** What a JSON text says. @throws AppError malformed_json. */
export function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed(cause);
  }
}

/** The names and values of an object, as JSON texts; none where it is something else. */
function* membersOf(text: string): Generator<[name: string, value: string]> {
  let at = skipSpace(text, 0);
  if (text[at] !== "{" || text[skipSpace(text, at + 1)] === "}") return;
  do {
    const colon = valueEnd(text, at + 1, ":");
    const end = valueEnd(text, colon + 1);
    yield [text.slice(at + 1, colon), text.slice(skipSpace(text, colon + 1), end)];
    at = end;
  } while (text[at] === ",");
  if (text[at] !== "}" || skipSpace(text, at + 1) < text.length) throw malformed();
}

/** The elements of an array, as JSON texts. */
function* itemsOf(text: string): Generator<string> {
  let at = skipSpace(text, 1);
  if (text[at] !== "]") {
    at = 0;
    do {
      const end = valueEnd(text, at + 1);
      yield text.slice(at + 1, end);
      at = end;
    } while (text[at] === ",");
  }
  if (text[at] !== "]" || skipSpace(text, at + 1) < text.length) throw malformed();
}

/** Where the value that begins at a place is over: at the next comma or closing bracket that is not in it, or `mark`. */
function valueEnd(text: string, start: number, mark = ","): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') at = stringEnd(text, at);
    else if (character === "{" || character === "[") depth += 1;
    else if (depth === 0 && (character === mark || character === "}" || character === "]")) return at;
    else if (character === "}" || character === "]") depth -= 1;
  }
  return text.length;
}

/** The place of the quote that closes a string. */
function stringEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at += 1;
  return at;
}

function malformed(cause?: unknown): AppError {
  return new AppError("malformed_json", "The body is not valid JSON.", { cause });
}
