import type { StapelStage } from '../../stages/stapel-stages.ts';
import type { StoredStage } from '../../storage/stage-storage.ts';
import type { ConveyorParts } from '../conveyor-parts.ts';
import { imageTitle } from '../image-title.ts';
import { localImageOf } from '../local-image.ts';
import { waitingFor } from '../waiting.ts';
import { shellContainer } from './shell-command.ts';
import { NO_WORK, type StapelRun } from './stapel-run.ts';

/** Opens a shell in a stage that is there, where the user wants one. Nothing of it is kept. */
export async function introspectStage(
  parts: ConveyorParts,
  run: StapelRun,
  name: StapelStage,
  stage: StoredStage,
): Promise<void> {
  const place = { moment: 'stage', image: imageTitle(run.name), stage: name } as const;
  if (!parts.introspection.wants(place)) return;
  const base = await localImageOf(parts, run, stage);
  const { toolchain: _, ...container } = await shellContainer(parts, run, stage);
  await parts.introspection.withShell(place, container, run.signal, async (shell) => {
    const { emptied, imports, env, labels } = NO_WORK;
    await parts.maker.make(
      {
        base,
        platform: run.platform,
        emptied,
        imports,
        files: [],
        command: { ...container, command: [], files: [], shell },
        env,
        labels,
        createdBy: '',
        sourceDateEpoch: parts.sourceDateEpoch,
        uploadTo: '',
      },
      waitingFor(run.task, run.signal),
    );
  });
}
