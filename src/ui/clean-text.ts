// biome-ignore-all lint/suspicious/noControlCharactersInRegex: control characters are what is looked for here.

/**
 * The text without what moves the cursor or clears the screen, as programs write it into their output.
 * Of a line that was written over and over, the last form is kept. Colours stay where colours are shown.
 */
export function cleanText(text: string, color: boolean): string {
  const forms = text.split('\r').filter((form) => form !== '');
  const last = forms.at(-1) ?? '';
  return last
    .replace(SEQUENCES, (sequence) => (color && COLOR.test(sequence) ? sequence : ''))
    .replace(CONTROLS, '');
}

/** Control sequences, operating system commands, character sets, single functions. */
const SEQUENCES =
  /\u001b(?:\[[0-9;?:<=>!]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[()][A-Za-z0-9]|[@-Z\\^_=>78c])/g;
const COLOR = /^\u001b\[[0-9;:]*m$/;
/** All but tab; the escape of kept colours too. */
const CONTROLS = /[\u0000-\u0008\u000a-\u001a\u001c-\u001f\u007f]/g;
