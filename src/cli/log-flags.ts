import { choice, integer, textOr, toggle } from './flag.ts';

const section = 'log';

/** What is told about the course of a command, and how it looks. */
export const logFlags = {
  logFormat: choice('log-format', ['text', 'json'], 'text', {
    section,
    env: ['SLIPWAY_LOG_FORMAT'],
    summary: 'json: one event per line, for programs',
  }),
  logColorMode: choice('log-color-mode', ['auto', 'on', 'off'], 'auto', {
    section,
    env: ['WERF_LOG_COLOR_MODE'],
    summary: 'colours; auto: on a terminal',
  }),
  logPretty: toggle('log-pretty', {
    section,
    env: ['WERF_LOG_PRETTY'],
    fallback: true,
    summary: 'borders, signs and wrapped lines',
  }),
  logQuiet: toggle('log-quiet', {
    section,
    env: ['WERF_LOG_QUIET', 'WERF_QUIET'],
    summary: 'only errors, warnings and data',
  }),
  logVerbose: toggle('log-verbose', {
    section,
    env: ['WERF_LOG_VERBOSE', 'WERF_VERBOSE'],
    summary: 'more details',
  }),
  logDebug: toggle('log-debug', {
    section,
    env: ['WERF_LOG_DEBUG', 'WERF_DEBUG'],
    summary: 'everything that helps to find a defect',
  }),
  logTerminalWidth: integer('log-terminal-width', 0, {
    section,
    env: ['WERF_LOG_TERMINAL_WIDTH'],
    least: 0,
    summary: 'columns to wrap lines at',
    fallbackText: 'that of the terminal, else 140',
  }),
  logTime: toggle('log-time', {
    section,
    env: ['WERF_LOG_TIME'],
    summary: 'put the time in front of lines',
  }),
  logTimeFormat: textOr('log-time-format', 'LAYOUT', '2006-01-02T15:04:05Z07:00', {
    section,
    env: ['WERF_LOG_TIME_FORMAT'],
    summary: 'form of that time, as Go writes layouts',
  }),
  logProjectDir: toggle('log-project-dir', {
    section,
    env: ['WERF_LOG_PROJECT_DIR'],
    summary: 'print the project directory first',
  }),
} as const;

/** For commands whose standard output carries data: only warnings and errors, unless asked for more. */
export const quietLogFlags = {
  ...logFlags,
  logQuiet: toggle('log-quiet', {
    section,
    env: ['WERF_LOG_QUIET', 'WERF_QUIET'],
    fallback: true,
    summary: 'only errors, warnings and data',
  }),
} as const;
