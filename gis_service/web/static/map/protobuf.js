/* Reads protocol buffers, for what draws vector tiles beside the page. */
"use strict";

const WIDTHS = { 0: "skipVarint", 1: "skip8", 2: "skipBytes", 5: "skip4" };

/** Reads the fields of a protocol buffer. */
class Reader {
  constructor(bytes, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  varint() {
    let value = 0;
    let scale = 1;
    let byte = 0;
    do {
      byte = this.bytes[this.at++];
      value += (byte & 127) * scale;
      scale *= 128;
    } while (byte > 127);
    return value;
  }

  signed() {
    const value = this.varint();
    return value % 2 ? -(value + 1) / 2 : value / 2;
  }

  part() {
    const size = this.varint();
    const start = this.at;
    this.at += size;
    return new Reader(this.bytes, start, this.at);
  }

  text() {
    const { bytes, at, end } = this.part();
    return new TextDecoder().decode(bytes.subarray(at, end).slice());
  }

  skipVarint() { this.varint(); }
  skip8() { this.at += 8; }
  skip4() { this.at += 4; }
  skipBytes() { this.part(); }

  /** Calls `take[number]` for the fields that it has, and passes over the others. */
  fields(take) {
    while (this.at < this.end) {
      const key = this.varint();
      const number = Math.floor(key / 8);
      if (take[number]) {
        take[number](this);
      } else {
        this[WIDTHS[key % 8]]();
      }
    }
  }
}
