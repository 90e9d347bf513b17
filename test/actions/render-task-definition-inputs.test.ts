import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogDriver } from '@aws-sdk/client-ecs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InputSource } from '../../src/actions/input-reader.ts';
import { parseEnvFile } from '../../src/actions/render-task-definition/env-file.ts';
import { readInputs as readInputsIn } from '../../src/actions/render-task-definition/inputs.ts';
import { describedAs, FILE, given, problemsOf } from './render-inputs.ts';

const readInputs = (input: InputSource) => readInputsIn(input, '/there/is/no/workspace', undefined);

describe('the inputs of render-task-definition', () => {
  it('may be a file alone', async () => {
    expect(await readInputs(given(FILE))).toEqual({
      source: { kind: 'file', path: 'taskdef.json' },
      settings: { containers: [], task: { fields: {} } },
      requireDigest: false,
      showValues: false,
      warnings: [],
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
    expect((await readInputs(given(inputs))).settings.containers).toEqual([
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
    const [settings] = (await readInputs(given({ ...FILE, 'environment-variables': text }))).settings
      .containers;
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
    const [settings] = (await readInputs(given({ ...FILE, 'environment-variables': 'A=\r\nB=2\r' }))).settings
      .containers;
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
      'task-definition-family: "my web" is not a family',
      'cluster: is required with service "shop"',
      'task-definition: "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1" is not a file',
      'task-definition: is to come from several places: task-definition and task-definition-family',
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
    expect(problem).toMatch(/Hand on the output "reference" of ecr-push.*leave it out\.$/);
  });

  it.each(['{}', '# none', '\n# one\n\n# two\n', '[]', 'null', '""', '{} # lost'])(
    'take no list that is given as %j and names nothing',
    async (text) => {
      for (const name of [
        'images',
        'environment-variables',
        'secrets',
        'docker-labels',
        'log-configuration-options',
        'tags',
      ]) {
        const problems = await problemsOf(readInputs(given({ ...FILE, [name]: text })));
        expect(problems).toEqual([
          expect.stringMatching(
            new RegExp(`^${name}: is (empty|given and names nothing|null|a list|a text)`),
          ),
        ]);
        if (name === 'images') continue;
        const replacing = await problemsOf(readInputs(given({ ...FILE, [name]: text, replace: name })));
        expect(replacing).toEqual(problems);
      }
    },
  );

  it('explain images that name nothing like images that are empty', async () => {
    const problems = await problemsOf(readInputs(given({ ...FILE, images: '{}' })));
    expect(problems).toEqual(await problemsOf(readInputs(given({ ...FILE, images: '' }))));
  });

  it.each([
    ['environment-variables', '[{"name":"A","value":"hunter2"},{"value":"0","name":"B"}]', 'environment'],
    ['environment-variables', '- name: A\n  value: hunter2\n- { name: B, value: 0 }', 'environment'],
    ['secrets', '[{"name":"A","valueFrom":"hunter2"},{"name":"B","valueFrom":"0"}]', 'secrets'],
  ] as const)("take ECS's own list as %s: %j", async (name, text, field) => {
    const [settings] = (await readInputs(given({ ...FILE, [name]: text }))).settings.containers;
    expect(settings?.[field]).toEqual(
      new Map([
        ['A', 'hunter2'],
        ['B', '0'],
      ]),
    );
  });

  it("take ECS's own list of tags", async () => {
    const tags = '[{"key":"cost center","value":"a"}]';
    expect((await readInputs(given({ ...FILE, tags }))).settings.task.tags).toEqual(
      new Map([['cost center', 'a']]),
    );
  });

  it.each([
    ['- A=hunter2', 'line 1: is a text; an item of the list is { name, value }'],
    ['[{"name":"A"}]', 'line 1: A has no value'],
    ['[{"value":"hunter2"}]', 'line 1: is a mapping without name'],
    ['- name: A\n  valueFrom: hunter2', 'line 1: is a mapping with another field'],
    ['[{"name":"A","value":["hunter2"]}]', 'line 1: A has a list'],
    ['[{"name":"A","value":"1"},\n{"name":"A","value":"2"}]', 'line 2: A is given twice'],
  ])("say what is wrong with ECS's own list %j", async (text, problem) => {
    const [only, ...others] = await problemsOf(readInputs(given({ ...FILE, 'environment-variables': text })));
    expect(others).toEqual([]);
    expect(only).toContain(`environment-variables ${problem}`);
    expect(only).not.toContain('hunter2');
  });

  it('say that ECS has no list where it has none', async () => {
    const labels = await problemsOf(readInputs(given({ ...FILE, 'docker-labels': '[{"name":"a"}]' })));
    expect(labels).toEqual([expect.stringContaining('docker-labels: is a list; write label=value')]);
  });

  it('hold what is right in an input with problems against the others', async () => {
    const inputs = {
      ...FILE,
      'container-name': 'app,',
      'environment-variables': 'A=1\nno equals sign\nB=2',
      secrets: 'A=arn:x\nC=',
      unset: 'B D',
      command: 'a | b',
      tags: 'aws:x=1\nteam=a!\nlong=1',
    };
    const problems = await problemsOf(readInputs(given(inputs)));
    expect(problems.map((problem) => problem.split(';')[0]?.split(': a job')[0])).toEqual([
      'environment-variables line 2: has no "="',
      'secrets line 2: C: the reference is empty',
      'secrets: A is given as a plain variable and as a secret',
      'unset: B is also given a value',
      'command: | is for a shell, and ECS starts none',
      'tags line 1: aws:x: begins with "aws:", which AWS keeps for itself',
      'tags line 2: team: has a value with a character that AWS does not take',
      'container-name: "app," has an empty name',
    ]);
  });

  it.each([
    { command: 'a | b' },
    { 'env-files': 'none.env' },
    { 'log-configuration-log-driver': 'none' },
    { 'health-check-interval': '1s' },
    { 'port-mappings': 'http' },
    { 'docker-labels': '{}' },
  ])('do not say that nothing is for a container where it is wrong: %j', async (inputs) => {
    const problems = await problemsOf(readInputs(given({ ...FILE, ...inputs, 'container-name': 'app' })));
    expect(problems).toEqual([expect.not.stringMatching(/^container-name/)]);
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
      'container-name: names "app", but nothing is to change in it; give image, environment-variables, secrets or another of its settings, or leave it out',
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

/** The settings of the only container that inputs are for. */
const settingsOf = async (inputs: Readonly<Record<string, string>>) =>
  (await readInputs(given({ ...FILE, ...inputs }))).settings.containers[0];

/** The settings of the task itself. */
const taskOf = async (inputs: Readonly<Record<string, string>>) =>
  (await readInputs(given({ ...FILE, ...inputs }))).settings.task;

const problemsWith = (inputs: Readonly<Record<string, string>>) =>
  problemsOf(readInputs(given({ ...FILE, ...inputs })));

describe('the source of render-task-definition', () => {
  it('may be a revision of a family, told apart', async () => {
    const inputs = { 'task-definition-family': 'web', 'task-definition-revision': '41' };
    expect((await readInputs(given(inputs))).source).toMatchObject({ reference: 'web:41' });
  });

  it('is not the service that another source is compared with', async () => {
    expect(await readInputs(given({ ...FILE, cluster: 'prod', service: 'shop' }))).toMatchObject({
      source: { kind: 'file', path: 'taskdef.json' },
      service: { cluster: 'prod', service: 'shop' },
    });
  });

  it.each<[Readonly<Record<string, string>>, string]>([
    [
      { 'task-definition-revision': '41' },
      'task-definition-family: is required with task-definition-revision; give the family as well, or task-definition-arn',
    ],
    [
      { 'task-definition-family': 'web:40', 'task-definition-revision': '41' },
      'task-definition-revision: is 41, but task-definition-family says revision 40; keep one of them',
    ],
    [
      { 'task-definition-family': 'web', 'task-definition-revision': 'newest' },
      'task-definition-revision: "newest" is not the number of a revision, such as 41',
    ],
  ])('cannot be %j', async (inputs, problem) => {
    expect(await problemsOf(readInputs(given(inputs)))).toContain(problem);
  });
});

describe('container-name', () => {
  it('may name several containers, which all get the settings', async () => {
    const inputs = { ...FILE, 'container-name': 'app, proxy,app', image: 'web:2', command: 'run' };
    expect((await readInputs(given(inputs))).settings.containers).toEqual(
      ['app', 'proxy'].map((container) => ({
        container,
        input: 'container-name',
        image: 'web:2',
        command: ['run'],
      })),
    );
  });

  it('has no empty names', async () => {
    expect(await problemsWith({ 'container-name': 'app,,proxy', image: 'web:2' })).toEqual([
      'container-name: "app,,proxy" has an empty name; write names with commas between them',
    ]);
  });
});

describe('command and entry-point', () => {
  it.each<[string, readonly string[]]>([
    ['node server.js --port=80', ['node', 'server.js', '--port=80']],
    ['node "my server.js" \'$HOME * | "x"\'', ['node', 'my server.js', '$HOME * | "x"']],
    ['a\\ b "c\\"d" ""', ['a b', 'c"d', '']],
    ["echo it\\'s '`'", ['echo', "it's", '`']],
    ['["sh", "-c", "echo $HOME | wc"]', ['sh', '-c', 'echo $HOME | wc']],
    ['[]', []],
    ['[""]', ['']],
    ['ls a~ \\~ \'~\' "~"/x', ['ls', 'a~', '~', '~', '~/x']],
    ['bundle exec\n  sidekiq', ['bundle', 'exec', 'sidekiq']],
  ])('read %j', async (text, words) => {
    expect((await settingsOf({ command: text }))?.command).toEqual(words);
    expect((await settingsOf({ 'entry-point': text }))?.entryPoint).toEqual(words);
  });

  it.each([
    ['migrate && serve', '&& is for a shell'],
    ['serve > log', '> is for a shell'],
    ['serve $PORT', '$PORT is for a shell'],
    ['serve "$PORT"/x', '$PORT is for a shell'],
    ['serve *.conf', 'a pattern with * or ? is for a shell'],
    ['serve `hostname`', '`...` is for a shell'],
    ['~/bin/serve', '~ at the start of a word is for a shell'],
    ['serve "a b" ~root/x', '~ at the start of a word is for a shell'],
    ['""', 'holds nothing but empty words'],
    ['"" \'\'', 'holds nothing but empty words'],
    ['serve # now', '# is for a shell'],
    ['serve "hunter2', 'a quote or a backslash at its end is not closed'],
    ['serve hunter2\\', 'a quote or a backslash at its end is not closed'],
    ['["hunter2", 3]', 'starts with "[" and is not a JSON array of texts'],
    ['[hunter2]', 'starts with "[" and is not a JSON array of texts'],
  ])('refuse %j', async (text, problem) => {
    const [only] = await problemsWith({ command: text });
    expect(only).toContain(`command: ${problem}`);
    expect(only).toMatch(/\["(sh|node)", /);
    expect(only).not.toContain('hunter2');
  });
});

describe('port-mappings', () => {
  it.each<[string, readonly object[]]>([
    ['8080', [{ containerPort: 8080, protocol: 'tcp' }]],
    [
      '80:8080 53/UDP\nweb=9090',
      [
        { containerPort: 8080, hostPort: 80, protocol: 'tcp' },
        { containerPort: 53, protocol: 'udp' },
        { containerPort: 9090, protocol: 'tcp', name: 'web' },
      ],
    ],
    ['8000-8010/udp', [{ containerPortRange: '8000-8010', protocol: 'udp' }]],
    [
      '- containerPort: 80\n  name: web\n  appProtocol: http2',
      [{ protocol: 'tcp', containerPort: 80, name: 'web', appProtocol: 'http2' }],
    ],
    ['[{"containerPort": 80}]', [{ protocol: 'tcp', containerPort: 80 }]],
  ])('read %j', async (text, ports) => {
    expect((await settingsOf({ 'port-mappings': text }))?.portMappings).toEqual(ports);
  });

  it('name every entry that is none', async () => {
    const problems = await problemsWith({ 'port-mappings': 'http 80/sctp 70000 10-5 80:90-91' });
    expect(problems.map((problem) => problem.split(';')[0])).toEqual([
      'port-mappings: "http" is not a port',
      'port-mappings: "80/sctp" is not a port',
      'port-mappings: "70000" is not from 1 to 65535',
      'port-mappings: "10-5" is not a range',
      'port-mappings: "80:90-91" is not a range',
    ]);
  });

  it.each([
    ['- containerPort: 80\n- 81', 'entry 2 of the list is a number; write a port mapping such as'],
    ['[{"containerPort":"80"}]', 'entry 1 of the list has a text as containerPort; write 80 without quotes'],
    [
      '[{"containerPort":80,"hostPort":"any"}]',
      'entry 1 of the list has a text as hostPort; ECS takes a number',
    ],
    [
      '[{"containerPortRange":8000}]',
      'entry 1 of the list has a number as containerPortRange; write it in quotes',
    ],
    ['[{"name":"web"}]', 'entry 1 of the list has neither containerPort nor containerPortRange'],
  ])('say what is wrong with the list %j', async (text, problem) => {
    expect(await problemsWith({ 'port-mappings': text })).toEqual([
      expect.stringContaining(`port-mappings: ${problem}`),
    ]);
  });

  it.each([
    ['80 80', '80/tcp'],
    ['80/udp 80 80/UDP', '80/udp'],
    ['81:80 81:80', '81:80/tcp'],
    ['[{"containerPort":80},{"containerPort":80,"name":"web"}]', '80/tcp'],
  ])('are not %j, which names a port twice', async (text, port) => {
    expect(await problemsWith({ 'port-mappings': text })).toEqual([
      `port-mappings: ${port} is given twice; keep one of them`,
    ]);
  });

  it('may have one port of the container behind two of the host', async () => {
    expect((await settingsOf({ 'port-mappings': '80:8080 81:8080 8080/udp' }))?.portMappings).toHaveLength(3);
  });
});

describe('the health check', () => {
  it.each<[Readonly<Record<string, string>>, object]>([
    [
      { 'health-check': 'curl -f localhost || exit 1' },
      { command: ['CMD-SHELL', 'curl -f localhost || exit 1'] },
    ],
    [{ 'health-check': '["/healthy", "-x"]' }, { command: ['CMD', '/healthy', '-x'] }],
    [{ 'health-check': '["NONE"]' }, { command: ['NONE'] }],
    [
      {
        'health-check-interval': '1m',
        'health-check-timeout': '10',
        'health-check-retries': '5',
        'health-check-start-period': '0',
      },
      { interval: 60, timeout: 10, retries: 5, startPeriod: 0 },
    ],
  ])('is read from %j', async (inputs, expected) => {
    expect((await settingsOf(inputs))?.healthCheck).toEqual(expected);
  });

  it('has bounds', async () => {
    expect(
      await problemsWith({
        'health-check-interval': '1s',
        'health-check-timeout': '1500ms',
        'health-check-start-period': 'soon',
        'health-check-retries': '11',
      }),
    ).toEqual([
      'health-check-interval: "1s" is not from 5s to 300s in whole seconds',
      'health-check-timeout: "1500ms" is not from 2s to 120s in whole seconds',
      'health-check-start-period: "soon" is not a duration; write a number with a unit: 90s, 15m or 1h30m',
      'health-check-retries: "11" is not a whole number from 1 to 10',
    ]);
  });
});

describe('the settings of the task', () => {
  it.each<[Readonly<Record<string, string>>, object]>([
    [{ family: 'web-2' }, { family: 'web-2' }],
    [
      { cpu: '.5 vCPU', memory: '1GB' },
      { cpu: '.5 vCPU', memory: '1GB' },
    ],
    [{ 'task-role-arn': 'web' }, { taskRoleArn: 'web' }],
    [
      { 'execution-role-arn': 'arn:aws-iso-b:iam::111122223333:role/path/web' },
      { executionRoleArn: 'arn:aws-iso-b:iam::111122223333:role/path/web' },
    ],
    [{ 'ephemeral-storage': '50 GiB' }, { ephemeralStorage: { sizeInGiB: 50 } }],
    [
      { 'runtime-platform': 'linux/arm64' },
      { runtimePlatform: { operatingSystemFamily: 'LINUX', cpuArchitecture: 'ARM64' } },
    ],
    [
      { 'runtime-platform': 'WINDOWS_SERVER_2022_CORE/X86_64' },
      { runtimePlatform: { operatingSystemFamily: 'WINDOWS_SERVER_2022_CORE', cpuArchitecture: 'X86_64' } },
    ],
  ])('are read from %j', async (inputs, fields) => {
    expect((await taskOf(inputs)).fields).toEqual(fields);
  });

  it('are tags too, whose keys may hold blanks', async () => {
    expect(await taskOf({ tags: 'cost center=a=b', replace: 'tags' })).toEqual({
      fields: {},
      tags: new Map([['cost center', 'a=b']]),
      replaceTags: true,
    });
  });

  it('are refused with the fix, all at once', async () => {
    const problems = await problemsWith({
      family: 'my web',
      cpu: 'much',
      memory: '1 TB',
      'task-role-arn': 'role/web app',
      'execution-role-arn': 'arn:aws:iam::1:role/web',
      'ephemeral-storage': '20',
      'runtime-platform': 'linux/riscv',
      'log-configuration-log-driver': 'awslog',
      'require-digest': 'yes',
    });
    expect(problems.map((problem) => problem.split(';')[0])).toEqual([
      'log-configuration-log-driver: "awslog" is not one of awsfirelens, awslogs, fluentd, gelf, journald, json-file, splunk, syslog',
      'family: "my web" is not a family',
      'cpu: "much" is not an amount of CPU',
      'memory: "1 TB" is not an amount of memory',
      'task-role-arn: "role/web app" is not a role',
      'execution-role-arn: "arn:aws:iam::1:role/web" is not a role',
      'ephemeral-storage: "20" is not a size',
      'runtime-platform: "linux/riscv" is not a platform',
      'require-digest: "yes" is not a boolean',
    ]);
  });
});

describe('log-configuration-log-driver', () => {
  it.each(Object.values(LogDriver))('may be %s, as ECS knows it, and action.yml says so', async (driver) => {
    expect((await settingsOf({ 'log-configuration-log-driver': driver }))?.logDriver).toBe(driver);
    expect(describedAs('log-configuration-log-driver')).toContain(`\`${driver}\``);
  });

  it.each(['none', 'logentries'])('cannot be %s, which ECS does not take', async (driver) => {
    expect(await problemsWith({ 'log-configuration-log-driver': driver })).toEqual([
      expect.stringMatching(/^log-configuration-log-driver: "\w+" is not one of awsfirelens, /),
    ]);
    expect(describedAs('log-configuration-log-driver')).not.toContain(driver);
  });
});

describe('replace and unset', () => {
  it('are lists', async () => {
    const inputs = {
      'environment-variables': 'A=1',
      'docker-labels': 'team=a=b',
      replace: 'environment-variables, docker-labels',
      unset: 'B C,D\nE',
    };
    expect(await settingsOf(inputs)).toMatchObject({
      replace: new Set(['environment-variables', 'docker-labels']),
      unset: ['B', 'C', 'D', 'E'],
      dockerLabels: new Map([['team', 'a=b']]),
    });
  });

  it('never remove everything because an input arrived empty, nor what is given', async () => {
    expect(
      await problemsWith({
        image: 'web:2',
        replace: 'secrets envs',
        unset: 'A',
        'environment-variables': 'A=1',
      }),
    ).toEqual([
      'unset: A is also given a value; keep one of them',
      'replace: secrets is empty, and replacing by nothing would remove all of them; give secrets, or take entries away by unset or merge-patch',
      'replace: "envs" is not one of environment-variables, secrets, env-files, log-configuration-options, docker-labels, tags',
    ]);
  });

  it('do not mix variables and secrets of one name', async () => {
    expect(await problemsWith({ 'environment-variables': 'A=1', secrets: 'A=arn:x' })).toEqual([
      'secrets: A is given as a plain variable and as a secret; keep one of them',
    ]);
  });
});

describe('what stands in files of the workspace', () => {
  let workspace: string;
  beforeEach(async () => {
    workspace = await mkdtemp(join(tmpdir(), 'render-inputs-'));
  });
  afterEach(() => rm(workspace, { recursive: true, force: true }));

  const put = (name: string, text: string) => writeFile(join(workspace, name), text);
  const read = (inputs: Readonly<Record<string, string>>) =>
    readInputsIn(given({ ...FILE, ...inputs }), workspace, 'eu-west-1');

  it('is variables, which those of the step win over; an ARN is for ECS to read', async () => {
    await put('base.env', 'A=file\nB=file\n');
    await put('stage.env', 'B=stage\nC=stage\n');
    const inputs = {
      'env-files': 'base.env\narn:aws:s3:::config/web.env\nstage.env',
      'environment-variables': 'C=step',
    };
    expect((await read(inputs)).settings.containers[0]).toMatchObject({
      environment: new Map([
        ['A', 'file'],
        ['B', 'stage'],
        ['C', 'step'],
      ]),
      environmentFiles: ['arn:aws:s3:::config/web.env'],
    });
  });

  it('counts as given to what replaces, and only where it names something', async () => {
    await put('base.env', 'A=1\n');
    await put('none.env', '# nothing\n');
    const replace = 'environment-variables';
    expect((await read({ 'env-files': 'base.env', replace })).settings.containers[0]).toMatchObject({
      environment: new Map([['A', '1']]),
      replace: new Set([replace]),
    });
    expect(await problemsOf(read({ 'env-files': 'none.env', replace }))).toEqual([
      expect.stringContaining('replace: environment-variables is empty'),
    ]);
    expect((await read({ 'env-files': 'base.env', replace: 'env-files' })).settings.containers).toHaveLength(
      1,
    );
  });

  it('is named with its line where it is wrong, and all files at once', async () => {
    await put('bad.env', 'A=1\nhunter2\nB="hunter2\nC=2\n');
    const problems = await problemsOf(
      read({ 'env-files': 'bad.env\nnone.env\ns3://config/web.env\narn:aws:s3:::config/web.txt' }),
    );
    expect(problems.map((problem) => problem.split(/[;,]|: blanks/)[0])).toEqual([
      'env-files bad.env line 2: is a name alone',
      'env-files bad.env line 3: opens a quote that is not closed',
      `env-files: there is no file ${join(workspace, 'none.env')}`,
      'env-files: "s3://config/web.env" is an address',
      'env-files: "arn:aws:s3:::config/web.txt" is not the ARN of an object in S3 whose name ends in .env',
    ]);
    expect(problems.join()).not.toContain('hunter2');
  });

  it('is told where Docker Compose would fill it in, without its value', async () => {
    await put('base.env', 'A=1\nB=hunter2$OTHER\n');
    const { warnings } = await read({ 'env-files': 'base.env' });
    expect(warnings).toEqual([
      {
        message: expect.stringMatching(/^B holds a \$NAME or \$\{\.{3}\}, which stays as it is(?!.*hunter2)/),
        place: { file: 'base.env', line: 2 },
      },
    ]);
  });

  it.each([
    [Buffer.from('A=a\0b'), 'holds NUL bytes'],
    [Buffer.from('\uFEFFA=1', 'utf16le'), 'holds NUL bytes'],
    [Buffer.from([0x41, 0x3d, 0xe9]), 'is not UTF-8'],
  ])('is text: not %j', async (bytes, fault) => {
    await writeFile(join(workspace, 'odd.env'), bytes);
    for (const name of ['env-files', 'merge-patch']) {
      expect(await problemsOf(read({ [name]: 'odd.env' }))).toEqual([
        `${name}: ${join(workspace, 'odd.env')} ${fault}; save it as text in UTF-8`,
      ]);
    }
  });

  it.each([
    ['{"cpu": null, "memory": 512}', { cpu: null, memory: '512' }],
    ['containerDefinitions:\n  app: { cpu: 1 }', { containerDefinitions: { app: { cpu: 1 } } }],
    ['patch.yml', { containerDefinitions: { app: { environment: [{ name: 'A', value: '1.10' }] } } }],
  ])('or inline, a merge patch: %j', async (text, patch) => {
    await put('patch.yml', 'containerDefinitions: { app: { environment: [{ name: A, value: 1.10 }] } }');
    expect((await read({ 'merge-patch': text })).settings.patch).toEqual(patch);
  });

  it('is told when it is no merge patch', async () => {
    await put('patch.yml', '- hunter2');
    expect(await problemsOf(read({ 'merge-patch': 'patch.yml' }))).toEqual([
      'merge-patch patch.yml: is a list, not a mapping of fields to values, such as containerDefinitions: { app: { cpu: 256 } }',
    ]);
    for (const [text, kind] of [
      ['[1]', 'a list'],
      ['- cpu: 1', 'a list'],
      ['null', 'null'],
      ['"cpu"', 'a text'],
      ['256', 'a number'],
    ]) {
      expect(await problemsOf(read({ 'merge-patch': text ?? '' }))).toEqual([
        expect.stringContaining(`merge-patch: is ${kind}, not a mapping of fields`),
      ]);
    }
    expect(await problemsOf(read({ 'merge-patch': '{"cpu": "hunter2' }))).toEqual([
      expect.stringMatching(/^merge-patch line 1: is neither JSON nor YAML: (?!.*hunter2)/),
    ]);
  });
});

describe('an env file', () => {
  const variablesOf = (text: string) =>
    Object.fromEntries(parseEnvFile(text, 'web.env', 'env-files').variables);
  const faultsOf = (text: string) =>
    problemsOf(Promise.resolve().then(() => parseEnvFile(text, 'web.env', 'env-files')));

  it('is read as Docker Compose reads it', () => {
    const text = [
      '\uFEFF# a comment',
      'PLAIN=a b # a comment',
      'HASH=secret#1',
      'URL=https://x/?a=b&c=d',
      'export EXPORTED=1',
      'EMPTY=',
      'COMMENT= # nothing',
      "SINGLE='a # \\n $X' # a comment",
      'DOUBLE="a\\nb \\"c\\" \\$d \\x"',
      'LINES="one',
      'two"',
      "its=it's",
      'COLON: colon',
      'SPACED = a = b # a comment',
      'export QUOTED : "a: b"',
      'URL2:https://x/',
      "ESCAPED='Let\\'s go\\n\\\\x' # a comment",
      '  ',
    ].join('\r\n');
    expect(variablesOf(text)).toEqual({
      PLAIN: 'a b',
      HASH: 'secret#1',
      URL: 'https://x/?a=b&c=d',
      EXPORTED: '1',
      EMPTY: '',
      COMMENT: '',
      SINGLE: 'a # \\n $X',
      DOUBLE: 'a\nb "c" $d \\x',
      LINES: 'one\ntwo',
      its: "it's",
      COLON: 'colon',
      SPACED: 'a = b',
      QUOTED: 'a: b',
      URL2: 'https://x/',
      ESCAPED: "Let's go\\n\\\\x",
    });
  });

  it.each([
    ['NAME', 'is a name alone, to which Docker Compose gives'],
    ['export NAME # inherit', 'is a name alone, to which Docker Compose gives'],
    ["A='C:\\dir\\'", 'opens a quote that is not closed'],
    ['A="hunter2" hunter2', 'opens a quote that is not closed, or says more after its end'],
    ['A B=hunter2', 'is not NAME=value'],
    ['=hunter2', 'is not NAME=value'],
  ])('says what is wrong with %j', async (text, problem) => {
    const [only, ...others] = await faultsOf(`X=1\n${text}\nB=2`);
    expect(others).toEqual([]);
    expect(only).toContain(`env-files web.env line 2: ${problem}`);
    expect(only).not.toContain('hunter2');
  });

  it('names the variables that Docker Compose would fill in', () => {
    const text = [
      'A=$OTHER',
      `B="x\${OTHER:-1}"`,
      "C='$OTHER'",
      'D="\\$OTHER"',
      'E=5$ $1 $',
      'F=$OTHER',
      "F='later'",
      'G="\\\\$x"',
    ].join('\n');
    expect(parseEnvFile(text, 'web.env', 'env-files').unfilled).toEqual([
      { name: 'A', line: 1 },
      { name: 'B', line: 2 },
      { name: 'G', line: 8 },
    ]);
  });

  it('gives back every value that stands in double quotes', () => {
    const quoted = (value: string) =>
      `"${value
        .replace(/[\\"$]/g, '\\$&')
        .replaceAll('\r', '\\r')
        .replaceAll('\t', '\\t')}"`;
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        expect(variablesOf(`A=1\nVALUE=${quoted(value)} # x\nB=2`)).toEqual({ A: '1', VALUE: value, B: '2' });
      }),
    );
  });
});
