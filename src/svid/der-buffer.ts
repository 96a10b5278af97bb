import { allocate } from "../encoding/allocate.ts";

/** Octets of a whole element whose content has this length. */
export function sizeOf(content: number): number {
  return content + (content < 0x80 ? 2 : content < 0x100 ? 3 : 4);
}

/**
 * Writes DER front to back into one buffer of a size counted beforehand. The DER writer of `encoding` builds from the
 * inside out, a copy for each level: fine for constants, too slow for what every request pays.
 */
export class DerBuffer {
  readonly buffer: Uint8Array;
  #at = 0;

  constructor(size: number) {
    this.buffer = allocate(size);
  }

  /** @param length below 64 KiB */
  header(identifier: number, length: number): void {
    const { buffer } = this;
    buffer[this.#at++] = identifier;
    if (length >= 0x100) {
      if (length > 0xffff) throw new RangeError("element too long");
      buffer[this.#at++] = 0x82;
      buffer[this.#at++] = length >> 8;
    } else if (length >= 0x80) buffer[this.#at++] = 0x81;
    buffer[this.#at++] = length;
  }

  byte(value: number): void {
    this.buffer[this.#at++] = value;
  }

  bytes(bytes: Uint8Array): void {
    this.buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** @throws RangeError for anything but ASCII: cut to octets it would name somebody else */
  ascii(text: string): void {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) throw new RangeError("not ascii");
      this.buffer[this.#at++] = code;
    }
  }

  /** UTCTime before 2050, GeneralizedTime from then on (RFC 5280 §4.1.2.5). */
  time(unixSeconds: number): void {
    const date = new Date(unixSeconds * 1000);
    const year = date.getUTCFullYear();
    if (unixSeconds < UTC_TIME_END) this.header(0x17, 13);
    else {
      this.header(0x18, 15);
      this.#two(Math.floor(year / 100));
    }
    this.#two(year % 100);
    this.#two(date.getUTCMonth() + 1);
    this.#two(date.getUTCDate());
    this.#two(date.getUTCHours());
    this.#two(date.getUTCMinutes());
    this.#two(date.getUTCSeconds());
    this.byte(0x5a);
  }

  static timeSize(unixSeconds: number): number {
    return unixSeconds < UTC_TIME_END ? 15 : 17;
  }

  #two(value: number): void {
    this.buffer[this.#at++] = 0x30 + Math.floor(value / 10);
    this.buffer[this.#at++] = 0x30 + (value % 10);
  }
}

/** 2050-01-01T00:00:00Z */
const UTC_TIME_END = 2_524_608_000;
