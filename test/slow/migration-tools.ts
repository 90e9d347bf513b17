import { execFile, spawn } from 'node:child_process';
import { once as happens } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { PresetName } from '../../src/migrations/presets.ts';
import { debianPrograms } from './tools.ts';

const run = promisify(execFile);
const TOOLS = resolve(import.meta.dirname, '../../build/tools');

const PYTHON = ['alembic==1.20.1', 'SQLAlchemy==2.1.9', 'Django==5.2.19', 'psycopg[binary]==3.3.9'];
const NODE = { typeorm: '1.1.1', knex: '3.3.0', pg: '8.23.1' };
// The last whose schema engine also runs without the program that its install downloads; with the first adapter that
// knows the types of PostgreSQL's own tables.
const PRISMA = { prisma: '6.19.3', '@prisma/adapter-pg': '7.10.1' };
const GOLANG_MIGRATE = 'v4.20.1';
const FLYWAY = '11.8.2';
const LIQUIBASE = '5.0.1';

export interface MigrationTool {
  /** The tool and its version, as the README names it. */
  readonly version: string;
  /** Where the programs are that the preset's commands start with. */
  readonly path: string;
  /** For Node.js: the packages, to be linked into a project. */
  readonly modules?: string;
  /** What makes the runtime start quicker, and changes nothing of what the tool does. */
  readonly env?: Readonly<Record<string, string>>;
}

/** For programs that end within a second or two: no second compiler, and no threads that collect garbage. */
const SHORT_LIVED_JAVA = { JAVA_TOOL_OPTIONS: '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC' };

/** Installs a migration tool into the checkout's own tools, once. Needs Python 3, npm, Go, Maven and Java, or Debian. */
export async function migrationTool(preset: PresetName): Promise<MigrationTool> {
  return await INSTALLERS[preset]();
}

const INSTALLERS: Readonly<Record<PresetName, () => Promise<MigrationTool>>> = {
  alembic: async () => ({ version: `Alembic ${PYTHON[0]?.split('==')[1]}`, path: await python() }),
  django: async () => ({ version: `Django ${PYTHON[2]?.split('==')[1]}`, path: await python() }),
  typeorm: async () => ({ version: `TypeORM ${NODE.typeorm}`, ...(await packages('migrations', NODE)) }),
  knex: async () => ({ version: `Knex ${NODE.knex}`, ...(await packages('migrations', NODE)) }),
  prisma: async () => ({ version: `Prisma ${PRISMA.prisma}`, ...(await packages('prisma', PRISMA)) }),
  'golang-migrate': golangMigrate,
  flyway,
  liquibase,
  rails,
};

/** Makes a directory whole or not at all: what is there is finished. Of two suites the second waits for the first. */
async function once(name: string, make: (directory: string) => Promise<void>): Promise<string> {
  const directory = join(TOOLS, name);
  const done = join(directory, 'installed');
  if (existsSync(done)) return directory;
  const letGo = await hold(`${directory}.lock`);
  try {
    if (existsSync(done)) return directory;
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    await make(directory);
    writeFileSync(done, '');
    return directory;
  } finally {
    await letGo();
  }
}

/** Takes a lock that goes with this process, however that ends. */
async function hold(file: string): Promise<() => Promise<void>> {
  mkdirSync(TOOLS, { recursive: true });
  const child = spawn('flock', [file, 'sh', '-c', 'echo held; cat'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = happens(child, 'exit');
  await Promise.race([happens(child.stdout, 'data'), ended]);
  if (child.exitCode !== null) throw new Error(`flock ${file} ended with ${child.exitCode}`);
  return async () => {
    child.stdin.end();
    await ended;
  };
}

async function python(): Promise<string> {
  const home = await once('migrations-python', async (directory) => {
    await run('python3', ['-m', 'venv', directory]);
    await run(join(directory, 'bin/python'), ['-m', 'pip', 'install', '--quiet', ...PYTHON]);
  });
  return join(home, 'bin');
}

async function packages(name: string, dependencies: Readonly<Record<string, string>>) {
  const home = await once(`${name}-node`, async (directory) => {
    writeFileSync(join(directory, 'package.json'), JSON.stringify({ private: true, dependencies }));
    await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: directory });
  });
  return {
    // The Node.js of these tests, which keeps what it has compiled.
    path: dirname(process.execPath),
    modules: join(home, 'node_modules'),
    env: { NODE_COMPILE_CACHE: join(TOOLS, 'node-compile-cache') },
  };
}

