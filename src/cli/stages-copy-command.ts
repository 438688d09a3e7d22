import { copyStages } from '../commands/copy-stages.ts';
import { buildFlags } from './build-flags.ts';
import { sessionCommand } from './command.ts';
import { copyPlaceOf } from './copy-place-of.ts';
import { text, toggle } from './flag.ts';
import { hostFlags } from './host-flags.ts';
import { logFlags } from './log-flags.ts';
import { projectFlags } from './project-flags.ts';
import { reportOptionsOf } from './report-options-of.ts';
import { repositoryFlags } from './repository-flags.ts';

const section = 'command';

export const stagesCopyCommand = sessionCommand({
  name: 'stages copy',
  summary: 'copy stages between repositories, or to and from a file',
  positionals: { usage: '', most: 0 },
  description: `Copies stages with their records, as they are: nothing that was built has to be built again at the other end. \
Between repositories of one registry nothing is transferred; what is there already is left alone.

An archive is one tar file that holds everything, each blob once, and the base images and the toolchain that the project needs: \
so the project can be built where there is no other network. A copy that was interrupted goes on when it is run again.`,
  examples: [
    {
      line: 'slipway stages copy --from registry.example.com/project --to archive:project.tar',
      explains: 'puts all stages of the project and what it is based on into a file',
    },
    {
      line: 'slipway stages copy --from archive:project.tar --to registry.internal/project',
      explains: 'brings the content of the file into a registry',
    },
    {
      line: 'slipway stages copy --from old.example.com/p --to new.example.com/p --all=false',
      explains: "copies the stages of this commit's images alone",
    },
  ],
  flags: {
    from: text('from', 'ADDRESS', { section, summary: 'repository, or archive:PATH, that has the stages' }),
    to: text('to', 'ADDRESS', { section, summary: 'repository, or archive:PATH, that gets them' }),
    all: toggle('all', {
      section,
      fallback: true,
      summary: 'all stages and records; with --all=false those of the images of the commit',
    }),
    baseImages: toggle('base-images', {
      section,
      fallback: true,
      summary: 'into an archive: also the base images and the toolchain that the project needs',
    }),
    useBuildReport: {
      ...buildFlags.useBuildReport,
      section,
      summary: 'only the stages that a build report lists',
    },
    buildReportPath: { ...buildFlags.buildReportPath, section },
    ...repositoryFlags,
    ...projectFlags,
    ...hostFlags,
    ...logFlags,
  },
  output: 'log',
  async run({ flags, cwd }, session) {
    const report = reportOptionsOf({ ...flags, saveBuildReport: false }, session.env, cwd);
    await copyStages(
      {
        from: copyPlaceOf('from', flags.from, cwd),
        to: copyPlaceOf('to', flags.to, cwd),
        all: flags.all,
        baseImages: flags.baseImages,
        report,
        platforms: flags.platform,
      },
      session,
    );
    return '';
  },
});
