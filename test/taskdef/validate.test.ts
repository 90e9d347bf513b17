import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, TaskDefinition } from '../../src/taskdef/definition.ts';
import { type Finding, validate } from '../../src/taskdef/validate.ts';
import { BASES, MUTATIONS } from './mutations.ts';
import { plausibleDefinition } from './plausible.ts';

const DIGEST = `app@sha256:${'0123456789abcdef'.repeat(4)}`;

const LOGS = {
  logDriver: 'awslogs',
  options: { 'awslogs-group': 'g', 'awslogs-region': 'r', 'awslogs-stream-prefix': 'p' },
};

/** A definition of one container on EC2, about which there is nothing to say. */
const one = (container: object, rest: object = {}): TaskDefinition =>
  ({
    family: 'web',
    executionRoleArn: 'execution',
    ...rest,
    containerDefinitions: [{ name: 'app', image: 'app:1.0.0', memory: 64, ...container }],
  }) as TaskDefinition;

const findings = (definition: TaskDefinition, requireDigest = false): readonly Finding[] =>
  validate(definition, { requireDigest });

const said = (definition: TaskDefinition, requireDigest = false): readonly string[] =>
  findings(definition, requireDigest).map(
    ({ severity, path, message }) => `${severity} ${path.join('.')}: ${message}`,
  );

const APP = 'containerDefinitions.0';

