/** `sha256:` and 64 lower-case hex digits, as registries name content. */
export type Digest = string & { readonly __digest: unique symbol };

const PATTERN = /^sha256:[0-9a-f]{64}$/;

/** @returns null when the text is not a digest */
export function parseDigest(text: string): Digest | null {
  return PATTERN.test(text) ? (text as Digest) : null;
}
