#!/usr/bin/env node
// Starts the bundled program below. V8 needs longer to compile it than it runs for: what V8 compiled in an earlier run
// is kept in <home>/local_cache/code and used again. Without it, or with one that does not fit, the program is the same.
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { Script } from 'node:vm';

/** Changes with the program: V8 itself only compares lengths. */
const KEY = '__KEY__';
const PROGRAM = '__PROGRAM__';
/** These run for so short a time that a cache made by them would hold too little. */
const TOO_SHORT = /^(?:version|help|completion|$|-)/;

const first = process.argv[2] ?? '';
const name = `${KEY}-${process.version}-${process.arch}`;

function cacheDirectory() {
  return join(process.env['WERF_HOME'] || join(homedir(), '.werf'), 'local_cache', 'code');
}

/** The kept code, unless somebody else could have written it. */
function read(file) {
  let open;
  try {
    open = openSync(file, 'r');
    const { uid, mode } = fstatSync(open);
    const isOurs = uid === process.getuid?.() && (mode & 0o022) === 0;
    return isOurs ? readFileSync(open) : undefined;
  } catch {
    return undefined;
  } finally {
    if (open !== undefined) closeSync(open);
  }
}

/** Keeps what was compiled, for the next run; what cannot be kept is no failure. */
function keep(directory, file, code) {
  const temporary = `${file}.${process.pid}`;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(temporary, code, { mode: 0o600, flag: 'wx' });
    renameSync(temporary, file);
    for (const other of readdirSync(directory)) {
      if (!other.startsWith(name) && !/\.\d+$/.test(other)) rmSync(join(directory, other), { force: true });
    }
  } catch {
    remove(temporary);
  }
}

function remove(file) {
  try {
    rmSync(file, { force: true });
  } catch {
    // Where nothing could be written there is nothing to remove.
  }
}

function start() {
  const directory = cacheDirectory();
  const own = join(directory, `${name}-${/^[a-z-]{1,20}$/.test(first) ? first : 'other'}`);
  const isShort = TOO_SHORT.test(first);
  const cachedData = read(isShort ? join(directory, `${name}-build`) : own);
  const script = new Script(`(function(require,module,exports){${PROGRAM}\n})`, {
    filename: 'slipway.js',
    ...(cachedData ? { cachedData } : {}),
    importModuleDynamically: (specifier) => import(specifier),
  });
  const isKept = cachedData !== undefined && script.cachedDataRejected === false;
  if (!isKept && !isShort) {
    process.once('exit', (status) => {
      if (status === 0) keep(directory, own, script.createCachedData());
    });
  }
  const module = { exports: {} };
  script.runInThisContext()(createRequire(import.meta.url), module, module.exports);
}

start();
