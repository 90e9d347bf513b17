import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

const TOOLS = resolve(import.meta.dirname, '../../build/tools');

const ACT = 'github.com/nektos/act@v0.2.87';
const ACTIONLINT = 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12';
const MOTO = ['moto[server]==5.2.5', 'boto3'];
const SCIPY = 'scipy==1.17.1';

/** Installs a Go program into the checkout's own tools, once, and answers its path. */
function goTool(name: string, source: string): string {
  const path = join(TOOLS, name);
  if (!existsSync(path)) {
    mkdirSync(TOOLS, { recursive: true });
    execFileSync('go', ['install', source], { env: { ...process.env, GOBIN: TOOLS }, stdio: 'pipe' });
  }
  return path;
}

/** A second runner of workflows: https://github.com/nektos/act. Needs Go to be installed. */
export const act = (): string => goTool('act', ACT);

export const actionlint = (): string => goTool('actionlint', ACTIONLINT);

/** A Python that has moto, a second opinion on AWS requests: https://docs.getmoto.org. Needs Python 3. */
export function pythonWithMoto(): string {
  const home = join(TOOLS, 'moto');
  const python = join(home, 'bin/python');
  if (existsSync(join(home, 'bin/moto_server'))) return python;
  rmSync(home, { recursive: true, force: true });
  execFileSync('python3', ['-m', 'venv', home], { stdio: 'pipe' });
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', ...MOTO], { stdio: 'pipe' });
  return python;
}

/** A Python that has SciPy, a second opinion on statistics: https://scipy.org. Needs Python 3.11. */
export function pythonWithScipy(): string {
  const home = join(TOOLS, 'scipy');
  const python = join(home, 'bin/python');
  // SciPy brings no program by which to tell that it is there and whole.
  const installed = join(home, `${SCIPY}.installed`);
  if (existsSync(installed)) return python;
  rmSync(home, { recursive: true, force: true });
  execFileSync('python3', ['-m', 'venv', home], { stdio: 'pipe' });
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', SCIPY], { stdio: 'pipe' });
  writeFileSync(installed, '');
  return python;
}

/**
 * Installs Debian packages where their programs are missing. Needs Debian and root.
 *
 * @param packages by the program, or the path of a file, that tells that they are there.
 */
export function debianPrograms(packages: Readonly<Record<string, string>>): void {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/bin', '/sbin'];
  const missing = Object.entries(packages)
    .filter(([program]) => !directories.some((path) => existsSync(resolve(path, program))))
    .map(([, name]) => name);
  if (missing.length === 0) return;
  mkdirSync(TOOLS, { recursive: true });
  // Suites run side by side: the second waits for the first, and then finds nothing to do. The lock dies with its holder.
  const apt = (...args: readonly string[]) =>
    execFileSync('flock', [join(TOOLS, 'apt.lock'), 'apt-get', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: 'pipe',
    });
  const install = () => apt('install', '-y', '--no-install-recommends', ...missing);
  try {
    install();
  } catch {
    // The lists are missing, or so old that what they name is gone.
    apt('update');
    install();
  }
}
