import type { CompletedCommand } from './completion-model.ts';

/** A script for PowerShell: `slipway completion --shell powershell | Out-String | Invoke-Expression`. */
export function powershellCompletion(model: readonly CompletedCommand[]): string {
  return `# PowerShell completion for slipway
Register-ArgumentCompleter -Native -CommandName slipway -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $known = [ordered]@{
${model.map(entryOf).join('\n')}
  }
  $command = ''
  foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
    if ($element.Extent.EndOffset -ge $cursorPosition) { break }
    $joined = "$command $element".Trim()
    if ($known.Contains($joined)) { $command = $joined }
  }
  foreach ($candidate in $known[$command]) {
    if ($candidate[0].StartsWith($wordToComplete)) {
      [System.Management.Automation.CompletionResult]::new($candidate[0], $candidate[0], 'ParameterValue', $candidate[1])
    }
  }
}
`;
}

function entryOf({ name, words, options }: CompletedCommand): string {
  const candidates = [
    ...words.map(({ word, summary }) => [word, summary] as const),
    ...options.map((option) => [`--${option.name}`, option.summary] as const),
  ];
  return `    '${name}' = @(${candidates.map(([word, summary]) => `,@('${word}', ${quoted(summary)})`).join('; ')})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
