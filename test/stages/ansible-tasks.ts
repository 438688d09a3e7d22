import type { AnsibleBlock, AnsibleStep, AnsibleTask, JsonMapping } from '../../src/config/stapel-parts.ts';

/** A task that stands on a line of werf.yaml. */
export function step(module: string, fields: JsonMapping, line = 1): AnsibleStep {
  return { kind: 'step', module, fields, position: { file: 'werf.yaml', line, column: 5 } };
}

export function block(
  fields: JsonMapping,
  lists: AnsibleBlock['lists'] & { readonly block: readonly AnsibleTask[] },
  line = 1,
): AnsibleBlock {
  return { kind: 'block', fields, lists, position: { file: 'werf.yaml', line, column: 5 } };
}
