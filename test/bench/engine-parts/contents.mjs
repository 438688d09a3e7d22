// What goes into the layers.
import { randomFillSync } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const MEBIBYTE = 1 << 20;

/** One file of so many bytes that no compressor makes smaller. */
export function oneFile(directory, bytes) {
  mkdirSync(directory);
  const file = openSync(join(directory, 'file'), 'w');
  const block = Buffer.alloc(MEBIBYTE);
  for (let left = bytes; left > 0; left -= MEBIBYTE) {
    writeSync(file, randomFillSync(block), 0, Math.min(left, MEBIBYTE));
  }
  closeSync(file);
}

/** 20,000 files of 1 to 8 KB of text in 200 directories; the same ones each time. */
export function manyFiles(directory) {
  const next = seeded(7);
  const words = Array.from({ length: 4096 }, () => next().toString(36).padStart(7, '0'));
  for (let i = 0; i < 200; i++) {
    mkdirSync(join(directory, `d${i}`), { recursive: true });
    for (let j = 0; j < 100; j++) {
      const size = 1000 + (next() % 7000);
      let text = '';
      while (text.length < size) text += `${words[next() % words.length]} `;
      writeFileSync(join(directory, `d${i}`, `f${j}`), text.slice(0, size));
    }
  }
}

/** Numbers of 32 bits that depend on nothing but the seed (xorshift). */
function seeded(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
