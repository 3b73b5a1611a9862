/** The numbers of one column as bytes; `scale` is null where they are raw doubles. */
type PackedNumbers = { scale: number | null; width: number; bytes: Uint8Array };

/** Most decimal places a scaled column has. */
export const MAX_SCALE = 9;
/** Bytes of a raw double; integers are narrower, since seven hold every safe one. */
export const DOUBLE_WIDTH = 8;

// Indexed loops throughout: over typed arrays they are several times as fast in Bun as for-of and forEach.

/** Packs any doubles so that `unpackNumbers` gives the same ones, bit by bit. Layout: see telemetry-codec.ts. */
export function packNumbers(numbers: Float64Array): PackedNumbers {
  const scale = smallestScale(numbers);
  const deltas = scale === null ? null : zigzagDeltas(numbers, 10 ** scale);
  if (deltas === null) return { scale: null, width: DOUBLE_WIDTH, bytes: planesOfDoubles(numbers) };
  const width = widthOf(deltas);
  return { scale, width, bytes: planesOfIntegers(deltas, width) };
}

/** The inverse of `packNumbers`; `bytes` holds a whole number of `width` planes. */
export function unpackNumbers({ scale, width, bytes }: PackedNumbers): Float64Array {
  if (scale === null) return doublesOfPlanes(bytes);
  const numbers = integersOfPlanes(bytes, width);
  const power = 10 ** scale;
  let integer = 0;
  for (let index = 0; index < numbers.length; index++) {
    const zigzag = numbers[index] ?? 0;
    // Bit operators cut to 32 bits, which leaves the lowest bit as it is.
    integer += (zigzag & 1) === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    numbers[index] = integer / power;
  }
  return numbers;
}

/** The least number of decimal places that writes every number exactly; null if there is none up to MAX_SCALE. */
function smallestScale(numbers: Float64Array): number | null {
  let scale = 0;
  let power = 1;
  for (let index = 0; index < numbers.length; index++) {
    const value = numbers[index] ?? 0;
    while (Math.round(value * power) / power !== value) {
      if (scale === MAX_SCALE) return null;
      scale++;
      power *= 10;
    }
  }
  return scale;
}

/** Differences of the scaled integers as 0, -1, 1, -2, … → 0, 1, 2, 3, …; null where that would not be exact. */
function zigzagDeltas(numbers: Float64Array, power: number): Float64Array | null {
  const deltas = new Float64Array(numbers.length);
  let previous = 0;
  for (let index = 0; index < numbers.length; index++) {
    const value = numbers[index] ?? 0;
    const integer = Math.round(value * power);
    const delta = integer - previous;
    const zigzag = delta >= 0 ? 2 * delta : -2 * delta - 1;
    // The scale may have grown after this number was looked at; and the sum of deltas is never -0.
    const isExact = integer / power === value && !Object.is(value, -0);
    if (!isExact || !Number.isSafeInteger(integer) || zigzag > Number.MAX_SAFE_INTEGER) return null;
    deltas[index] = zigzag;
    previous = integer;
  }
  return deltas;
}

/** How many bytes the greatest of the integers needs, at least one. */
function widthOf(integers: Float64Array): number {
  let greatest = 0;
  for (let index = 0; index < integers.length; index++) greatest = Math.max(greatest, integers[index] ?? 0);
  let width = 1;
  while (greatest >= 256 ** width) width++;
  return width;
}

function planesOfIntegers(integers: Float64Array, width: number): Uint8Array {
  const count = integers.length;
  const planes = new Uint8Array(count * width);
  for (let index = 0; index < count; index++) {
    let rest = integers[index] ?? 0;
    for (let at = index; at < planes.length; at += count) {
      planes[at] = rest & 255;
      rest = Math.floor(rest / 256);
    }
  }
  return planes;
}

function integersOfPlanes(planes: Uint8Array, width: number): Float64Array {
  const count = planes.length / width;
  const integers = new Float64Array(count);
  for (let plane = 0; plane < width; plane++) {
    const weight = 256 ** plane;
    for (let index = 0; index < count; index++) {
      integers[index] = (integers[index] ?? 0) + (planes[plane * count + index] ?? 0) * weight;
    }
  }
  return integers;
}

// A Float64Array is little-endian in memory wherever Bun runs, as the layout asks.

function planesOfDoubles(doubles: Float64Array): Uint8Array {
  const bytes = new Uint8Array(doubles.buffer, doubles.byteOffset, doubles.byteLength);
  return transpose(bytes, doubles.length, DOUBLE_WIDTH);
}

function doublesOfPlanes(planes: Uint8Array): Float64Array {
  return new Float64Array(transpose(planes, DOUBLE_WIDTH, planes.length / DOUBLE_WIDTH).buffer);
}

/** Rows of a table of bytes become columns. */
function transpose(bytes: Uint8Array, rows: number, columns: number): Uint8Array {
  const transposed = new Uint8Array(bytes.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      transposed[column * rows + row] = bytes[row * columns + column] ?? 0;
    }
  }
  return transposed;
}
