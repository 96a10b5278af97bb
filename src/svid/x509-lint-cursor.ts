/**
 * A place in DER bytes, and the end of the element that was entered last. Allocates nothing while it walks:
 * the whole lint of a certificate costs about as much as one of its hashes.
 */
export class TlvCursor {
  readonly bytes: Uint8Array;
  at = 0;
  end: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.end = bytes.length;
  }

  /** Steps into an element with this tag; its length must be minimal and stay within the element around it. */
  enter(tag: number): boolean {
    const { bytes } = this;
    let at = this.at;
    if (at + 2 > this.end || bytes[at] !== tag) return false;
    let length = bytes[at + 1] ?? 0;
    at += 2;
    if (length > 0x7f) {
      const size = length & 0x7f;
      if (size === 0 || size > 2 || at + size > this.end) return false;
      length = size === 1 ? (bytes[at] ?? 0) : ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
      if (length < (size === 1 ? 0x80 : 0x100)) return false;
      at += size;
    }
    if (at + length > this.end) return false;
    this.at = at;
    this.end = at + length;
    return true;
  }

  /** Steps over the rest of the element that was entered last; `end` is that of the element around it. */
  leave(end: number): void {
    this.at = this.end;
    this.end = end;
  }

  /** Reads one byte; -1 at the end. */
  byte(): number {
    return this.at < this.end ? (this.bytes[this.at++] ?? -1) : -1;
  }

  /** Steps over exactly these bytes. */
  literal(expected: Uint8Array): boolean {
    const { bytes, at } = this;
    const { length } = expected;
    if (at + length > this.end) return false;
    for (let i = 0; i < length; i++) if (bytes[at + i] !== expected[i]) return false;
    this.at = at + length;
    return true;
  }

  /** Steps over an element that is all that is left and holds exactly these bytes. */
  octets(tag: number, expected: Uint8Array): boolean {
    const { end } = this;
    return (
      expected.length > 0 &&
      this.enter(tag) &&
      this.end === end &&
      end - this.at === expected.length &&
      this.literal(expected)
    );
  }

  /** Steps over exactly this text, which has to be the rest of the element. */
  ascii(expected: string): boolean {
    const { bytes, at } = this;
    const { length } = expected;
    if (this.end - at !== length) return false;
    for (let i = 0; i < length; i++) {
      const code = expected.charCodeAt(i);
      if (code > 0x7e || code < 0x21 || bytes[at + i] !== code) return false;
    }
    this.at = at + length;
    return true;
  }

  /** The criticality of an extension: TRUE spelled out, or absent. DER forbids FALSE and every other truth. */
  criticalFlag(): boolean | undefined {
    const { bytes, at } = this;
    if (bytes[at] !== 0x01) return false;
    if (at + 3 > this.end || bytes[at + 1] !== 1 || bytes[at + 2] !== 0xff) return undefined;
    this.at = at + 3;
    return true;
  }

  /** Unix seconds of a UTCTime up to 2049 or a GeneralizedTime from 2050 on, both `…SSZ`; undefined for any other. */
  time(): number | undefined {
    const { bytes, at } = this;
    const general = bytes[at] === 0x18;
    if (!general && bytes[at] !== 0x17) return undefined;
    const length = general ? 15 : 13;
    if (at + 2 + length > this.end || bytes[at + 1] !== length) return undefined;
    let from = at + 2;
    let year = this.#two(from);
    if (general) {
      year = year * 100 + this.#two(from + 2);
      from += 2;
    } else year += year < 50 ? 2000 : 1900;
    const month = this.#two(from + 2);
    const day = this.#two(from + 4);
    const hour = this.#two(from + 6);
    const minute = this.#two(from + 8);
    const second = this.#two(from + 10);
    // The comparisons also refuse NaN, which stands for "not two digits" and is neither before nor after anything.
    if (bytes[from + 12] !== 0x5a || !(year >= (general ? 2050 : 1950))) return undefined;
    if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month))) return undefined;
    if (!(hour <= 23 && minute <= 59 && second <= 59)) return undefined;
    this.at = at + 2 + length;
    return ((daysSinceEpoch(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
  }

  #two(at: number): number {
    const tens = (this.bytes[at] ?? 0) - 0x30;
    const ones = (this.bytes[at + 1] ?? 0) - 0x30;
    return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
  }
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days since 1970-01-01 in the Gregorian calendar, counted in years that begin in March so that leap days come last. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const m = month > 2 ? month - 3 : month + 9;
  const leaps = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  return y * 365 + leaps + Math.floor((m * 306 + 5) / 10) + day - 1 - 719_468;
}
