import type { ImageBuilder, ImageInsides, LocalImages } from './engine.ts';
import type { StageMaker } from './stage-maker.ts';
import type { TerminalLinks } from './terminal-link.ts';

/** A store of images, and what works on it. */
export interface Workshop {
  readonly builder: ImageBuilder;
  readonly stages: StageMaker;
  readonly terminals: TerminalLinks;
  readonly images: LocalImages;
  readonly insides: ImageInsides;
}
