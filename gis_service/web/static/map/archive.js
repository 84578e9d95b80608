/* Reads tiles out of a PMTiles file (version 3) piece by piece, by the ranges of bytes it needs. */
"use strict";
globalThis.TileArchive = (function () {
  const HEADER_BYTES = 127;
  const FIRST_BYTES = 16384;
  const MOST_LEVELS = 4;
  const KEPT = 64;

  class Numbers {
    constructor(bytes) {
      this.bytes = bytes;
      this.at = 0;
    }

    next() {
      let [value, scale, byte] = [0, 1, 128];
      while (byte > 127) {
        byte = this.bytes[this.at++];
        value += (byte & 127) * scale;
        scale *= 128;
      }
      return value;
    }
  }

  /** The number of a tile: along a Hilbert curve, after those of all lower zooms. */
  function numberOf(zoom, column, row) {
    let number = (4 ** zoom - 1) / 3;
    let [x, y] = [column, row];
    for (let side = 2 ** (zoom - 1); side >= 1; side /= 2) {
      const [right, below] = [(x & side) > 0 ? 1 : 0, (y & side) > 0 ? 1 : 0];
      number += side * side * ((3 * right) ^ below);
      if (!below) {
        [x, y] = right ? [side - 1 - y, side - 1 - x] : [y, x];
      }
    }
    return number;
  }

  /** A directory: [{ id, run, length, offset }], by id. */
  function entriesOf(bytes) {
    const numbers = new Numbers(bytes);
    const entries = Array.from({ length: numbers.next() }, () => ({}));
    let id = 0;
    entries.forEach((each) => { each.id = id += numbers.next(); });
    entries.forEach((each) => { each.run = numbers.next(); });
    entries.forEach((each) => { each.length = numbers.next(); });
    entries.forEach((each, i) => {
      const told = numbers.next();
      each.offset = told ? told - 1 : entries[i - 1].offset + entries[i - 1].length;
    });
    return entries;
  }

  /** The last entry that begins at a number or before it. */
  function lastBefore(entries, number) {
    let [low, high] = [0, entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (entries[middle].id <= number) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return entries[low - 1];
  }

  async function unpacked(bytes) {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  return class TileArchive {
    constructor(address) {
      this.address = address;
      this.whole = null;
      this.directories = new Map();
    }

    /** A tile, unpacked; null where the file has none. */
    async tile(zoom, column, row, signal) {
      const { root, leaves, tiles } = await (this.opened ??= this.open());
      const number = numberOf(zoom, column, row);
      let [offset, length] = root;
      for (let level = 0; level < MOST_LEVELS; level += 1) {
        const found = lastBefore(await this.directory(offset, length), number);
        if (!found || (found.run && number >= found.id + found.run)) {
          return null;
        }
        if (found.run) {
          return unpacked(await this.bytes(tiles + found.offset, found.length, signal));
        }
        [offset, length] = [leaves + found.offset, found.length];
      }
      return null;
    }

    async open() {
      try {
        this.first = await this.bytes(0, FIRST_BYTES);
        const view = new DataView(this.first.buffer, this.first.byteOffset, HEADER_BYTES);
        const long = (at) => Number(view.getBigUint64(at, true));
        if (view.getUint32(0, true) !== 0x69544d50 || view.getUint8(7) !== 3) {
          throw new Error("no archive of tiles");
        }
        return { root: [long(8), long(16)], leaves: long(40), tiles: long(56) };
      } catch (error) {
        this.opened = null;
        throw error;
      }
    }

    directory(offset, length) {
      if (!this.directories.has(offset)) {
        const made = this.bytes(offset, length).then(unpacked).then(entriesOf);
        made.catch(() => this.directories.delete(offset));
        this.directories.set(offset, made);
        if (this.directories.size > KEPT) {
          this.directories.delete([...this.directories.keys()][1]);
        }
      }
      return this.directories.get(offset);
    }

    /** Some bytes of the file; a host that knows no ranges sends all of it, once. */
    async bytes(offset, length, signal) {
      if (this.whole) {
        return this.whole.subarray(offset, offset + length);
      }
      if (this.first && offset + length <= this.first.length) {
        return this.first.subarray(offset, offset + length);
      }
      const answer = await fetch(this.address, {
        headers: { Range: `bytes=${offset}-${offset + length - 1}` }, signal,
      });
      if (!answer.ok) {
        throw new Error(String(answer.status));
      }
      const bytes = new Uint8Array(await answer.arrayBuffer());
      if (answer.status === 200) {
        this.whole = bytes;
        return bytes.subarray(offset, offset + length);
      }
      return bytes;
    }
  };
})();
