import type { Problem } from '../diagnostics/problem.ts';

/** What is known of a stage once it is stored, for people to read. */
export interface StageSummary {
  /** Full name, such as registry.example.com/p:digest-timestamp. */
  readonly name: string;
  readonly id: string;
  readonly created: Date;
  /** Bytes, and the difference to the previous stage if there is one. */
  readonly size: number;
  readonly sizeDelta?: number;
  readonly commit: string;
  /** Only when more than one platform is built. */
  readonly platform?: string;
  /** Effective network of the stages that run commands. */
  readonly network?: string;
}

/** One line of the plan: an image as it is listed. */
export interface PlannedImage {
  /** `~` for the nameless one. */
  readonly name: string;
  readonly kind: 'final' | 'intermediate' | 'artifact';
  readonly platform?: string;
}

/** Who wants to know: left out, everybody. */
export type Detail = 'verbose' | 'debug';

/**
 * Everything that commands tell about their course, as plain data: displays decide how it looks.
 * `task` names a process; tasks nest by `parent`. `image` is the image it belongs to, if any.
 */
export type ProgressEvent =
  | {
      readonly kind: 'plan';
      readonly limit: number | null;
      readonly sets: readonly (readonly PlannedImage[])[];
    }
  | {
      readonly kind: 'task-start';
      readonly task: string;
      readonly parent?: string;
      readonly image?: string;
      readonly title: string;
      readonly detail?: Detail;
    }
  | { readonly kind: 'task-line'; readonly task: string; readonly image?: string; readonly line: string }
  | {
      readonly kind: 'task-bytes';
      readonly task: string;
      readonly image?: string;
      readonly done: number;
      readonly total: number;
    }
  | {
      readonly kind: 'task-end';
      readonly task: string;
      readonly image?: string;
      readonly failed: boolean;
      /** Milliseconds. */
      readonly duration: number;
    }
  | {
      readonly kind: 'line';
      readonly task?: string;
      readonly image?: string;
      readonly line: string;
      readonly detail?: Detail;
    }
  | {
      readonly kind: 'stage-reused';
      readonly task?: string;
      readonly image: string;
      /** Where `image` says more, such as the platform. */
      readonly imageName?: string;
      readonly stage: string;
      readonly summary: StageSummary;
    }
  | {
      readonly kind: 'stage-stored';
      readonly task?: string;
      readonly image: string;
      /** Where `image` says more, such as the platform. */
      readonly imageName?: string;
      readonly stage: string;
      readonly summary: StageSummary;
    }
  | { readonly kind: 'warning'; readonly problem: Problem; readonly image?: string }
  | { readonly kind: 'debug'; readonly line: string }
  /** A command has the user's terminal, or has given it back: meanwhile nothing may be drawn there. */
  | { readonly kind: 'terminal'; readonly taken: boolean }
  | {
      readonly kind: 'summary';
      readonly sets: readonly (readonly { readonly image: PlannedImage; readonly duration: number }[])[];
    };

/** Takes events in the order they happen; never throws, never waits. */
export interface ProgressSink {
  emit(event: ProgressEvent): void;
}