async function golangMigrate(): Promise<MigrationTool> {
  const path = await once(`golang-migrate-${GOLANG_MIGRATE}`, async (directory) => {
    const source = `github.com/golang-migrate/migrate/v4/cmd/migrate@${GOLANG_MIGRATE}`;
    await run('go', ['install', '-tags', 'postgres', source], { env: { ...process.env, GOBIN: directory } });
  });
  return { version: `golang-migrate ${GOLANG_MIGRATE.slice(1)}`, path };
}

const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';

/** The newest archive of Flyway that its vendor has put into Maven's repository; later ones are elsewhere. */
async function flyway(): Promise<MigrationTool> {
  const path = await once(`flyway-${FLYWAY}`, async (directory) => {
    const artifact = `-Dartifact=org.flywaydb:flyway-commandline:${FLYWAY}:tar.gz`;
    await run('mvn', ['-q', '-B', `${PLUGIN}:copy`, artifact, `-DoutputDirectory=${directory}`]);
    const archive = join(directory, `flyway-commandline-${FLYWAY}.tar.gz`);
    await run('tar', ['-xzf', archive, '--strip-components=1', '-C', directory]);
    rmSync(archive);
  });
  return { version: `Flyway Community ${FLYWAY}`, path, env: SHORT_LIVED_JAVA };
}

const dependency = (artifact: string, alone = false): string => {
  const [group, name, version] = artifact.split(':');
  const exclusion = '<exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>';
  return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version>${
    alone ? `<exclusions>${exclusion}</exclusions>` : ''
  }</dependency>`;
};

/** Its vendor publishes the archive elsewhere; the same classes are in Maven's repository. */
async function liquibase(): Promise<MigrationTool> {
  const path = await once(`liquibase-${LIQUIBASE}`, async (directory) => {
    const dependencies = [
      // It asks for a part that is not published, and that is inside the core.
      dependency(`org.liquibase:liquibase-cli:${LIQUIBASE}`, true),
      dependency(`org.liquibase:liquibase-core:${LIQUIBASE}`),
      dependency('info.picocli:picocli:4.7.7'),
      dependency('org.postgresql:postgresql:42.7.14'),
    ];
    writeFileSync(
      join(directory, 'pom.xml'),
      `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>tools</groupId><artifactId>liquibase</artifactId><version>1</version>
<dependencies>${dependencies.join('\n')}</dependencies></project>`,
    );
    const lib = join(directory, 'lib');
    await run('mvn', ['-q', '-B', `${PLUGIN}:copy-dependencies`, `-DoutputDirectory=${lib}`], {
      cwd: directory,
    });
    const main = 'liquibase.integration.commandline.LiquibaseCommandLine';
    const script = `#!/bin/sh\nexec java -cp '${lib}/*' ${main} "$@"\n`;
    writeFileSync(join(directory, 'liquibase'), script, { mode: 0o755 });
  });
  return { version: `Liquibase Community ${LIQUIBASE}`, path, env: SHORT_LIVED_JAVA };
}

async function rails(): Promise<MigrationTool> {
  await debianPrograms({
    rails: 'ruby-railties',
    bundle: 'ruby-bundler',
    '/usr/share/doc/ruby-activerecord': 'ruby-activerecord',
    '/usr/share/doc/ruby-pg': 'ruby-pg',
  });
  const { stdout } = await run('rails', ['--version']);
  return { version: stdout.trim(), path: '/usr/bin' };
}