describe('validate', () => {
  it('has nothing to say about a definition that is right', () => {
    expect(said(one({ logConfiguration: LOGS }))).toEqual([]);
  });

  it('says everything at once, errors first', () => {
    const definition = {
      family: 'web',
      networkMode: 'host',
      requiresCompatibilities: ['FARGATE'],
      cpu: '256',
      memory: '4096',
      containerDefinitions: [
        { name: 'app', image: 'app', portMappings: [{ containerPort: '80' }], privileged: true },
        { name: 'app', image: 'app:1.0.0' },
      ],
    } as TaskDefinition;
    expect(said(definition)).toEqual([
      `error ${APP}.portMappings.0.containerPort: portMappings[0].containerPort of container "app" is a text; write 80 without quotes`,
      'error memory: memory is "4096", which Fargate does not have with cpu 256; it has 512, 1024 and 2048 MiB',
      'error containerDefinitions.1.name: container "app" stands twice; every container needs a name of its own',
      'error networkMode: networkMode is "host"; Fargate takes only "awsvpc"',
      `error ${APP}.privileged: privileged of container "app" is not there on Fargate; leave it out, or run the task on EC2`,
      `warning ${APP}: container "app" has a port but no healthCheck: unless a load balancer checks it, ECS takes it for healthy as soon as it runs`,
      `warning ${APP}.image: the image of container "app" is "app", without a tag, which is "latest"; give a tag that stays, such as the commit, or the digest`,
    ]);
  });

  it('says one thing about one fault, where both the type and a rule could be wrong', () => {
    const twice = MUTATIONS.filter(({ definition }) => {
      const paths = findings(definition)
        .filter(({ severity }) => severity === 'error')
        .map(({ path }) => path.join('.'));
      return new Set(paths).size < paths.length;
    });
    expect(twice.map(({ fault }) => fault)).toEqual([]);
  });

  it('judges whatever is in a file without a failure of its own', () => {
    const places = fc.constantFrom(
      'cpu',
      'volumes',
      'tags',
      'runtimePlatform',
      'placementConstraints',
      'proxyConfiguration',
      'ephemeralStorage',
      'requiresCompatibilities',
      'containerDefinitions',
    );
    const inside = fc.constantFrom(
      ...['name', 'image', 'links', 'portMappings', 'environment', 'secrets', 'mountPoints', 'dependsOn'],
      ...['logConfiguration', 'linuxParameters', 'healthCheck', 'ulimits', 'volumesFrom', 'restartPolicy'],
    );
    const odd = fc.oneof(
      fc.jsonValue(),
      fc.array(fc.dictionary(fc.constantFrom('name', 'value', 'containerPort', 'key'), fc.jsonValue())),
    );
    fc.assert(
      fc.property(plausibleDefinition, places, inside, odd, odd, (definition, key, field, value, other) => {
        const [first, ...others] = definition.containerDefinitions;
        const containerDefinitions = [{ ...first, [field]: other }, ...others];
        const broken = { ...definition, containerDefinitions, [key]: value } as TaskDefinition;
        expect(Array.isArray(findings(broken))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('never says a value that may be a secret', () => {
    const secret = 'hunter2';
    const values: readonly Json[] = [
      secret,
      ` ${secret}\n`,
      `arn:aws:ssm:eu-west-1:123456789012:${secret}`,
      `postgres://user:${secret}@db/app`,
      `${secret}=`,
    ];
    for (const value of values) {
      const definition = one({
        environment: [
          { name: 'PASSWORD', value },
          { name: 'PASSWORD', value, valueFrom: value },
          { name: 'LIST', value: [value] },
        ],
        secrets: [
          { name: 'PASSWORD', valueFrom: value },
          { name: 'OTHER', value },
          { name: 'THIRD', valueFrom: { value } },
        ],
        environmentFiles: [{ type: 's3', value }],
        logConfiguration: {
          logDriver: 'awslogs',
          options: { 'awslogs-gruop': value, 'awslogs-stream': value, token: [value] },
          secretOptions: [{ name: 'x', valueFrom: value }],
        },
        command: value,
        dockerLabels: value,
      });
      expect(said(definition).length).toBeGreaterThan(10);
      expect(said(definition).join('\n')).not.toContain(secret);
    }
  });

  it('keeps what it quotes on one line', () => {
    const definition = one({ image: 'app\n::error::x', 'my\nkey': 1 }, { networkMode: 'a\r\nb' });
    const messages = findings(definition).map(({ message }) => message);
    expect(messages.filter((message) => /[\r\n]/.test(message))).toEqual([]);
    expect(messages.length).toBeGreaterThan(2);
  });
});

describe('a field that ECS does not have', () => {
  it.each([
    ['enviroment', 'environment'],
    ['Image', 'image'],
    ['health_check', 'healthCheck'],
    ['env', 'environment'],
    ['environmentVariables', 'environment'],
    ['ports', 'portMappings'],
    ['cmd', 'command'],
    ['logs', 'logConfiguration'],
    ['volumes', 'mountPoints'],
    ['depends_on', 'dependsOn'],
    ['memroy', 'memory'],
    ['labels', 'dockerLabels'],
  ])('%s of a container was meant to be %s', (key, meant) => {
    const [line] = said(one({ [key]: [] })).filter((text) => text.includes('not a field'));
    expect(line).toMatch(`error ${APP}.${key}: "${key}" of container "app" is not a field that ECS has`);
    expect(line).toContain(`did you mean "${meant}"`);
  });

  it.each([
    [
      { containers: [] },
      '"containers" is not a field that ECS has; did you mean "containerDefinitions", which is there too?',
    ],
    [{ taskrole: 'x' }, '"taskrole" is not a field that ECS has; did you mean "taskRoleArn"?'],
    [
      { desiredCount: 2 },
      '"desiredCount" is not a field that ECS has; it is one of the service, which is set up apart from its task definition',
    ],
    [
      { logConfiguration: LOGS },
      '"logConfiguration" is not a field that ECS has there; it is one of a container: put it into containerDefinitions',
    ],
    [
      { volumes: [{ name: 'logs', sourcePath: '/logs' }] },
      '"sourcePath" of volumes[0] is not a field that ECS has there; it is one of host: put it in there',
    ],
  ])('is named with what to do: %j', (rest, message) => {
    expect(findings(one({}, rest))).toMatchObject([{ severity: 'error', message }]);
  });

  it('is an error in a container when it belongs to the task, unless it stands there as well', () => {
    expect(findings(one({ networkMode: 'awsvpc' }))).toMatchObject([{ severity: 'error' }]);
    expect(findings(one({ networkMode: 'awsvpc' }, { networkMode: 'awsvpc' }))).toMatchObject([
      { severity: 'warning' },
    ]);
  });

  it('is only warned about when it may be of a newer ECS', () => {
    expect(said(one({ quantumEntanglement: true }))).toEqual([
      `warning ${APP}.quantumEntanglement: "quantumEntanglement" of container "app" is not a field that this version knows, and ECS passes over what it does not know; check how it is written`,
    ]);
  });

  it('sends a reference in environment to secrets', () => {
    expect(said(one({ environment: [{ name: 'A', valueFrom: 'x' }] }))).toEqual([
      `error ${APP}.environment.0.valueFrom: "valueFrom" of environment[0] of container "app" is not a field that ECS has; a variable that is filled from a secret stands in secrets, not in environment`,
    ]);
  });

  it('may be anything where names are free', () => {
    expect(said(one({ dockerLabels: { enviroment: 'x' } }))).toEqual([]);
  });
});

describe('a field of the wrong type', () => {
  it.each([
    [{ cpu: 'half' }, 'cpu of container "app" is a text; ECS takes a number here'],
    [{ cpu: '128' }, 'cpu of container "app" is a text; write 128 without quotes'],
    [{ cpu: 0.5 }, 'cpu of container "app" is 0.5; ECS takes a whole number here'],
    [{ essential: 'true' }, 'essential of container "app" is a text; write true without quotes'],
    [{ essential: 1 }, 'essential of container "app" is a number; write true or false'],
    [{ user: 1000 }, 'user of container "app" is a number; write it in quotes'],
    [
      { command: 'npm start' },
      'command of container "app" is a text; write a list with each word as an item of its own',
    ],
    [
      { environment: { A: '1' } },
      'environment of container "app" is a mapping; write a list of { name, value }',
    ],
    [
      { portMappings: [8080] },
      'portMappings[0] of container "app" is a number; write a mapping with containerPort, hostPort, protocol, name and so on',
    ],
    [
      { dockerLabels: ['a'] },
      'dockerLabels of container "app" is a list; write a mapping of names and values',
    ],
    [
      { ulimits: [{ name: 'nofile', softLimit: 1 }] },
      'hardLimit of ulimits[0] of container "app" is missing; ECS does not do without it',
    ],
  ])('is named with what to write: %j', (container, message) => {
    const errors = findings(one(container)).filter(({ severity }) => severity === 'error');
    expect(errors.map((finding) => finding.message)).toEqual([message]);
  });
});

describe('images', () => {
  const warned = (image: string) => said(one({ image })).length;

  it.each([
    'nginx',
    'nginx:latest',
    'registry.example.com:5000/nginx',
    'nginx:1.27',
    'app:main',
    'app:v2',
    'node:20-alpine',
  ])('%s may become another one', (image) => {
    expect(warned(image)).toBe(1);
  });

  it.each([
    DIGEST,
    `registry.example.com:5000/${DIGEST}`,
    'nginx:1.27.3',
    'app:v1.2.3-rc.1',
    'app:0d1e2f3',
    'app:sha-9fceb02a7c3b4d5e',
    'app:20250114-1',
    'app:build-10482',
  ])('%s stays what it is, at least by custom', (image) => {
    expect(warned(image)).toBe(0);
  });

  it('need a digest when one is required, in every container', () => {
    const definition = one({ image: DIGEST });
    const containerDefinitions = [
      ...definition.containerDefinitions,
      { name: 'b', image: 'b:1.0.0', memory: 64 },
    ];
    expect(said(definition, true)).toEqual([]);
    expect(said({ ...definition, containerDefinitions }, true)).toEqual([
      'error containerDefinitions.1.image: the image of container "b" is "b:1.0.0", without a digest; give repository@sha256:...',
    ]);
  });

  it('tell when a part of them was masked', () => {
    expect(said(one({ image: '***.dkr.ecr.eu-west-1.amazonaws.com/app:1.0.0' }))).toEqual([
      `error ${APP}.image: the image of container "app" is "***.dkr.ecr.eu-west-1.amazonaws.com/app:1.0.0", which is not the name of an image; a value was masked on its way here (***)`,
    ]);
  });
});

describe('variables', () => {
  const environment = (name: string, value: string) => said(one({ environment: [{ name, value }] }));

  it.each([
    ['DB_PASSWORD', 'x9!'],
    ['API_KEY', 'abc'],
    ['githubToken', 'abc'],
    ['JWT_SECRET', 'abc'],
    ['AWS_SECRET_ACCESS_KEY', 'abc'],
    ['DATABASE_URL', 'postgres://app:pw@db/app'],
  ])('%s belongs into secrets', (name, value) => {
    const lines = environment(name, value);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('keep it in Secrets Manager or SSM and name it in secrets');
  });

  it.each([
    ['TOKEN_TTL', '3600'],
    ['PASSWORD_FILE', '/run/secrets/db'],
    ['DB_PASSWORD', ''],
    ['USE_TOKEN', 'true'],
    ['MAX_TOKEN', '4096'],
    ['SECRET', 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-AbCdEf'],
    ['CACHE_KEY', 'users'],
    ['PWD', '/app'],
    ['DATABASE_URL', 'postgres://db/app'],
    ['MONKEY', 'banana'],
  ])('%s=%s is no secret', (name, value) => {
    expect(environment(name, value)).toEqual([]);
  });

  it('that stand twice are warned about, for ECS takes them', () => {
    const list = [
      { name: 'A', value: '1' },
      { name: 'A', value: '2' },
    ];
    expect(said(one({ environment: list }))).toEqual([
      `warning ${APP}.environment.1: A stands twice in environment of container "app", and only one of them counts; keep one`,
    ]);
  });
});

describe('references to secrets', () => {
  const reference = (valueFrom: string) =>
    findings(one({ secrets: [{ name: 'TOKEN', valueFrom }] })).map(({ message }) => message);

  it.each([
    'token',
    '/prod/app/token',
    'arn:aws:ssm:eu-west-1:123456789012:parameter/prod/app/token',
    'arn:aws:ssm:eu-west-1:123456789012:parameter/token:3',
    'arn:aws-cn:ssm:cn-north-1:123456789012:parameter/token',
    'arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/app-AbCdEf',
    'arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/app-AbCdEf:password::',
    'arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:app-AbCdEf:password:AWSPREVIOUS:',
    'arn:aws-iso-b:secretsmanager:us-isob-east-1:123456789012:secret:app-AbCdEf:::9d4cb84b-ad69-40c0-a0ab-cead36b967e8',
    'arn:aws-eusc:secretsmanager:eusc-de-east-1:123456789012:secret:app-AbCdEf',
  ])('%s is one', (valueFrom) => {
    expect(reference(valueFrom)).toEqual([]);
  });

  it.each([
    ['', /is empty/],
    ['two words', /holds blanks/],
    ['abc$%', /neither an ARN nor a name/],
    ['arn:aws:s3:::bucket/key', /not one of Secrets Manager or SSM/],
    ['arn:aws:ssm:eu-west-1:ACCOUNT:parameter/token', /without an account of 12 digits/],
    ['arn:aws:ssm:eu-west-1:***:parameter/token', /was masked/],
    ['arn:aws:ssm:REGION:123456789012:parameter/token', /without a region/],
    ['arn:aws:ssm:eu-west-1:123456789012:token', /ends in :parameter\/NAME/],
    ['arn:aws:secretsmanager:eu-west-1:123456789012:parameter/token', /ends in :secret:NAME-xxxxxx/],
    ['arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-??????', /ends in :secret:NAME-xxxxxx/],
    [
      'arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-AbCdEf:password',
      /write :secret:NAME-xxxxxx:KEY::/,
    ],
    ['arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-AbCdEf:password:', /with all its colons/],
    ['arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-AbCdEf:a:b:c', /takes one of them/],
  ])('%j is none', (valueFrom, problem) => {
    expect(reference(valueFrom)).toEqual([expect.stringMatching(problem)]);
  });
});

describe('health checks', () => {
  const port = { portMappings: [{ containerPort: 80 }] };

  it('are missed where an essential container has a port, and only there', () => {
    expect(said(one(port))).toHaveLength(1);
    expect(said(one({ ...port, healthCheck: { command: ['CMD', 'true'] } }))).toEqual([]);
    const sidecar = { name: 'b', image: 'b:1.0.0', memory: 64, essential: false, ...port };
    const definition = one({});
    expect(
      said({ ...definition, containerDefinitions: [...definition.containerDefinitions, sidecar] }),
    ).toEqual([]);
  });

  it.each([
    [['curl', 'localhost'], /begins with neither "CMD" nor "CMD-SHELL"/],
    [['CMD-SHELL', 'curl', 'localhost'], /several items after "CMD-SHELL"/],
  ])('with the command %j are warned about, for ECS takes them', (command, warning) => {
    expect(findings(one({ healthCheck: { command } }))).toMatchObject([
      { severity: 'warning', message: expect.stringMatching(warning) },
    ]);
  });
});

describe('what is unwise but taken', () => {
  it.each([
    [
      'a log option that is misspelt',
      one({ logConfiguration: { ...LOGS, options: { ...LOGS.options, 'awslogs-creat-group': 'true' } } }),
      /did you mean "awslogs-create-group"/,
    ],
    [
      'a log router that logs into itself',
      one({ firelensConfiguration: { type: 'fluentbit' }, logConfiguration: { logDriver: 'awsfirelens' } }),
      /is the log router/,
    ],
    [
      'a proxy without a network of its own',
      one({}, { proxyConfiguration: { containerName: 'app' } }),
      /needs networkMode "awsvpc", not "bridge"/,
    ],
    ['less memory than Docker reserves', one({ memory: 4 }), /Docker reserves 6 MiB/],
    [
      'one port of a task twice',
      one(
        {
          portMappings: [{ containerPort: 80 }, { containerPort: 80 }],
          healthCheck: { command: ['CMD', 'x'] },
        },
        { networkMode: 'awsvpc' },
      ),
      /TCP port 80 of container "app" is mapped already/,
    ],
  ])('%s', (_, definition, message) => {
    expect(findings(definition)).toMatchObject([
      { severity: 'warning', message: expect.stringMatching(message) },
    ]);
  });

  it('is not found in the definitions that the faults are put into', () => {
    for (const base of BASES) {
      expect(findings(base).filter(({ severity }) => severity === 'error')).toEqual([]);
    }
  });
});
