import { spawn } from 'node:child_process';

const children = new Set();

/** Starts a program that ends with this process, however this ends. */
export function start(program, args, options) {
  const child = spawn(program, args, options);
  children.add(child);
  child.once('close', () => children.delete(child));
  return child;
}

/** Makes a signal an ordinary end of this process, and takes down what still runs. */
export function endTidily() {
  process.once('exit', () => {
    for (const child of children) child.kill('SIGTERM');
  });
  process.once('SIGTERM', () => process.exit(143));
  process.once('SIGINT', () => process.exit(130));
}

/**
 * Runs a program to its end, without standard input.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, seconds?: number }} options env: instead of this process's
 * @returns {Promise<{ code: number, stdout: string, stderr: string, seconds: number }>} code 124: not ended in time, and ended then
 */
export function run(program, args, { cwd, env, seconds = 900 } = {}) {
  const started = Date.now();
  return new Promise((resolve, reject) => {
    const child = start(program, args, { cwd, env: env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGTERM');
    }, seconds * 1000);
    child.stdout.on('data', (data) => (stdout += data));
    child.stderr.on('data', (data) => (stderr += data));
    child.once('error', reject);
    child.once('close', (status) => {
      clearTimeout(timer);
      const code = late ? 124 : (status ?? 143);
      resolve({ code, stdout, stderr, seconds: (Date.now() - started) / 1000 });
    });
  });
}

/** The same, for programs that must succeed. @returns standard output @throws Error with what the program printed last */
export async function must(program, args, options) {
  const { code, stdout, stderr } = await run(program, args, options);
  if (code === 0) return stdout;
  throw new Error(`${program} ${args.join(' ')}: exit code ${code}\n${lastLines(stdout + stderr, 30)}`);
}

export function lastLines(text, count) {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
