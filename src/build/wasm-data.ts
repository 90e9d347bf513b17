/** Sections of a module, https://webassembly.github.io/spec/core/binary/modules.html */
const DATA = 11;
const DATA_COUNT = 12;
const HEADER = 8;
const I32_CONST = 0x41;
const END = 0x0b;

/**
 * The same module with its data in one piece, the zeros between the pieces written out: what stands in thousands of
 * pieces, each with its address, is harder to compress than the tables that it is.
 *
 * @param wasm a module with a memory of its own, which is zero before its data is put there
 * @throws where its data is of a kind that cannot be put together
 */
export function withDataInOnePiece(wasm: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [wasm.subarray(0, HEADER)];
  const reader = new Reader(wasm, HEADER);
  while (reader.at < wasm.length) {
    const start = reader.at;
    const id = reader.byte();
    const end = reader.unsigned() + reader.at;
    if (id === DATA) parts.push(section(DATA, onePiece(reader)));
    else if (id === DATA_COUNT) parts.push(section(DATA_COUNT, unsigned(1)));
    else parts.push(wasm.subarray(start, end));
    reader.at = end;
  }
  return Buffer.concat(parts);
}

function onePiece(reader: Reader): Uint8Array {
  const pieces: { readonly to: number; readonly bytes: Uint8Array }[] = [];
  for (let left = reader.unsigned(); left > 0; left--) {
    const active = reader.unsigned() === 0 && reader.byte() === I32_CONST;
    const to = reader.signed();
    if (!active || to < 0 || reader.byte() !== END)
      throw new Error('the data of the WebAssembly is put elsewhere than at fixed addresses');
    pieces.push({ to, bytes: reader.bytes(reader.unsigned()) });
  }
  const from = Math.min(...pieces.map(({ to }) => to));
  const data = Buffer.alloc(Math.max(...pieces.map(({ to, bytes }) => to + bytes.length)) - from);
  for (const { to, bytes } of pieces) data.set(bytes, to - from);
  return Buffer.concat([
    unsigned(1),
    unsigned(0),
    Buffer.of(I32_CONST),
    signed(from),
    Buffer.of(END),
    unsigned(data.length),
    data,
  ]);
}

const section = (id: number, content: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.of(id), unsigned(content.length), content]);

/** Integers are LEB128, 7 bits a byte, the lowest first. */
class Reader {
  readonly #of: Uint8Array;
  at: number;

  constructor(of: Uint8Array, at: number) {
    this.#of = of;
    this.at = at;
  }

  byte(): number {
    const byte = this.#of[this.at++];
    if (byte === undefined) throw new Error('the WebAssembly ends in the middle');
    return byte;
  }

  bytes(length: number): Uint8Array {
    this.at += length;
    return this.#of.subarray(this.at - length, this.at);
  }

  unsigned(): number {
    return this.#integer().value >>> 0;
  }

  signed(): number {
    const { value, bits, last } = this.#integer();
    return bits < 32 && (last & 0x40) !== 0 ? value | (-1 << bits) : value;
  }

  #integer(): { readonly value: number; readonly bits: number; readonly last: number } {
    let value = 0;
    let bits = 0;
    for (;;) {
      const byte = this.byte();
      value |= (byte & 0x7f) << bits;
      bits += 7;
      if (byte < 0x80) return { value, bits, last: byte };
    }
  }
}

function unsigned(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let left = value >>> 0; ; left >>>= 7) {
    if (left < 0x80) return Buffer.of(...bytes, left);
    bytes.push((left & 0x7f) | 0x80);
  }
}

/** A positive number as a signed one: its last byte must not look negative. */
function signed(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let left = value; ; left >>>= 7) {
    if (left < 0x40) return Buffer.of(...bytes, left);
    bytes.push((left & 0x7f) | 0x80);
  }
}
