/** Numbers in each part of a list. */
const PART = 65_536;

/**
 * Numbers, added one by one, in a fraction of the memory of an array of them. It grows part by part: an array that grows
 * leaves one behind each time, of half its size.
 */
export class NumberList<Values extends Uint16Array | Float64Array> {
  readonly #make: new (
    length: number,
  ) => Values;
  #parts: Values[] = [];
  #length = 0;

  constructor(make: new (length: number) => Values) {
    this.#make = make;
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    const place = this.#length++ % PART;
    if (place === 0) this.#parts.push(new this.#make(PART));
    const part = this.#parts.at(-1);
    if (part) part[place] = value;
  }

  /** All there are, as one array; they are gone from here. */
  take(): Values {
    const values = new this.#make(this.#length);
    for (const [index, part] of this.#parts.entries()) {
      const start = index * PART;
      values.set(part.subarray(0, this.#length - start), start);
    }
    this.#parts = [];
    this.#length = 0;
    return values;
  }
}
