import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const TOOLS = resolve(import.meta.dirname, '../../build/tools');

const ACT = 'github.com/nektos/act@v0.2.87';
const ACTIONLINT = 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12';
const MOTO = ['moto[server]==5.2.5', 'boto3'];
const AWS_CLI = 'awscli==1.46.3';
// The newest that builds from the Go module proxy; BuildKit's is the version that it is made with.
const BUILDX = 'v0.37.2';
const BUILDKIT = 'v0.33.1';
const ZIZMOR = 'zizmor==1.32.0';
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
export const pythonWithMoto = async (): Promise<string> =>
  join(await pythonHome('moto', ...MOTO), 'bin/python');

/** The AWS command line, a second opinion on the commands that people are told: https://docs.aws.amazon.com/cli. */
export const awsCli = async (): Promise<string> => join(await pythonHome('awscli', AWS_CLI), 'bin/aws');

/** Finds what is unsafe in workflows and actions: https://docs.zizmor.sh. Needs Python 3. */
export const zizmor = async (): Promise<string> => join(await pythonHome('zizmor', ZIZMOR), 'bin/zizmor');

/** A Python that has SciPy, a second opinion on statistics: https://scipy.org. Needs Python 3.11. */
export const pythonWithScipy = async (): Promise<string> =>
  join(await pythonHome('scipy', SCIPY), 'bin/python');

/** Makes a Python environment with packages of its own, once, and answers its directory. Needs Python 3 and flock. */
async function pythonHome(name: string, ...packages: readonly string[]): Promise<string> {
  const home = join(TOOLS, name);
  const script = `
    home=$1 && shift
    test -e "$home/$(echo "$*" | md5sum | cut -c1-8)" && exit
    rm -rf "$home" && python3 -m venv "$home" && "$home/bin/python" -m pip install --quiet "$@"
    touch "$home/$(echo "$*" | md5sum | cut -c1-8)"`;
  await alone('python', 'sh', '-ec', script, 'sh', home, ...packages);
  return home;
}

/**
 * The path of GitHub's own description of its REST API: https://github.com/octokit/openapi. The package holds one for
 * each release of GitHub Enterprise too, of which none is unpacked.
 */
export function githubDescription(): string {
  const path = join(TOOLS, `${OPENAPI.replaceAll('/', '-')}.json`);
  if (existsSync(path)) return path;
  mkdirSync(TOOLS, { recursive: true });
  // Two suites may want it at the same moment.
  const directory = mkdtempSync(join(TOOLS, 'openapi-'));
  const packed = execFileSync('npm', ['pack', OPENAPI, '--silent'], { cwd: directory, encoding: 'utf8' });
  const file = 'package/generated/api.github.com.json';
  execFileSync('tar', ['-xzf', packed.trim().split('\n').at(-1) ?? '', file], { cwd: directory });
  renameSync(join(directory, file), path);
  rmSync(directory, { recursive: true });
  return path;
}

/**
 * Builds a Go program into the checkout's own tools, once, and answers its path. As a dependency of an empty module,
 * because `go install` refuses a program whose go.mod excludes something, such as BuildKit's. Needs Go and flock.
 */
async function goProgram(name: string, source: string, version: string, linker: string): Promise<string> {
  const path = join(TOOLS, `${name}-${version}`);
  if (existsSync(path)) return path;
  const script = `
    test -e "$1" && exit
    rm -rf "$1.build" && mkdir "$1.build" && cd "$1.build"
    go mod init tool && go get "$2@$3" && go build -ldflags "$4" -o tool "$2"
    mv tool "$1" && rm -rf "$1.build"`;
  await alone('go', 'sh', '-ec', script, 'sh', path, source, version, linker);
  return path;
}

/** The buildx plugin of docker: https://github.com/docker/buildx. The first call takes two minutes. */
export const buildxPlugin = (): Promise<string> =>
  goProgram(
    'buildx',
    'github.com/docker/buildx/cmd/buildx',
    BUILDX,
    `-s -w -X github.com/docker/buildx/version.Version=${BUILDX}`,
  );

/** BuildKit's daemon, which runs on runc: https://github.com/moby/buildkit. The first call takes two minutes. */
export const buildkitDaemon = (): Promise<string> =>
  goProgram(
    'buildkitd',
    'github.com/moby/buildkit/cmd/buildkitd',
    BUILDKIT,
    `-s -w -X github.com/moby/buildkit/version.Version=${BUILDKIT}`,
  );

/**
 * Installs Debian packages where their programs are missing. Needs Debian and root.
 *
 * @param packages by the program, or the path of a file, that tells that they are there.
 */
export async function debianPrograms(packages: Readonly<Record<string, string>>): Promise<void> {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/bin', '/sbin'];
  const missing = Object.entries(packages)
    .filter(([program]) => !directories.some((path) => existsSync(resolve(path, program))))
    .map(([, name]) => name);
  if (missing.length === 0) return;
  const install = () => alone('apt', 'apt-get', 'install', '-y', '--no-install-recommends', ...missing);
  try {
    await install();
  } catch {
    // The lists are missing, or so old that what they name is gone.
    await alone('apt', 'apt-get', 'update');
    await install();
  }
}

/**
 * Runs a command while no other suite runs one under the same lock: the second waits, and then finds nothing to do. The
 * lock goes with its holder, however that ends. Not synchronous: vitest gives up on a worker that is silent for long.
 */
async function alone(lock: string, ...command: readonly string[]): Promise<void> {
  mkdirSync(TOOLS, { recursive: true });
  await promisify(execFile)('flock', [join(TOOLS, `${lock}.lock`), ...command], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    maxBuffer: 2 ** 26,
  });
}
