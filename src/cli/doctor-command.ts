import { doctor, reportJson, reportText } from '../commands/doctor.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { buildVariables } from './build-variables.ts';
import { type Command, sessionCommand } from './command.ts';
import { toggle } from './flag.ts';
import { hostFlags } from './host-flags.ts';
import { logFlags } from './log-flags.ts';
import { projectFlags } from './project-flags.ts';

const MODE = 'WERF_BUILDAH_MODE';

function checkCommand(name: string, summary: string): Command {
  return sessionCommand({
    name,
    summary,
    positionals: { usage: '', most: 0 },
    description: `Tries every way to run build steps and to keep layers, and reads the settings of the machine that they \
depend on. Each line is ok, limited or missing, with what was found, the error of the trial, and the line that mends it \
here. Nothing is changed, and no project is needed. Ends with status 1 where no image could be built, also not one \
without RUN steps.`,
    examples: [
      { line: 'slipway doctor', explains: 'tells what builds would use, and what would raise it' },
      { line: 'slipway doctor --json', explains: 'the same for programs' },
      { line: `${MODE}=native-rootless slipway doctor`, explains: 'why this mode cannot be had' },
    ],
    variables: buildVariables,
    flags: {
      json: toggle('json', { section: 'command', summary: 'print JSON' }),
      ...projectFlags,
      ...hostFlags,
      ...logFlags,
    },
    output: 'data',
    async run({ flags }, session) {
      const report = await doctor(session);
      const text = flags.json ? reportJson(report) : reportText(report, session.version);
      if (report.chosen.error === '') return text;
      session.write(text);
      const { error, fixes } = report.chosen;
      throw new UserError(
        'NO_WAY_TO_BUILD',
        `nothing can be built here: ${error}`,
        fixes.length === 0 ? {} : { hint: fixes.join('; or ') },
      );
    },
  });
}

export const doctorCommand = checkCommand('doctor', 'tell what this machine allows, and how to allow more');
export const hostCheckCommand = checkCommand('host check', 'the same as doctor');
