import type { Output } from '../../src/ui/output.ts';

/** An output that keeps what was written. */
export interface FakeOutput extends Output {
  text(): string;
}

export function fakeOutput(terminal?: { readonly columns: number; readonly rows: number }): FakeOutput {
  let written = '';
  return {
    write(text) {
      written += text;
    },
    isTTY: terminal !== undefined,
    columns: terminal?.columns,
    rows: terminal?.rows,
    text: () => written,
  };
}
