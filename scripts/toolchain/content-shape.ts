/** What is taken of a package, by its place below the prefix: `*` stands for any name, `**` for anything. */
export interface Content {
  readonly package: string;
  readonly files: readonly string[];
  /** Left out of them. */
  readonly without?: readonly string[];
}

export const programs = (name: string, ...files: readonly string[]): Content => ({
  package: name,
  files: (files.length === 0 ? ['*'] : files).map((one) => `embedded/*bin/${one}`),
});

export const libraries = (...names: readonly string[]): readonly Content[] =>
  names.map((name) => ({ package: name, files: ['lib/*.so.*'] }));
