/** Values that must never be shown. Shorter than this they would mask ordinary text. */
const SHORTEST = 4;
const MASK = '***';

/** Masks secrets by value, wherever they turn up. */
export interface SecretMask {
  add(value: string): void;
  apply(text: string): string;
}

export function secretMask(): SecretMask {
  const values: string[] = [];
  return {
    add(value) {
      for (const line of [value, ...value.split('\n')]) {
        const plain = line.trim();
        if (plain.length >= SHORTEST && !values.includes(plain)) values.push(plain);
      }
      values.sort((a, b) => b.length - a.length);
    },
    apply: (text) => values.reduce((masked, value) => masked.replaceAll(value, MASK), text),
  };
}
