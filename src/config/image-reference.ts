/** Parts of `[registry/]name[:tag][@digest]`. */
export interface ImageReferenceParts {
  readonly name: string;
  readonly tag: string | null;
  readonly digest: string | null;
}

const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const REGISTRY = '(?:\\[[0-9a-fA-F:.]+\\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::\\d+)?';
const REFERENCE = new RegExp(
  `^((?:${REGISTRY}/)?${COMPONENT}(?:/${COMPONENT})*)(?::([\\w][\\w.-]{0,127}))?(?:@([a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}))?$`,
);

/** @returns null when the text is no reference; nested repetition is kept away by the length */
export function imageReference(text: string): ImageReferenceParts | null {
  const parts = text.length > 512 ? null : REFERENCE.exec(text);
  const [, name, tag, digest] = parts ?? [];
  return name === undefined ? null : { name, tag: tag ?? null, digest: digest ?? null };
}
