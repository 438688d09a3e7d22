import { type ImageNeed, imageNeeds } from '../image-needs.ts';
import { type Finding, finding } from '../reading/finding.ts';
import type { ImageDocument } from './image-document.ts';

interface Step {
  readonly from: ImageDocument;
  readonly need: ImageNeed;
}

/** Images that need themselves, each loop once: `a -> b -> a`. */
export function imageCycles(images: readonly ImageDocument[]): readonly Finding[] {
  const byName = new Map(images.flatMap((each) => each.image.names.map((name) => [name, each] as const)));
  const done = new Set<ImageDocument>();
  const found: Finding[] = [];
  const visit = (each: ImageDocument, steps: readonly Step[]) => {
    const start = steps.findIndex(({ from }) => from === each);
    if (start >= 0) {
      found.push(cycleFinding(steps.slice(start)));
      return;
    }
    if (done.has(each)) return;
    for (const need of imageNeeds(each.image)) {
      const next = byName.get(need.name);
      if (next) visit(next, [...steps, { from: each, need }]);
    }
    done.add(each);
  };
  for (const each of images) visit(each, []);
  return found;
}

function cycleFinding(steps: readonly Step[]): Finding {
  const names = steps.map(({ need }) => shown(need.name));
  const loop = [names.at(-1), ...names].join(' -> ');
  const [first] = steps;
  if (!first) throw new TypeError('a loop has at least one step');
  return finding(
    first.from.document,
    first.need.path,
    'CONFIG_CYCLE',
    `images need each other in a circle: ${loop}`,
  );
}

function shown(name: string): string {
  return name === '' ? '~' : name;
}
