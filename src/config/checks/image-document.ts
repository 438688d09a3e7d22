import type { ImageConfig } from '../project.ts';
import type { ConfigDocument } from '../yaml/config-document.ts';

/** An image and where it is written. */
export interface ImageDocument {
  readonly image: ImageConfig;
  readonly document: ConfigDocument;
}
