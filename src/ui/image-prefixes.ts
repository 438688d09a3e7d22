import { columnsOf } from './columns.ts';
import type { Painter } from './painter.ts';

/** Longer names do not push the others' text to the right. */
const WIDEST = 24;

/**
 * What stands in front of each line of an image while several are built: its name in a colour of its own.
 * Nothing until `announce` has told the images.
 */
export interface ImagePrefixes {
  announce(images: readonly string[]): void;
  of(image: string): string;
}

export function imagePrefixes(paint: Painter): ImagePrefixes {
  let known: readonly string[] = [];
  let width = 0;
  return {
    announce(images) {
      known = images;
      width = Math.min(WIDEST, Math.max(0, ...images.map((image) => columnsOf(image))));
    },
    of(image) {
      const index = known.indexOf(image);
      if (index < 0) return '';
      return `${paint.distinct(image, index)}${' '.repeat(Math.max(0, width - columnsOf(image)))} `;
    },
  };
}
