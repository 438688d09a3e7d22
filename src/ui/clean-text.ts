/**
 * The text without what moves the cursor or clears the screen, as programs write it into their output.
 * Of a line that was written over and over, the last form is kept. Colours stay where colours are shown.
 */
export function cleanText(text: string, color: boolean): string {
  const parts = text.split('\r').filter((part) => part !== '');
  const last = parts.at(-1) ?? '';
  return last.replace(ESCAPES, (sequence) => (color && COLOR.test(sequence) ? sequence : '')).replace(CONTROLS, '');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const ESCAPES = /\u001b(?:\[[0-9;?:<=>!]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[()][A-Za-z0-9]|[@-Z\\^_=>78c])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const COLOR = /^\u001b\[[0-9;:]*m$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const CONTROLS = /[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f]/g;
