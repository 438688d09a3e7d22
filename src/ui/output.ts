/** A stream that people or programs read. Writing never fails: what a closed pipe does not take is dropped. */
export interface Output {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Size of the terminal now; undefined when there is none. */
  readonly columns: number | undefined;
  readonly rows: number | undefined;
}
