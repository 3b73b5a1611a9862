/** Numbers, added one by one, in a fraction of the memory of an array of them. */
export class NumberList<Values extends Uint16Array | Float64Array> {
  readonly #make: new (
    length: number,
  ) => Values;
  #values: Values;
  length = 0;

  /** @param expected how many numbers are to come, as far as that is known */
  constructor(make: new (length: number) => Values, expected: number) {
    this.#make = make;
    this.#values = new make(Math.max(expected, 1024));
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new this.#make(Math.ceil(1.5 * this.length));
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  /** Those there are, not copied. */
  values(): Values {
    return this.#values.subarray(0, this.length) as Values;
  }
}
