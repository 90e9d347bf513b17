import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../src/actions/render-task-definition/run.ts';
import { systemClock } from '../../src/clock.ts';
import { ConfigError } from '../../src/errors.ts';
import type { Place, RegisteredTaskDefinition, Reporter, TaskDefinitions } from '../../src/ports.ts';
import { WEB, WORKER } from '../taskdef/definitions.ts';
import { QUIET } from './quiet-reporter.ts';
import { FILE, given, problemsOf } from './render-inputs.ts';

describe('render-task-definition', () => {
  let workspace: string;
  let outputs: Map<string, string>;
  let log: string[];
  let summary: string;
  let annotations: { readonly message: string; readonly place: Place | undefined }[];

  beforeEach(async () => {
    workspace = await mkdtemp(join(tmpdir(), 'render-'));
    await mkdir(join(workspace, 'temp'));
    outputs = new Map();
    log = [];
    summary = '';
    annotations = [];
  });
  afterEach(() => rm(workspace, { recursive: true, force: true }));

  const start = (inputs: Readonly<Record<string, string>>, aws?: TaskDefinitions) => {
    const reporter: Reporter = {
      ...QUIET,
      info: (line) => log.push(line),
      notice: (message) => log.push(message),
      warning: (message, place) => annotations.push({ message, place }),
      error: (message, place) => annotations.push({ message, place }),
      startGroup: (title) => log.push(title),
      output: (name, value) => outputs.set(name, value),
      summary: async (markdown) => {
        summary += markdown;
      },
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
    expect(path).toMatch(/\/temp\/task-definition-web-[^/]+\/task-definition\.json$/);
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
      'Compared with taskdef.json:',
      '  app: image 111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1 -> web:2',
      '  app: secret DB_PASSWORD changed',
      '  app: variable LOG_LEVEL changed',
      '  app: variable NEW added',
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
    expect(log.slice(0, 3)).toEqual([
      'Task definition worker, from worker:7, which service jobs runs',
      'Compared with what service jobs runs (worker:7):',
      '  nothing changes',
    ]);
    expect(await written()).toEqual(WORKER);
  });

  it('names the input whose family does not exist', async () => {
    const [problem] = await problemsOf(start({ 'task-definition-family': 'web', image: 'web:2' }, aws));
    expect(problem).toContain('task-definition-family: there is no task definition "web"');
  });

  it('compares a file with what the service runs, and says so in the log, the summary and the outputs', async () => {
    await put('taskdef.json', JSON.stringify(WORKER));
    const inputs = { ...FILE, cluster: 'prod', service: 'jobs', image: 'worker:2' };
    await start({ ...inputs, 'environment-variables': 'TOKEN=hunter2' }, aws);
    expect(log.slice(0, 4)).toEqual([
      'Task definition worker, from taskdef.json',
      'Compared with what service jobs runs (worker:7):',
      '  job: image worker:1 -> worker:2',
      '  job: variable TOKEN added',
    ]);
    const markdown = '- Container `job`\n  - image `worker:1` -> `worker:2`\n  - variable `TOKEN` added';
    expect(outputs.get('diff')).toBe(markdown);
    expect(outputs.get('changed')).toBe('true');
    expect(summary).toBe(
      `### Task definition \`worker\`\n\nFrom \`taskdef.json\`, compared with \`what service jobs runs (worker:7)\`.\n\n${markdown}\n`,
    );
  });

  it('finds nothing changed where the service runs the same already', async () => {
    const same = {
      ...WORKER,
      revision: 7,
      containerDefinitions: [{ ...WORKER.containerDefinitions[0], essential: true }],
    };
    await put('taskdef.json', JSON.stringify(same));
    await start({ ...FILE, cluster: 'prod', service: 'jobs' }, aws);
    expect(log).toContain('  nothing changes');
    expect(Object.fromEntries(outputs)).toMatchObject({ changed: 'false', diff: 'Nothing changes.' });
  });

  it('warns in an env file of what Docker Compose would fill in', async () => {
    await put('taskdef.json', JSON.stringify(WORKER));
    await put('base.env', 'A=$B\n');
    await start({ ...FILE, 'env-files': 'base.env' });
    expect(annotations).toContainEqual({
      message: expect.stringMatching(/^base\.env:1: A holds a \$NAME/),
      place: { file: 'base.env', line: 1 },
    });
    expect(await written()).toMatchObject({
      containerDefinitions: [{ environment: [{ name: 'A', value: '$B' }] }],
    });
  });

  it('tells values only where they are asked for', async () => {
    await put('taskdef.json', JSON.stringify(WORKER));
    const inputs = { ...FILE, 'environment-variables': 'STAGE=blue', command: 'serve --fast' };
    await start(inputs);
    expect(log).toContain('  job: command added (not shown)');
    expect(JSON.stringify([log, summary, [...outputs]])).not.toMatch(/blue|--fast/);
    await start({ ...inputs, 'show-values': 'true' });
    expect(log).toContain('  job: variable STAGE added: "blue"');
    expect(log).toContain('  job: command added: ["serve","--fast"]');
  });

  it('refuses what ECS would refuse, at its place in the file, and writes nothing', async () => {
    const wrong = {
      ...WORKER,
      containerDefinitions: [
        { name: 'sidecar', image: 'x:1', cpus: 1 },
        { ...WORKER.containerDefinitions[0], memroy: 1 },
      ],
    };
    await put('taskdef.json', JSON.stringify(wrong, null, 2));
    // One container goes, so that the other stands elsewhere in the result than in the file.
    const work = start({ ...FILE, 'merge-patch': 'containerDefinitions: { sidecar: null }' });
    const error = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof ConfigError)) throw new Error(`expected a ConfigError, got ${String(error)}`);
    expect(error.problems).toEqual([
      {
        input: 'taskdef.json:13:17',
        message:
          '"memroy" of container "job" is not a field that ECS has; did you mean "memory", which is there too?',
        place: { file: 'taskdef.json', line: 13, column: 17 },
      },
    ]);
    expect(await readdir(workspace, { recursive: true })).toEqual(['taskdef.json', 'temp']);
    expect(outputs.size).toBe(0);
  });

  it('tells what is wrong with the form of a file together with all else in it, each once', async () => {
    const wrong = `{
  "family": "my web",
  "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "9999",
  "containerDefinitions": [
    { "image": "a:1", "memroy": 1 },
    { "name": "app", "image": "a:1", "environment": { "A": "b" }, "portMappings": [{ "containerPort": "80" }] },
    { "name": "app", "image": "a:1", "environment": [{ "value": "x" }, { "name": "B", "valueFrom": "x" }] },
    "proxy"
  ]
}`;
    await put('taskdef.json', wrong);
    const problems = await problemsOf(start({ ...FILE, 'container-name': 'ap', image: 'web:2' }));
    expect(problems.map((problem) => problem.split(';')[0])).toEqual([
      'taskdef.json:2:13: the family is "my web"',
      'taskdef.json:5:5: the name of container 1 is missing',
      'taskdef.json:6:53: environment of container "app" is a mapping',
      'taskdef.json:7:15: container "app" stands twice',
      'taskdef.json:7:54: entry 1 in environment of container "app" has no name',
      'taskdef.json:8:5: container 4 is a text, not a mapping of fields',
      'taskdef.json:5:33: "memroy" of container 1 is not a field that ECS has',
      'taskdef.json:6:103: portMappings[0].containerPort of container "app" is a text',
      'taskdef.json:7:100: "valueFrom" of environment[1] of container "app" is not a field that ECS has',
      'taskdef.json:3:92: memory is "9999", which Fargate does not have with cpu 256',
    ]);
  });

  it('says nothing of what the inputs would have set, were the file as it should be', async () => {
    const wrong = {
      family: 'web',
      containerDefinitions: [{ name: 'app', environment: [{}] }, { name: 'b' }],
    };
    await put('taskdef.json', JSON.stringify(wrong));
    const problems = await problemsOf(start({ ...FILE, images: 'app=web:2\nb=web:3', memory: '512' }));
    expect(problems).toEqual(['taskdef.json:1:70: entry 1 in environment of container "app" has no name']);
  });

  it('tells a setting that fits nowhere together with what is wrong wherever it belongs', async () => {
    const wrong = {
      ...WEB,
      cpu: '300',
      containerDefinitions: [{ name: 'app' }, { name: 'proxy', image: 'envoy:1', memroy: 1 }],
    };
    await put('taskdef.json', JSON.stringify(wrong));
    const problems = await problemsOf(start({ ...FILE, images: 'ap=web:2' }));
    expect(problems.map((problem) => problem.split(';')[0])).toEqual([
      'images: task definition web has no container "ap"',
      expect.stringContaining('"memroy" of container "proxy" is not a field that ECS has'),
      expect.stringContaining('cpu is "300"'),
    ]);
  });

  it('tells what a merge patch breaks once, with all else', async () => {
    await put('taskdef.json', JSON.stringify({ ...WORKER, pidMode: 'hots' }));
    const patch = 'containerDefinitions: { job: { environment: { A: b }, memroy: 1 } }';
    const problems = await problemsOf(start({ ...FILE, 'merge-patch': patch }));
    expect(problems.map((problem) => problem.split(';')[0])).toEqual([
      'merge-patch: after it, environment of container "job" is a mapping',
      expect.stringContaining('pidMode is "hots"'),
      expect.stringContaining('"memroy" of container "job" is not a field that ECS has'),
    ]);
  });

  it('names the input of a health check that is not there, and not its missing field as well', async () => {
    await put('taskdef.json', JSON.stringify({ ...WORKER, pidMode: 'hots' }));
    const problems = await problemsOf(start({ ...FILE, 'health-check-interval': '10s' }));
    expect(problems).toEqual([
      expect.stringMatching(/^health-check: is required with health-check-interval, because container "job"/),
      expect.stringContaining('pidMode is "hots"'),
    ]);
  });

  it('tells a list that is a mapping, whichever it is, and no failure of its own', async () => {
    await put('taskdef.json', JSON.stringify({ ...WORKER, tags: { team: 'web' } }));
    expect(await problemsOf(start({ ...FILE, tags: 'a=b' }))).toEqual([
      expect.stringMatching(/^taskdef\.json:1:\d+: tags is a mapping; write a list of \{ key, value \}/),
    ]);
  });

  it('annotates a file that is no task definition', async () => {
    await put('taskdef.json', '{\n  "family": "web",\n  "containerDefinitions": 3\n}');
    const [problem] = await start(FILE).then(
      () => [],
      (thrown: ConfigError) => thrown.problems,
    );
    expect(problem?.place).toMatchObject({ file: 'taskdef.json', line: 3 });
  });

  it('refuses an image without a digest only where a digest is required', async () => {
    await put('taskdef.json', JSON.stringify(WORKER));
    await start({ ...FILE, 'output-file': 'once.json' });
    expect(annotations).toContainEqual({
      message: expect.stringContaining('taskdef.json:1:'),
      place: expect.objectContaining({ file: 'taskdef.json', line: 1 }),
    });
    const problems = await problemsOf(
      start({ ...FILE, 'require-digest': 'true', 'output-file': 'twice.json' }),
    );
    expect(problems).toEqual([expect.stringMatching(/image of container "job".*digest/)]);
    expect(await readdir(workspace)).not.toContain('twice.json');
  });

  it('does not refuse what AWS has taken already', async () => {
    const odd = {
      ...WORKER,
      containerDefinitions: [{ name: 'job', image: 'worker:1', memory: 256, memroy: 1 }],
    };
    const taken: TaskDefinitions = { ...aws, ofService: async () => ({ ...running, definition: odd }) };
    await start({ cluster: 'prod', service: 'jobs', image: 'worker:2' }, taken);
    expect(annotations.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('"memroy" of container "job" is not a field that ECS has'),
    );
    expect(await written()).toMatchObject({ containerDefinitions: [{ image: 'worker:2', memroy: 1 }] });
  });

  it('tells what is wrong with the result alone as no fault of the revision that it came from', async () => {
    await start({ cluster: 'prod', service: 'jobs', image: 'worker:main' }, aws);
    expect(annotations.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(
        /^what is made of worker:7, which service jobs runs: the image of container "job" is "worker:main"/,
      ),
    );
    annotations.length = 0;
    await start({ cluster: 'prod', service: 'jobs' }, aws);
    expect(annotations.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^worker:7, which service jobs runs: the image of container "job" is "worker:1"/),
    );
  });

  it('takes the inputs of amazon-ecs-render-task-definition as they are', async () => {
    await put('taskdef.json', JSON.stringify(WEB));
    await start({
      ...FILE,
      'container-name': 'app,proxy',
      image: 'web:2',
      'environment-variables': 'LOG_LEVEL=debug\nQUERY=a=b',
      'env-files': 'arn:aws:s3:::config/web.env',
      'log-configuration-log-driver': 'awslogs',
      'log-configuration-options':
        'awslogs-group=/ecs/web\nawslogs-region=eu-west-1\nawslogs-stream-prefix=web\nawslogs-datetime-format=%Y=%m',
      'docker-labels': 'team=web\nrule=a=b',
      command: 'node server.js',
      'task-role-arn': 'arn:aws:iam::111122223333:role/web',
      'execution-role-arn': 'arn:aws:iam::111122223333:role/execution',
      secrets: 'TOKEN=arn:aws:ssm:eu-west-1:111122223333:parameter/token',
    });
    const [app, proxy] = WEB.containerDefinitions;
    const given = {
      image: 'web:2',
      environmentFiles: [{ value: 'arn:aws:s3:::config/web.env', type: 's3' }],
      logConfiguration: {
        logDriver: 'awslogs',
        options: {
          'awslogs-group': '/ecs/web',
          'awslogs-region': 'eu-west-1',
          'awslogs-stream-prefix': 'web',
          'awslogs-datetime-format': '%Y=%m',
        },
      },
      dockerLabels: { team: 'web', rule: 'a=b' },
      command: ['node', 'server.js'],
    };
    const token = { name: 'TOKEN', valueFrom: 'arn:aws:ssm:eu-west-1:111122223333:parameter/token' };
    const added = [
      { name: 'LOG_LEVEL', value: 'debug' },
      { name: 'QUERY', value: 'a=b' },
    ];
    expect(await written()).toEqual({
      ...WEB,
      taskRoleArn: 'arn:aws:iam::111122223333:role/web',
      executionRoleArn: 'arn:aws:iam::111122223333:role/execution',
      containerDefinitions: [
        {
          ...app,
          ...given,
          environment: [added[0], { name: 'PORT', value: '8080' }, added[1]],
          secrets: [...(app?.secrets ?? []), token],
        },
        { ...proxy, ...given, environment: added, secrets: [token] },
      ],
    });
  });
});
