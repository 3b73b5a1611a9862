/** How deep JSON from outside may nest. A sample is itself the first level. */
export const MAX_LEVELS = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
// The closing ones are two above.
const BRACKET = 0x5b;
const BRACE = 0x7b;

/**
 * Whether a JSON text nests deeper than so many levels. Told from the text, since a parsed value takes recursion to
 * walk or to write: seconds for 50,000 levels. Of what is no JSON the answer means nothing.
 */
export function nestsTooDeep(text: string, most = MAX_LEVELS): boolean {
  // Most samples are too short for it.
  if (text.length <= 2 * most) return false;
  let levels = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) index = endOfString(text, index);
    else if (code === BRACKET || code === BRACE) {
      if (++levels > most) return true;
    } else if (code === BRACKET + 2 || code === BRACE + 2) levels--;
  }
  return false;
}

/** Where the string that begins here has its closing quote, or the text its end. */
function endOfString(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length && text.charCodeAt(index) !== QUOTE)
    index += text.charCodeAt(index) === BACKSLASH ? 2 : 1;
  return index;
}
