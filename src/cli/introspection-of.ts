import type { IntrospectionRequest } from '../conveyor/introspection.ts';
import { nearest } from '../diagnostics/nearest.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { namedStage } from '../stages/named-stage.ts';
import { STAPEL_STAGES } from '../stages/stapel-stages.ts';
import type { buildFlags } from './build-flags.ts';
import type { FlagValues } from './flag.ts';

/** Where shells are wanted. @throws UserError for a stage that no image can have */
export function introspectionOf(
  flags: Pick<FlagValues<typeof buildFlags>, 'introspectError' | 'introspectBeforeError' | 'introspectStage'>,
): IntrospectionRequest {
  return {
    onError: flags.introspectError,
    beforeError: flags.introspectBeforeError,
    stages: flags.introspectStage.map(introspectedStage),
  };
}

/** `IMAGE/STAGE`, or `STAGE` for every image. Names of images may have slashes themselves. */
function introspectedStage(text: string): IntrospectionRequest['stages'][number] {
  const at = text.lastIndexOf('/');
  const image = at < 0 ? '*' : text.slice(0, at);
  const name = text.slice(at + 1);
  const stage = namedStage(name);
  if (stage !== null && image !== '') return { image, stage };
  const near = nearest(name, STAPEL_STAGES);
  const stages = `stages: ${STAPEL_STAGES.join(', ')}`;
  const why = stage === null ? `there is no stage "${name}"` : 'the name of the image is missing';
  throw new UserError('INTROSPECTION_UNKNOWN_STAGE', `--introspect-stage ${text}: ${why}`, {
    hint: near === null || stage !== null ? stages : `did you mean "${near}"? ${stages}`,
  });
}
