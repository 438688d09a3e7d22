/** Files of other languages that the bundle carries as text. @see bundle.mjs */
declare module '*.py?raw' {
  const text: string;
  export default text;
}
