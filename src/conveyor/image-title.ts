/** A name as people see it. */
export function imageTitle(name: string): string {
  return name === '' ? '~' : name;
}
