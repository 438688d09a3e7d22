import type { ObjectId, RepoPath } from './objects.ts';

/** How line feeds of a file become the line ends of DOS when git writes it out. */
export type LineEndRule =
  /** Wherever a line feed stands alone: the file is text by its attributes. */
  | 'text'
  /** Only where the content is text without any other line ends: `text=auto`. */
  | 'auto';

/** What the attributes of commits ask for. */
export interface LineEnds {
  /**
   * Those files that are to have DOS line ends (`eol=crlf`) by the `.gitattributes` of the commit itself, and of its
   * submodules; attributes and configuration of the user or the machine do not count.
   * @throws UserError where the attributes cannot be understood without the git program
   */
  rules(
    commit: ObjectId,
    paths: readonly RepoPath[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<RepoPath, LineEndRule>>;
}

const [CR, LF] = [0x0d, 0x0a];

/** The content as git would write it out. */
export function withDosLineEnds(content: Buffer, rule: LineEndRule): Buffer {
  const found = countCharacters(content);
  if (found.lonelyFeeds === 0) return content;
  if (rule === 'auto' && (found.returns > 0 || looksBinary(found))) return content;
  const converted = Buffer.allocUnsafe(content.length + found.lonelyFeeds);
  let at = 0;
  for (const [i, byte] of content.entries()) {
    if (byte === LF && content[i - 1] !== CR) converted[at++] = CR;
    converted[at++] = byte;
  }
  return converted;
}

interface Characters {
  lonelyFeeds: number;
  returns: number;
  zeros: number;
  printable: number;
  others: number;
}

function countCharacters(content: Buffer): Characters {
  const found: Characters = { lonelyFeeds: 0, returns: 0, zeros: 0, printable: 0, others: 0 };
  let before = 0;
  for (const byte of content) {
    if (byte === LF) found.lonelyFeeds += before === CR ? 0 : 1;
    else if (byte === CR) found.returns++;
    else if (byte === 0) found.zeros++;
    else if (isPrintable(byte)) found.printable++;
    else found.others++;
    before = byte;
  }
  // A last Ctrl-Z is how DOS ended its texts.
  if (before === 0x1a) found.others--;
  return found;
}

/** Backspace, tab, form feed and escape are found in texts too. */
function isPrintable(byte: number): boolean {
  return (byte >= 0x20 && byte !== 0x7f) || byte === 0x08 || byte === 0x09 || byte === 0x0c || byte === 0x1b;
}

/** A zero, or one strange byte among 128. */
function looksBinary({ zeros, printable, others }: Characters): boolean {
  return zeros > 0 || Math.floor(printable / 128) < others;
}
