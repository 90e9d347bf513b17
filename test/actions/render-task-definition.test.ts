import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readInputs } from '../../src/actions/render-task-definition/inputs.ts';
import { run } from '../../src/actions/render-task-definition/run.ts';
import { systemClock } from '../../src/clock.ts';
import { ConfigError } from '../../src/errors.ts';
import type { RegisteredTaskDefinition, Reporter, TaskDefinitions } from '../../src/ports.ts';
import { WEB, WORKER } from '../taskdef/definitions.ts';

interface ActionFile {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>;
}

const actionFile = parse(
  await readFile(new URL('../../actions/render-task-definition/action.yml', import.meta.url), 'utf8'),
) as ActionFile;

/** Inputs as the runner hands them over: the defaults of action.yml where the workflow says nothing. */
const given = (inputs: Readonly<Record<string, string>>) => (name: string) => {
  const declared = actionFile.inputs[name];
  if (!declared) throw new Error(`action.yml has no input "${name}"`);
  return inputs[name] ?? declared.default;
};

const problemsOf = async (work: Promise<unknown>): Promise<readonly string[]> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw new Error(`expected a ConfigError, got ${String(error)}`);
  return error.problems.map(({ input, message }) => `${input}: ${message}`);
};

const FILE = { 'task-definition': 'taskdef.json' };

describe('the inputs of render-task-definition', () => {
  it('may be a file alone', async () => {
    expect(await readInputs(given(FILE))).toEqual({
      source: { kind: 'file', path: 'taskdef.json' },
      settings: [],
      outputFile: undefined,
    });
  });

  it.each([
    [{ 'task-definition-family': 'web' }, { kind: 'registered', reference: 'web' }],
    [{ 'task-definition-family': 'web:41' }, { kind: 'registered', reference: 'web:41' }],
    [
      { 'task-definition-arn': 'arn:aws-us-gov:ecs:us-gov-west-1:111122223333:task-definition/web:41' },
      {
        kind: 'registered',
        reference: 'arn:aws-us-gov:ecs:us-gov-west-1:111122223333:task-definition/web:41',
      },
    ],
    [
      { cluster: 'prod', service: 'shop' },
      { kind: 'service', cluster: 'prod', service: 'shop' },
    ],
  ])('take %j as the source', async (inputs, source) => {
    expect((await readInputs(given(inputs))).source).toMatchObject(source);
  });

  it('gather what one container gets, and images of others', async () => {
    const inputs = {
      ...FILE,
      'container-name': 'app',
      image: ' web:2 ',
      images: 'proxy=envoy:2',
      'environment-variables': '\n  A=1\n# note\n\n B = x=y ',
      secrets: 'TOKEN=arn:aws:ssm:eu-west-1:111122223333:parameter/token',
    };
    expect((await readInputs(given(inputs))).settings).toEqual([
      {
        container: 'app',
        input: 'container-name',
        image: 'web:2',
        environment: new Map([
          ['A', '1'],
          ['B', ' x=y'],
        ]),
        secrets: new Map([['TOKEN', 'arn:aws:ssm:eu-west-1:111122223333:parameter/token']]),
      },
      { container: 'proxy', input: 'images', image: 'envoy:2' },
    ]);
  });

  it.each([
    ['A: "  x "\nB: 1.10\nC: |\n  one\n  two\nD: ""'],
    ['# the release\n{"A": "  x ", "B": "1.10", "C": "one\\ntwo\\n", "D": ""}'],
  ])('take a mapping for values that a line cannot hold: %j', async (text) => {
    const [settings] = (await readInputs(given({ ...FILE, 'environment-variables': text }))).settings;
    expect(settings?.environment).toEqual(
      new Map([
        ['A', '  x '],
        ['B', '1.10'],
        ['C', 'one\ntwo\n'],
        ['D', ''],
      ]),
    );
  });

  it('let a variable be empty', async () => {
    const [settings] = (await readInputs(given({ ...FILE, 'environment-variables': 'A=\r\nB=2\r' })))
      .settings;
    expect(settings?.environment).toEqual(
      new Map([
        ['A', ''],
        ['B', '2'],
      ]),
    );
  });

  it('report every problem of every input at once, and no value', async () => {
    const inputs = {
      'task-definition': 'arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1',
      'task-definition-family': 'my web',
      service: 'shop',
      image: 'two images',
      'environment-variables': 'A=1\nhunter2\nA=2\n=hunter2\nB C=hunter2',
      secrets: 'TOKEN=\nKEY=hunter2 in the open',
      images: 'app=web:\nproxy=',
    };
    const problems = await problemsOf(readInputs(given(inputs)));
    expect(problems.map((problem) => problem.split(/[;,]/)[0])).toEqual([
      'task-definition: "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1" is not a file',
      'task-definition-family: "my web" is not a family',
      'cluster: is required with service "shop"',
      'task-definition: is to come from several places: task-definition and task-definition-family and cluster with service',
      'image: "two images" is not one image',
      'images line 1: app: "web:" lacks the tag after ":": a job output that contains a masked value',
      'images line 2: proxy: is empty: a job output that contains a masked value',
      'environment-variables line 2: has no "="',
      'environment-variables line 3: A is given twice',
      'environment-variables line 4: the name is empty',
      'environment-variables line 5: the name is not one word',
      'secrets line 1: TOKEN: the reference is empty: a job output that contains a masked value',
      'secrets line 2: KEY: the reference holds blanks',
    ]);
    expect(problems.join('\n')).not.toContain('hunter2');
  });

  it('say which sources there are when none is given', async () => {
    expect(await problemsOf(readInputs(given({})))).toEqual([
      'task-definition: nothing says which task definition to render; give one of task-definition (a file), task-definition-family, task-definition-arn, or cluster and service',
    ]);
  });

  it.each(['image', 'images'])('explain why %s can arrive empty, and what to do', async (name) => {
    const [problem, ...others] = await problemsOf(readInputs(given({ ...FILE, [name]: '' })));
    expect(others).toEqual([]);
    expect(problem).toMatch(new RegExp(`^${name}: is empty: a job output that contains a masked value`));
    expect(problem).toMatch(/Hand on the repository and the tag or digest.*leave it out\.$/);
  });

  it.each([
    ['/shop:abc', 'the registry'],
    ['registry/shop:', 'the tag'],
    ['registry/shop@', 'the digest'],
    ['registry/', 'the repository'],
  ])('see that %s was built from an output that got lost', async (image, what) => {
    const [fromImage] = await problemsOf(readInputs(given({ ...FILE, image })));
    const [fromImages] = await problemsOf(readInputs(given({ ...FILE, images: `app=${image}` })));
    expect(fromImage).toContain(`"${image}" lacks ${what}`);
    expect(fromImages).toContain(`images line 1: app: "${image}" lacks ${what}`);
  });

  it('refuse a container that nothing is for', async () => {
    expect(await problemsOf(readInputs(given({ ...FILE, 'container-name': 'app' })))).toEqual([
      'container-name: names "app", but nothing is to change in it; give image, environment-variables or secrets, or leave container-name out',
    ]);
  });

  it.each([
    ['A: [hunter2]', 'line 1: A has a list'],
    ['A: 1\nB:', 'line 2: B has no value'],
    ['A: "hunter2', 'line 1: is not YAML: Missing closing "quote'],
    ['A: 1\nA: hunter2', 'line 2: is not YAML: this key stands twice in its mapping'],
  ])('say what is wrong with the mapping %j', async (text, problem) => {
    const [only] = await problemsOf(readInputs(given({ ...FILE, 'environment-variables': text })));
    expect(only).toContain(`environment-variables ${problem}`);
    expect(only).not.toContain('hunter2');
  });
});

