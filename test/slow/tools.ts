import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const TOOLS = resolve(import.meta.dirname, '../../build/tools');

const ACT = 'github.com/nektos/act@v0.2.87';
const ACTIONLINT = 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12';
const MOTO = ['moto[server]==5.2.5', 'boto3'];
const SCIPY = 'scipy==1.17.1';
const OPENAPI = '@octokit/openapi@23.0.2';

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
 * The path of GitHub's own description of its REST API: https://github.com/octokit/openapi. The package holds one for
 * each release of GitHub Enterprise too, of which none is unpacked.
 */
export function githubDescription(): string {
  const path = join(TOOLS, `${OPENAPI.replaceAll('/', '-')}.json`);
  if (existsSync(path)) return path;
  const directory = join(TOOLS, 'openapi');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const packed = execFileSync('npm', ['pack', OPENAPI, '--silent'], { cwd: directory, encoding: 'utf8' });
  const file = 'package/generated/api.github.com.json';
  execFileSync('tar', ['-xzf', packed.trim().split('\n').at(-1) ?? '', file], { cwd: directory });
  renameSync(join(directory, file), path);
  rmSync(directory, { recursive: true });
  return path;
}
