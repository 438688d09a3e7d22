import type { Platform } from '../oci/platform.ts';

/** What programs of an architecture look like, as far as the kernel looks. */
interface Machine {
  /** e_machine of ELF. */
  readonly id: number;
  readonly bits: 32 | 64;
  readonly big?: true;
  /** e_flags of ELF. */
  readonly flags?: number;
  /** Machine code that ends with the exit status `RAN`; empty: not known. */
  readonly code: string;
}

/** Exit status of the programs made here. */
export const RAN = 77;

const MACHINES: Readonly<Record<string, Machine>> = {
  amd64: { id: 62, bits: 64, code: 'bf4d000000b83c0000000f05' },
  386: { id: 3, bits: 32, code: 'bb4d000000b801000000cd80' },
  arm64: { id: 183, bits: 64, code: 'a00980d2a80b80d2010000d4' },
  arm: { id: 40, bits: 32, flags: 0x05000000, code: '4d00a0e30170a0e3000000ef' },
  riscv64: { id: 243, bits: 64, code: '1305d0049308d00573000000' },
  ppc64le: { id: 21, bits: 64, flags: 2, code: '010000384d00603802000044' },
  s390x: { id: 22, bits: 64, big: true, code: 'a729004d0a01' },
  mips64le: { id: 8, bits: 64, code: '' },
  loong64: { id: 258, bits: 64, code: '' },
};

/** A program as small as can be. */
export interface ForeignProgram {
  readonly content: Buffer;
  /** It can be run, and ends with `RAN`. */
  readonly runs: boolean;
}

/** @returns null for architectures that are not known here */
export function foreignProgram(platform: Platform): ForeignProgram | null {
  const machine = MACHINES[platform.split('/')[1] ?? ''];
  if (!machine) return null;
  const code = Buffer.from(machine.code, 'hex');
  return { content: Buffer.concat([headers(machine, code.length), code]), runs: code.length > 0 };
}

const BASE = 0x10000;

/** The header of the file, and of the one segment that the file is. */
function headers({ id, bits, big, flags = 0 }: Machine, code: number): Buffer {
  const wide = bits === 64;
  const [file, segment] = wide ? [64, 56] : [52, 32];
  const start = file + segment;
  const header = Buffer.alloc(start);
  let at = 0;
  const put = (size: 1 | 2 | 4 | 8, value: number) => {
    const bytes = Buffer.alloc(8);
    if (big) bytes.writeBigUInt64BE(BigInt(value));
    else bytes.writeBigUInt64LE(BigInt(value));
    const part = big ? bytes.subarray(8 - size) : bytes.subarray(0, size);
    part.copy(header, at);
    at += size;
  };
  const word = wide ? 8 : 4;
  header.write('\x7fELF', at, 'latin1');
  at += 4;
  for (const value of [wide ? 2 : 1, big ? 2 : 1, 1]) put(1, value);
  at = 16;
  put(2, 2);
  put(2, id);
  put(4, 1);
  put(word, BASE + start);
  put(word, file);
  put(word, 0);
  put(4, flags);
  for (const value of [file, segment, 1, 0, 0, 0]) put(2, value);
  const readable = 5;
  put(4, 1);
  if (wide) put(4, readable);
  put(word, 0);
  put(word, BASE);
  put(word, BASE);
  put(word, start + code);
  put(word, start + code);
  if (!wide) put(4, readable);
  put(word, 0x1000);
  return header;
}
