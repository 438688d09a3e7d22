/** An image's name as people write and read it: the nameless one is `~`. */
export function shownName(name: string): string {
  return name === '' ? '~' : name;
}
