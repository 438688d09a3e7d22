import type { LineFormat } from './line-format.ts';
import type { TreeLine } from './task-tree.ts';

/** Adds the empty lines that set groups at the top apart from what is around them. */
export function paragraphs(format: LineFormat): LineFormat {
  let isFirst = true;
  let afterGroup = false;
  return (line: TreeLine) => {
    const isTop = line.depth === 0;
    const isBlank = isTop && !isFirst && (afterGroup || line.form === 'header');
    isFirst = false;
    afterGroup = isTop && line.form === 'footer';
    return isBlank ? ['', ...format(line)] : format(line);
  };
}