describe('render-task-definition', () => {
  let workspace: string;
  let outputs: Map<string, string>;
  let log: string[];

  beforeEach(async () => {
    workspace = await mkdtemp(join(tmpdir(), 'render-'));
    await mkdir(join(workspace, 'temp'));
    outputs = new Map();
    log = [];
  });
  afterEach(() => rm(workspace, { recursive: true, force: true }));

  const start = (inputs: Readonly<Record<string, string>>, aws?: TaskDefinitions) => {
    const reporter: Reporter = {
      info: (line) => log.push(line),
      notice: (message) => log.push(message),
      warning: (message) => log.push(message),
      error: (message) => log.push(message),
      startGroup: (title) => log.push(title),
      endGroup: () => undefined,
      mask: () => undefined,
      output: (name, value) => outputs.set(name, value),
      summary: async () => undefined,
      saveState: () => undefined,
      state: () => '',
    };
    const context = {
      input: given(inputs),
      reporter,
      clock: systemClock,
      env: { GITHUB_WORKSPACE: workspace, RUNNER_TEMP: join(workspace, 'temp') },
      cancelled: new AbortController().signal,
    };
    return run(context, async () => {
      if (!aws) throw new Error('AWS is not needed for this');
      return aws;
    });
  };

  const put = (name: string, text: string) => writeFile(join(workspace, name), text);
  const written = async () =>
    JSON.parse(await readFile(outputs.get('task-definition') ?? '', 'utf8')) as unknown;

  it('renders a file into a new one named after the family, and hands on its path, family and images', async () => {
    await put('taskdef.json', JSON.stringify({ ...WEB, revision: 3, status: 'ACTIVE', tags: [] }));
    await start({ ...FILE, 'container-name': 'app', image: 'web:2', images: 'proxy=envoy:2' });

    const [app, proxy] = WEB.containerDefinitions;
    expect(await written()).toEqual({
      ...WEB,
      containerDefinitions: [
        { ...app, image: 'web:2' },
        { ...proxy, image: 'envoy:2' },
      ],
    });
    const path = outputs.get('task-definition') ?? '';
    expect(path).toMatch(/\/temp\/task-definition-web-[^/]+\.json$/);
    expect((await stat(path)).mode & 0o077).toBe(0);
    expect(outputs.get('family')).toBe('web');
    expect(JSON.parse(outputs.get('images') ?? '')).toEqual({ app: 'web:2', proxy: 'envoy:2' });
  });

  it('says what changed by its name and never prints a value', async () => {
    await put('taskdef.json', JSON.stringify(WEB));
    await start({
      ...FILE,
      'container-name': 'app',
      image: 'web:2',
      'environment-variables': 'LOG_LEVEL=hunter2\nNEW=hunter3',
      secrets: 'DB_PASSWORD=arn:aws:ssm:eu-west-1:111122223333:parameter/hunter4',
    });
    expect(log).toEqual([
      'Task definition web, from taskdef.json',
      '  app: image web:2 (was 111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1)',
      '  app: environment LOG_LEVEL changed',
      '  app: environment NEW added',
      '  app: secret DB_PASSWORD changed',
      `Written to ${outputs.get('task-definition')}`,
    ]);
  });

  it('renders YAML into the given file, making its directory', async () => {
    await put(
      'taskdef.yml',
      'family: worker\ncontainerDefinitions:\n  - { name: job, image: worker:1, memory: 256 }\n',
    );
    await start({ 'task-definition': 'taskdef.yml', image: 'worker:2', 'output-file': 'out/rendered.json' });
    expect(outputs.get('task-definition')).toBe(join(workspace, 'out/rendered.json'));
    expect(await written()).toMatchObject({
      containerDefinitions: [{ name: 'job', image: 'worker:2', memory: 256 }],
    });
    expect(await readdir(join(workspace, 'out'))).toEqual(['rendered.json']);
  });

  it('may write over the file that it read', async () => {
    await put('taskdef.json', JSON.stringify(WORKER));
    await start({ ...FILE, image: 'worker:2', 'output-file': 'taskdef.json' });
    expect(await written()).toMatchObject({ containerDefinitions: [{ image: 'worker:2' }] });
  });

  it('writes nothing and hands on nothing when a setting fits nowhere', async () => {
    await put('taskdef.json', JSON.stringify(WEB));
    const problems = await problemsOf(
      start({ ...FILE, image: 'web:2', images: 'api=api:2', 'output-file': 'out.json' }),
    );
    expect(problems).toEqual([
      'container-name: is required, because task definition web has several containers; name one of app, proxy',
      'images: task definition web has no container "api"; it has app, proxy',
    ]);
    expect(await readdir(workspace, { recursive: true })).toEqual(['taskdef.json', 'temp']);
    expect(outputs.size).toBe(0);
  });

  it('says that the file is missing, and the likely reason', async () => {
    expect(await problemsOf(start(FILE))).toEqual([
      `task-definition: there is no file ${join(workspace, 'taskdef.json')}; is actions/checkout missing before this step?`,
    ]);
    expect(await problemsOf(start({ 'task-definition': 'temp' }))).toEqual([
      `task-definition: ${join(workspace, 'temp')} is a directory; name the file in it`,
    ]);
  });

  it('leaves no draft behind where it cannot write', async () => {
    await put('taskdef.json', JSON.stringify(WORKER));
    const [problem] = await problemsOf(start({ ...FILE, 'output-file': 'temp' }));
    expect(problem).toContain(`output-file: ${join(workspace, 'temp')} cannot be written`);
    expect(await readdir(workspace, { recursive: true })).toEqual(['taskdef.json', 'temp']);
  });

  const running: RegisteredTaskDefinition = {
    arn: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/worker:7',
    family: 'worker',
    revision: 7,
    active: true,
    definition: WORKER,
  };
  const aws: TaskDefinitions = {
    find: async (reference) => (reference === 'worker' ? running : undefined),
    ofService: async () => running,
    register: async () => {
      throw new Error('rendering registers nothing');
    },
    list: async function* () {},
  };

  it('renders the newest revision of a family', async () => {
    await start({ 'task-definition-family': 'worker', image: 'worker:2' }, aws);
    expect(log[0]).toBe('Task definition worker, from worker:7');
    expect(await written()).toMatchObject({
      family: 'worker',
      containerDefinitions: [{ image: 'worker:2' }],
    });
  });

  it('renders what a service runs, unchanged when nothing is given', async () => {
    await start({ cluster: 'prod', service: 'jobs' }, aws);
    expect(log.slice(0, 2)).toEqual([
      'Task definition worker, from worker:7, which service jobs runs',
      '  nothing to change was given',
    ]);
    expect(await written()).toEqual(WORKER);
  });

  it('names the input whose family does not exist', async () => {
    const [problem] = await problemsOf(start({ 'task-definition-family': 'web', image: 'web:2' }, aws));
    expect(problem).toContain('task-definition-family: there is no task definition "web"');
  });
});
