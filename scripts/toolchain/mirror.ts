import { execFileSync } from 'node:child_process';

/** Addresses of Debian's two archives, without a slash at the end. */
export interface Mirror {
  readonly main: string;
  readonly security: string;
}

const DEBIAN = 'http://deb.debian.org';

/** @param base holds `debian` and `debian-security` */
export function mirrorAt(base: string): Mirror {
  const root = base.replace(/\/+$/, '');
  return { main: `${root}/debian`, security: `${root}/debian-security` };
}

/** Where this machine's apt takes a suite from; Debian's own address when it has no apt or another suite. */
export function machineMirror(suite: string): Mirror {
  const known = mirrorAt(DEBIAN);
  let targets: readonly string[];
  try {
    const output = execFileSync('apt-get', ['indextargets', '--format', '$(RELEASE) $(COMPONENT) $(SITE)'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    targets = output.split('\n');
  } catch {
    return known;
  }
  const site = (release: string) => {
    const line = targets.find((one) => one.startsWith(`${release} main `));
    return line?.split(' ')[2]?.replace(/\/+$/, '');
  };
  return { main: site(suite) ?? known.main, security: site(`${suite}-security`) ?? known.security };
}

/** @param path of a package's file, from the lock */
export function addressOf(mirror: Mirror, path: string): string {
  return `${path.startsWith('pool/updates/') ? mirror.security : mirror.main}/${path}`;
}

/** Debian's archive of everything that it ever published, as it was at a time. @param date Unix seconds */
export function snapshotAt(date: number): Mirror {
  const time = new Date(date * 1000).toISOString().replace(/[-:]|\.000/g, '');
  const base = 'https://snapshot.debian.org/archive';
  return { main: `${base}/debian/${time}`, security: `${base}/debian-security/${time}` };
}
